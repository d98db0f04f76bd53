"""OpenAI chat over real sockets: the request as it goes out, and every answer that a host may give."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import pytest

from make import a_model, a_request
from providers.loopback import DONE, SSE_HEAD, Loopback, Step, Then, answer, chunked, completion, event, head, serving
from weighbridge.domain.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderMalformedError,
    ProviderOverloadedError,
    ProviderRateLimitedError,
    ProviderRejectedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from weighbridge.domain.policy import Host
from weighbridge.domain.request import Request
from weighbridge.domain.response import Delta, FinishReason, Response
from weighbridge.domain.secret import Secret
from weighbridge.domain.usage import Usage
from weighbridge.providers.clock import ManualClock
from weighbridge.providers.hosts import HostCalls

NOW = 1_800_000_000.0
STREAM = a_request(is_stream=True)


@pytest.fixture
async def calls() -> AsyncIterator[HostCalls]:
    calls = HostCalls(ManualClock(NOW))
    yield calls
    await calls.close()


def at(server: Loopback) -> Host:
    secret = Secret("${env:KEY}", "sk-secret")
    return Host("h", provider="p", dialect="openai_chat", base_url=server.url, credential=secret)


async def ask(calls: HostCalls, server: Loopback, request: Request | None = None) -> Response:
    return await calls.call(at(server), a_model(upstream_name="m-1"), request or a_request(), 5)


async def listen(calls: HostCalls, server: Loopback) -> list[Delta]:
    return [delta async for delta in calls.stream(at(server), a_model(upstream_name="m-1"), STREAM, 5)]


async def test_a_call_goes_out_in_the_dialect_with_its_credential(calls: HostCalls) -> None:
    async with serving([answer(completion())]) as server:
        await ask(calls, server, a_request("hello", max_output_tokens=7))
    (request,) = server.received
    assert request.line == "POST /v1/chat/completions HTTP/1.1"
    body = {"model": "m-1", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 7}
    assert json.loads(request.body) == body
    wanted = {"authorization": "Bearer sk-secret", "content-type": "application/json", "accept": "application/json"}
    assert wanted.items() <= request.headers.items()
    assert request.headers["user-agent"].startswith("weighbridge/")


async def test_a_host_without_a_credential_gets_none(calls: HostCalls) -> None:
    async with serving([answer(completion())]) as server:
        host = Host("h", provider="p", dialect="openai_chat", base_url=f"{server.url}/?api-version=2")
        await calls.call(host, a_model(), a_request(), 5)
    assert server.received[0].line == "POST /v1/chat/completions?api-version=2 HTTP/1.1"
    assert "authorization" not in server.received[0].headers


async def test_a_whole_answer_is_read(calls: HostCalls) -> None:
    async with serving([answer(completion("legal"))]) as server:
        response = await ask(calls, server)
    assert (response.text, response.model, response.usage) == ("legal", "m-1", Usage(12, 1))


PAGE = b"<html>The prompt was: my password is hunter2</html>"
REFUSALS: dict[str, tuple[bytes, type[ProviderError]]] = {
    "a bad request": (answer(b'{"error":{"message":"hunter2"}}', "400 Bad Request"), ProviderRejectedError),
    "a bad key": (answer(b"{}", "401 Unauthorized"), ProviderAuthError),
    "too many requests": (answer(b"{}", "429 Too Many Requests"), ProviderRateLimitedError),
    "a fault": (answer(b"{}", "500 Internal Server Error"), ProviderUnavailableError),
    "a proxy's page": (answer(PAGE, "502 Bad Gateway", content_type="text/html"), ProviderUnavailableError),
    "overload": (answer(b"", "503 Service Unavailable"), ProviderOverloadedError),
    "a gateway's timeout": (answer(PAGE, "504 Gateway Timeout"), ProviderTimeoutError),
    "a redirect": (answer(b"", "302 Found", location="http://127.0.0.1:1/"), ProviderRejectedError),
    "a page instead of an answer": (answer(PAGE, content_type="text/html"), ProviderMalformedError),
    "half an answer": (answer(completion()[:-5]), ProviderMalformedError),
    "an error inside a success": (answer(b'{"error":{"message":"hunter2"}}'), ProviderUnavailableError),
}


@pytest.mark.parametrize(("reply", "kind"), REFUSALS.values(), ids=REFUSALS)
async def test_what_is_no_answer_is_the_error_it_means(
    calls: HostCalls, reply: bytes, kind: type[ProviderError]
) -> None:
    async with serving([reply]) as server:
        with pytest.raises(kind) as whole:
            await ask(calls, server)
        with pytest.raises(kind) as streamed:
            await listen(calls, server)
    for error in (whole.value, streamed.value):
        assert type(error) is kind
        assert not any(secret in str(error) for secret in ("hunter2", "sk-secret", "html"))


async def test_an_error_answer_keeps_the_connection(calls: HostCalls) -> None:
    async with serving([answer(b"{}", "429 Too Many Requests")]) as server:
        for _ in range(3):
            with pytest.raises(ProviderRateLimitedError):
                await listen(calls, server)
    assert server.connections == 1


HINTS = {
    "seconds": ({"retry-after": "7"}, 7.0),
    "a date": ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0),
    "milliseconds beside seconds": ({"retry-after": "2", "retry-after-ms": "1500"}, 1.5),
    "nonsense in milliseconds": ({"retry-after": "2", "retry-after-ms": "soon"}, 2.0),
    "nothing": ({}, None),
}


@pytest.mark.parametrize(("headers", "wait_s"), HINTS.values(), ids=HINTS)
async def test_how_long_to_wait_is_taken_from_the_headers(
    calls: HostCalls, headers: dict[str, str], wait_s: float | None
) -> None:
    async with serving([answer(b"{}", "429 Too Many Requests", **headers)]) as server:
        with pytest.raises(ProviderRateLimitedError) as caught:
            await ask(calls, server)
    assert caught.value.retry_after_s == wait_s


STREAMED = event("in") + event("voice") + event(finish_reason="stop")
USAGE = event(choices=[], usage={"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11})
WAYS: dict[str, Sequence[Step]] = {
    "at once": [SSE_HEAD + chunked(STREAMED + USAGE + DONE)],
    "event by event": [
        SSE_HEAD,
        *[chunked(part, ends=False) for part in (event("in"), event("voice"))],
        chunked(event(finish_reason="stop") + USAGE + DONE),
    ],
    "cut every 7 bytes": [
        SSE_HEAD + chunked(*[(STREAMED + USAGE + DONE)[at : at + 7] for at in range(0, 800, 7)][:-1])
    ],
    "with CRLF and comments": [
        SSE_HEAD + chunked(b": hi\r\n\r\ndata:\r\n\r\n" + (STREAMED + USAGE + DONE).replace(b"\n", b"\r\n"))
    ],
    "until the connection ends": [head(content_type="text/event-stream; charset=utf-8") + STREAMED + USAGE, Then.CLOSE],
    "without a content type": [head(transfer_encoding="chunked") + chunked(STREAMED + USAGE + DONE)],
}


@pytest.mark.parametrize("steps", WAYS.values(), ids=WAYS)
async def test_a_stream_is_read_however_it_comes(calls: HostCalls, steps: Sequence[Step]) -> None:
    async with serving(steps) as server:
        deltas = await listen(calls, server)
    assert "".join(delta.text for delta in deltas) == "invoice"
    assert [delta.finish_reason for delta in deltas] == [None, None, FinishReason.STOP, None]
    assert deltas[-1].usage == Usage(9, 2)
    assert server.received[0].headers["accept"] == "text/event-stream"


BREAKS: dict[str, tuple[Sequence[Step], type[ProviderError]]] = {
    "without content": ([head("204 No Content")], ProviderUnavailableError),
    "before any event": ([SSE_HEAD, Then.CLOSE], ProviderUnavailableError),
    "in an event": ([SSE_HEAD, chunked(event("in")[:-9], ends=False), Then.RESET], ProviderUnavailableError),
    "politely, without an end": ([SSE_HEAD + chunked(event("in"))], ProviderUnavailableError),
    "an error event": (
        [SSE_HEAD + chunked(event("in") + b'data: {"error": {"code": 503}}\n\n')],
        ProviderUnavailableError,
    ),
    "an event that is not JSON": ([SSE_HEAD + chunked(b"data: {oops\n\n")], ProviderMalformedError),
    "an endless event": (
        [SSE_HEAD, chunked(b"data: " + b"x" * 99_999, ends=False), Then.FLOOD],
        ProviderMalformedError,
    ),
    "a whole answer instead": ([answer(completion())], ProviderMalformedError),
}


@pytest.mark.parametrize(("steps", "kind"), BREAKS.values(), ids=BREAKS)
async def test_a_stream_that_breaks_is_an_error_that_may_have_cost(
    calls: HostCalls, steps: Sequence[Step], kind: type[ProviderError]
) -> None:
    async with serving(steps) as server:
        with pytest.raises(kind) as caught:
            await listen(calls, server)
    assert caught.value.may_have_cost


async def test_closing_a_stream_hangs_up(calls: HostCalls) -> None:
    async with serving([SSE_HEAD, chunked(event("in"), ends=False), Then.HANG]) as server:
        stream = calls.stream(at(server), a_model(), STREAM, 60)
        assert (await anext(stream)).text == "in"
        await stream.aclose()
        async with asyncio.timeout(1):
            await server.hung_up.wait()


async def test_a_stream_that_was_done_leaves_its_connection_for_the_next(calls: HostCalls) -> None:
    async with serving([SSE_HEAD + chunked(STREAMED + DONE)]) as server:
        for _ in range(3):
            await listen(calls, server)
    assert server.connections == 1


async def test_text_that_no_json_can_hold_is_rejected_unsent(calls: HostCalls) -> None:
    async with serving([answer(completion())]) as server:
        with pytest.raises(ProviderRejectedError) as caught:
            await ask(calls, server, a_request("half a pair \ud800"))
    assert not caught.value.may_have_cost
    assert server.connections == 0
