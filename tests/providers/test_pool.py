"""Which connections are used again, and what happens when there are too few."""

import asyncio
import ssl

import pytest

from providers.loopback import Loopback, Step, Then, answer, chunked, head, serving
from weighbridge.domain.errors import HostBusyError, ProviderUnavailableError
from weighbridge.providers.http1 import HttpClient
from weighbridge.providers.http1_answer import HttpLimits
from weighbridge.providers.pool import Pool
from weighbridge.providers.transport import HttpAnswer, HttpCall, split_url

OK = answer(b"{}")


async def ask(client: HttpClient, server: Loopback) -> HttpAnswer:
    return await client.send(HttpCall.post(server.url, b"{}"), 5)


async def ask_in_turn(
    *answers: list[Step], times: int = 2, limits: HttpLimits | None = None, pause_s: float = 0.05
) -> list[int]:
    """The connection that served each of several calls."""
    client = HttpClient(limits or HttpLimits())
    async with serving(*answers) as server:
        for _ in range(times):
            await ask(client, server)
            await asyncio.sleep(pause_s)
        await client.close()
    return server.lines


async def test_a_clean_connection_serves_again() -> None:
    assert await ask_in_turn([OK], times=3) == [1, 1, 1]


UNFIT: dict[str, list[Step]] = {
    "asked to close": [answer(b"{}", connection="close"), Then.HANG],
    "HTTP/1.0": [b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}", Then.HANG],
    "unasked bytes behind the answer": [OK + b"more", Then.HANG],
    "a second answer behind the first": [OK + OK],
    "unasked bytes later": [OK, 0.02, b"HTTP/1.1 408 Request Timeout\r\n\r\n", Then.HANG],
    "closed while idle": [OK, Then.CLOSE],
}


@pytest.mark.parametrize("steps", UNFIT.values(), ids=UNFIT)
async def test_an_unclean_connection_does_not_serve_again(steps: list[Step]) -> None:
    assert await ask_in_turn(steps) == [1, 2]


async def test_an_old_connection_is_not_trusted() -> None:
    assert await ask_in_turn([OK], limits=HttpLimits(idle_s=0.02)) == [1, 2]


async def test_a_kept_connection_that_proves_dead_is_replaced_once() -> None:
    assert await ask_in_turn([OK], [Then.RESET], [OK]) == [1, 1, 2]


async def test_the_replacement_is_a_new_connection_and_no_other_kept_one() -> None:
    client = HttpClient()
    async with serving([0.05, OK], [0.05, OK], [Then.RESET], [OK]) as server:
        await asyncio.gather(ask(client, server), ask(client, server))
        await ask(client, server)
        await client.close()
    assert server.lines[-1] == 3


async def test_a_second_dead_connection_is_an_error() -> None:
    client = HttpClient()
    async with serving([OK], [Then.CLOSE], [Then.CLOSE], [OK]) as server:
        await ask(client, server)
        with pytest.raises(ProviderUnavailableError, match="before it answered"):
            await ask(client, server)
        await client.close()
    assert server.lines == [1, 1, 2]


REALLY_FAILED: dict[str, list[Step]] = {
    "a byte had come": [b"H", Then.CLOSE],
    "the peer had time to work on it": [1.1, Then.CLOSE],
}


@pytest.mark.parametrize("steps", REALLY_FAILED.values(), ids=REALLY_FAILED)
async def test_a_request_that_may_have_been_read_is_not_sent_again(steps: list[Step]) -> None:
    client = HttpClient()
    async with serving([OK], steps, [OK]) as server:
        await ask(client, server)
        with pytest.raises(ProviderUnavailableError):
            await ask(client, server)
        await client.close()
    assert server.lines == [1, 1]


async def test_calls_beyond_the_limit_wait_in_line() -> None:
    client = HttpClient(HttpLimits(connections=2))
    async with serving([0.02, OK]) as server:
        replies = await asyncio.gather(*[ask(client, server) for _ in range(12)])
        await client.close()
    assert {reply.status for reply in replies} == {200}
    assert server.connections == 2


