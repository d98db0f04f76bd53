"""A host's limits over real sockets: credentials in turn, calls at once, patience inside a stream."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from make import a_model, a_request
from providers.loopback import SSE_HEAD, Loopback, Then, answer, chunked, completion, event, serving
from weighbridge.domain.errors import (
    HostBusyError,
    HostUnreachableError,
    ProviderAuthError,
    ProviderRateLimitedError,
    ProviderTimeoutError,
)
from weighbridge.domain.policy import Host, PortfolioModel
from weighbridge.domain.secret import Secret
from weighbridge.providers.clock import SystemClock
from weighbridge.providers.hosts import HostCalls

UNAUTHORIZED = answer(b"", "401 Unauthorized")
MODEL = a_model()


@pytest.fixture
async def calls() -> AsyncIterator[HostCalls]:
    calls = HostCalls(SystemClock())
    yield calls
    await calls.close()


def at(server: Loopback, **changes: Any) -> Host:
    keys = [Secret(f"${{env:{name}}}", name) for name in ("first", "second")]
    host = Host("h", provider="p", dialect="openai_chat", base_url=server.url, credential=keys[0])
    return replace(host, more_credentials=(keys[1],), **changes)


def shown(server: Loopback) -> list[str]:
    return [request.headers["authorization"].removeprefix("Bearer ") for request in server.received]


async def test_credentials_take_turns(calls: HostCalls) -> None:
    async with serving([answer(completion())]) as server:
        host = at(server)
        for _ in range(3):
            await calls.call(host, MODEL, a_request(), 5)
    assert shown(server) == ["first", "second", "first"]


async def test_a_refused_credential_rests_and_the_other_serves(calls: HostCalls) -> None:
    async with serving([UNAUTHORIZED], [answer(completion())]) as server:
        host = at(server)
        with pytest.raises(ProviderAuthError) as caught:
            await calls.call(host, MODEL, a_request(), 5)
        for _ in range(3):
            await calls.call(host, MODEL, a_request(), 5)
    assert caught.value.can_switch_credential
    assert shown(server) == ["first", "second", "second", "second"]


async def test_a_hint_in_any_form_reaches_the_ladder(calls: HostCalls) -> None:
    limited = answer(b"", "429 Too Many Requests", x_ratelimit_remaining_tokens="0", x_ratelimit_reset_tokens="6m0s")
    async with serving([limited]) as server:
        with pytest.raises(ProviderRateLimitedError) as caught:
            await calls.call(replace(at(server), more_credentials=()), MODEL, a_request(), 5)
    assert caught.value.retry_after_s == 360.0


async def test_more_calls_than_a_host_takes_wait_in_line_or_are_refused(calls: HostCalls) -> None:
    async with serving([0.1, answer(completion())]) as server:
        host = at(server, max_concurrent=1, max_queued=1)
        tasks = [asyncio.create_task(calls.call(host, MODEL, a_request(), 5)) for _ in range(3)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result).__name__ for result in results] == ["Response", "Response", "HostBusyError"]
    assert isinstance(results[2], HostBusyError)
    assert not results[2].may_have_cost


async def test_a_host_that_cannot_be_reached_is_the_hosts_own_fault(calls: HostCalls) -> None:
    host = Host("h", provider="p", dialect="openai_chat", base_url="http://127.0.0.1:1/v1")
    with pytest.raises(HostUnreachableError):
        await calls.call(host, MODEL, a_request(), 5)


async def listened(calls: HostCalls, server: Loopback, model: PortfolioModel) -> str:
    text = ""
    async for delta in calls.stream(at(server), model, a_request(is_stream=True), 5):
        text += delta.text
    return text


async def test_a_stream_without_content_in_its_time_is_given_up(calls: HostCalls) -> None:
    begun = chunked(event(""), ends=False)
    async with serving([SSE_HEAD, begun, Then.HANG]) as server:
        with pytest.raises(ProviderTimeoutError, match="no content in its time"):
            await listened(calls, server, a_model(first_token_timeout_s=0.05))
        await asyncio.wait_for(server.hung_up.wait(), 1)


async def test_a_whole_answer_that_does_not_come_in_the_models_time_is_given_up(calls: HostCalls) -> None:
    async with serving([Then.HANG]) as server:
        with pytest.raises(ProviderTimeoutError):
            await calls.call(at(server), a_model(timeout_s=0.05), a_request(), 5)
        await asyncio.wait_for(server.hung_up.wait(), 1)


async def test_a_stream_that_falls_silent_is_given_up(calls: HostCalls) -> None:
    word = chunked(event("hi"), ends=False)
    async with serving([SSE_HEAD, word, Then.HANG]) as server:
        with pytest.raises(ProviderTimeoutError, match="fell silent") as caught:
            await listened(calls, server, a_model(first_token_timeout_s=2, idle_timeout_s=0.05))
    assert caught.value.may_have_cost


async def test_a_place_at_the_host_is_free_again_after_a_stream_was_left(calls: HostCalls) -> None:
    word = chunked(event("hi"), ends=False)
    async with serving([SSE_HEAD, word, Then.HANG]) as server:
        host = at(server, max_concurrent=1, max_queued=0)
        for _ in range(3):
            stream = calls.stream(host, MODEL, a_request(is_stream=True), 5)
            await anext(stream)
            await stream.aclose()
