"""Embeddings, both ways: texts in, vectors out, whatever encoding the host or the caller likes."""

import base64
import json
import struct

import pytest

from make import a_model
from weighbridge.dialects.openai_embeddings.request import MOST_TEXTS, parse_request, render_request
from weighbridge.dialects.openai_embeddings.response import pack, parse_response, render_response, unpack
from weighbridge.domain.errors import (
    EmptyInputError,
    InvalidFieldError,
    ProviderMalformedError,
    ProviderRateLimitedError,
)
from weighbridge.domain.levels import Capability
from weighbridge.domain.request import EmbeddingWish, Role, say
from weighbridge.domain.usage import Usage

ONE, TWO = [0.5, -1.0], [0.25, 2.0]


def call(**fields: object) -> bytes:
    return json.dumps({"model": "task/find", "input": "one", **fields}).encode()


def vectors(*rows: object, **fields: object) -> bytes:
    data = [{"object": "embedding", "index": at, "embedding": row} for at, row in enumerate(rows)]
    return json.dumps({"object": "list", "data": data, "model": "e-1", "usage": {"prompt_tokens": 3}} | fields).encode()


def test_each_text_is_a_message_and_the_wish_is_kept() -> None:
    asked = parse_request(call(input=["one", "two"], dimensions=8, encoding_format="base64"))
    assert asked.messages == (say(Role.USER, "one"), say(Role.USER, "two"))
    assert asked.embedding == EmbeddingWish(8, is_base64=True)
    assert asked.needs == {Capability.EMBEDDINGS}
    assert parse_request(call()).embedding == EmbeddingWish()


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": 3}, "input"),
        ({"input": [1, 2, 3]}, "input[0]"),
        ({"input": [[1, 2]]}, "input[0]"),
        ({"input": ["a", None]}, "input[1]"),
        ({"input": ["a"] * (MOST_TEXTS + 1)}, "input"),
        ({"encoding_format": "int8"}, "encoding_format"),
        ({"dimensions": 0}, "dimensions"),
        ({"model": ""}, "model"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, object], param: str) -> None:
    with pytest.raises(InvalidFieldError) as raised:
        parse_request(call(**fields))
    assert raised.value.param == param


@pytest.mark.parametrize("value", [[], " ", ["a", " "]])
def test_nothing_to_embed_is_told(value: object) -> None:
    with pytest.raises(EmptyInputError):
        parse_request(call(input=value))


def test_hosts_are_asked_for_base64() -> None:
    sent = json.loads(render_request(parse_request(call(dimensions=8)), a_model(upstream_name="e-1")))
    assert sent == {"model": "e-1", "input": ["one"], "encoding_format": "base64", "dimensions": 8}


@pytest.mark.parametrize("rows", [(ONE, TWO), (pack(ONE), pack(TWO)), (pack(ONE), TWO)])
def test_numbers_and_base64_are_read_alike(rows: tuple[object, object]) -> None:
    found = parse_response(vectors(*rows))
    assert found.vectors is not None
    assert [unpack(vector) for vector in found.vectors] == [ONE, TWO]
    assert (found.model, found.usage) == ("e-1", Usage(3, 0))


def test_base64_is_of_32_bit_floats_little_end_first() -> None:
    assert base64.b64decode(pack(ONE)) == struct.pack("<2f", *ONE)


def test_vectors_are_put_in_the_order_of_the_texts() -> None:
    data = [{"index": 1, "embedding": TWO}, {"index": 0, "embedding": ONE}]
    found = parse_response(json.dumps({"data": data}).encode())
    assert found.vectors == (pack(ONE), pack(TWO))
    assert found.usage is None


@pytest.mark.parametrize(
    "body",
    [
        b"no",
        b"[]",
        b"{}",
        b'{"data": [1]}',
        vectors([]),
        vectors(["x"]),
        vectors("!!"),
        vectors("YWI="),
        vectors([1.0], [1.0, 2.0]),
        b'{"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}]}',
        b'{"data": [{"index": 4, "embedding": [1]}]}',
    ],
)
def test_what_are_no_vectors_is_malformed(body: bytes) -> None:
    with pytest.raises(ProviderMalformedError):
        parse_response(body)


def test_an_error_in_the_answer_is_an_error() -> None:
    with pytest.raises(ProviderRateLimitedError):
        parse_response(b'{"error": {"code": "rate_limit_exceeded"}}')


@pytest.mark.parametrize("is_base64", [False, True])
def test_the_caller_gets_the_encoding_it_asked_for(is_base64: bool) -> None:
    body = render_response(parse_response(vectors(ONE)), model="far", is_base64=is_base64)
    shown = json.loads(body)
    assert shown["data"] == [{"object": "embedding", "index": 0, "embedding": pack(ONE) if is_base64 else ONE}]
    assert (shown["model"], shown["usage"]) == ("far", {"prompt_tokens": 3, "total_tokens": 3})