async def test_a_wait_that_takes_too_long_is_an_error_that_costs_nothing() -> None:
    client = HttpClient(HttpLimits(connections=1, wait_s=0.05))
    async with serving([0.5, OK]) as server:
        first = asyncio.create_task(ask(client, server))
        await asyncio.sleep(0.02)
        with pytest.raises(HostBusyError, match="All 1 connections") as caught:
            await ask(client, server)
        assert (await first).status == 200
        await client.close()
    assert not caught.value.may_have_cost


async def test_a_place_in_line_is_not_lost_when_its_holder_is_cancelled() -> None:
    client = HttpClient(HttpLimits(connections=1))
    async with serving([0.05, OK]) as server:
        calls = [asyncio.create_task(ask(client, server)) for _ in range(4)]
        await asyncio.sleep(0.02)
        calls[1].cancel()
        replies = await asyncio.gather(*calls, return_exceptions=True)
        await client.close()
    assert [isinstance(reply, HttpAnswer) for reply in replies] == [True, False, True, True]


async def test_a_connection_handed_to_a_caller_who_just_left_goes_to_the_next() -> None:
    async with serving([OK]) as server:
        pool = Pool(split_url(server.url)[0], HttpLimits(connections=1), ssl.create_default_context)
        deadline = asyncio.get_running_loop().time() + 5
        connection = await pool.acquire(deadline)
        waiting = [asyncio.create_task(pool.acquire(deadline)) for _ in range(2)]
        await asyncio.sleep(0.01)
        pool.release(connection)
        waiting[0].cancel()
        async with asyncio.timeout(1):
            assert await waiting[1] is not connection
        pool.close()


async def test_a_failed_connection_gives_its_place_to_the_next_in_line() -> None:
    client = HttpClient(HttpLimits(connections=1))
    async with serving([head(transfer_encoding="chunked") + b"zz"], [OK]) as server:
        replies = await asyncio.gather(*[ask(client, server) for _ in range(3)], return_exceptions=True)
        await client.close()
    assert [isinstance(reply, HttpAnswer) for reply in replies] == [False, True, True]


async def test_a_connection_that_cannot_be_opened_lets_the_next_in_line_try() -> None:
    client = HttpClient(HttpLimits(connections=1))
    async with serving([OK]) as server:
        pass
    async with asyncio.timeout(2):
        replies = await asyncio.gather(*[ask(client, server) for _ in range(4)], return_exceptions=True)
    assert ["cannot be reached" in str(reply) for reply in replies] == [True] * 4


async def test_the_connections_of_a_burst_are_let_go() -> None:
    client = HttpClient(HttpLimits(idle_s=0.2))
    async with serving([0.05, OK], [0.05, OK], [0.05, OK], [OK]) as server:
        await asyncio.gather(*[ask(client, server) for _ in range(3)])
        for _ in range(8):
            await ask(client, server)
            await asyncio.sleep(0.05)
        assert server.hung_up.is_set()
        await client.close()
    assert server.connections == 3


async def test_each_origin_has_connections_of_its_own() -> None:
    client = HttpClient(HttpLimits(connections=1))
    async with serving([OK]) as one, serving([OK]) as other:
        await ask(client, one)
        await ask(client, other)
        await client.close()
    assert (one.lines, other.lines) == ([1], [1])


async def test_closing_the_client_ends_calls_in_progress() -> None:
    client = HttpClient()
    async with serving([Then.HANG]) as server:
        call = asyncio.create_task(ask(client, server))
        await asyncio.sleep(0.05)
        await client.close()
        with pytest.raises(ProviderUnavailableError, match="given up"):
            await call
        await asyncio.wait_for(server.hung_up.wait(), 2)


async def test_many_calls_at_once_never_mix_their_answers() -> None:
    client = HttpClient(HttpLimits(connections=8))
    answers: list[list[Step]] = [[head(transfer_encoding="chunked"), chunked(b"%d" % n)] for n in range(200)]
    async with serving(*answers) as server:
        replies = await asyncio.gather(*[ask(client, server) for _ in range(200)])
        await client.close()
    assert sorted(int(reply.body) for reply in replies) == list(range(200))
    assert server.connections <= 8
