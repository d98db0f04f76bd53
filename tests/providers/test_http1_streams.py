"""Answers read while they come: pace, hanging up, and what is left of the connection."""

import asyncio

import pytest

from providers.loopback import Loopback, Then, answer, chunked, head, serving
from weighbridge.domain.errors import ProviderTimeoutError, ProviderUnavailableError
from weighbridge.providers.http1 import HttpClient
from weighbridge.providers.http1_answer import HttpLimits
from weighbridge.providers.transport import HttpCall

HEAD = head(content_type="text/event-stream", transfer_encoding="chunked")


def call(server: Loopback) -> HttpCall:
    return HttpCall.post(server.url, b"{}")


async def read(client: HttpClient, server: Loopback, timeout_s: float = 5) -> bytes:
    async with client.open(call(server), timeout_s) as stream:
        return b"".join([block async for block in stream.blocks])


async def read_twice(client: HttpClient, server: Loopback) -> None:
    async with client.open(call(server), 5) as stream:
        assert await anext(stream.blocks) == b"one"
        await anext(stream.blocks)


async def test_blocks_come_as_they_are_sent() -> None:
    client = HttpClient()
    async with serving([HEAD, chunked(b"one", ends=False), 0.05, chunked(b"two")]) as server:
        async with client.open(call(server), 5) as stream:
            assert (stream.status, stream.media_type) == (200, "text/event-stream")
            assert [block async for block in stream.blocks] == [b"one", b"two"]
        await client.close()


async def test_the_head_comes_before_any_body() -> None:
    client = HttpClient()
    async with serving([HEAD, Then.HANG]) as server:
        async with client.open(call(server), 5) as stream:
            assert stream.status == 200
        await client.close()


async def test_a_stream_read_to_its_end_leaves_a_clean_connection() -> None:
    client = HttpClient()
    async with serving([HEAD, chunked(b"one")]) as server:
        assert [await read(client, server) for _ in range(3)] == [b"one"] * 3
        await client.close()
    assert server.connections == 1


async def test_the_end_that_follows_the_last_event_is_awaited_in_the_background() -> None:
    client = HttpClient()
    async with serving([HEAD, chunked(b"one", ends=False), 0.05, b"0\r\n\r\n"]) as server:
        for _ in range(2):
            async with client.open(call(server), 5) as stream:
                await anext(stream.blocks)
            await asyncio.sleep(0.1)
        await client.close()
    assert server.lines == [1, 1]


async def test_a_tail_that_does_not_end_soon_is_dropped() -> None:
    client = HttpClient(HttpLimits(body_bytes=1 << 40))
    async with serving([HEAD, chunked(b"x" * 40_000, ends=False), 0.05, Then.FLOOD]) as server:
        async with client.open(call(server), 60) as stream:
            await anext(stream.blocks)
        await asyncio.wait_for(server.hung_up.wait(), 0.5)
        await client.close()


async def test_a_tail_of_silence_is_dropped() -> None:
    client = HttpClient()
    async with serving([HEAD, chunked(b"one", ends=False), Then.HANG]) as server:
        async with client.open(call(server), 60) as stream:
            await anext(stream.blocks)
        await asyncio.wait_for(server.hung_up.wait(), 3)
        await client.close()


async def test_an_error_while_reading_hangs_up_at_once() -> None:
    client = HttpClient()
    async with serving([HEAD, chunked(b"one", ends=False), Then.HANG]) as server:
        with pytest.raises(RuntimeError, match="reader"):
            async with client.open(call(server), 60):
                raise RuntimeError("the reader had a problem")
        await asyncio.wait_for(server.hung_up.wait(), 0.5)
        await client.close()


async def test_a_slow_reader_slows_the_provider_down() -> None:
    client = HttpClient(HttpLimits(body_bytes=1 << 30))
    async with serving([HEAD, chunked(b"x" * 65_536, ends=False), Then.FLOOD]) as server:
        async with client.open(call(server), 60) as stream:
            await asyncio.sleep(0.5)
            before = server.sent
            await asyncio.sleep(0.3)
            assert server.sent == before
            for _ in range(40):
                await anext(stream.blocks)
            assert server.sent > before
        await asyncio.wait_for(server.hung_up.wait(), 5)
        await client.close()


async def test_a_reader_s_own_pause_is_not_the_provider_s_silence() -> None:
    client = HttpClient(HttpLimits(silence_s=0.1))
    async with serving([HEAD, chunked(b"x" * 400_000, ends=False), 0.05, chunked(b"end")]) as server:
        async with client.open(call(server), 60) as stream:
            await asyncio.sleep(0.4)
            size = sum([len(block) async for block in stream.blocks])
        await client.close()
    assert size == 400_003


async def test_silence_between_blocks_is_a_timeout() -> None:
    client = HttpClient(HttpLimits(silence_s=0.1))
    async with serving([HEAD, chunked(b"one", ends=False), Then.HANG]) as server:
        with pytest.raises(ProviderTimeoutError, match="sent nothing"):
            await read(client, server)
        await client.close()


async def test_the_deadline_covers_the_whole_stream() -> None:
    client = HttpClient()
    async with serving([HEAD, chunked(b"x", ends=False), 0.01, Then.FLOOD]) as server:
        with pytest.raises(ProviderTimeoutError, match="did not answer within"):
            await read(client, server, timeout_s=0.2)
        await client.close()


async def test_what_came_before_the_break_is_given_before_the_error() -> None:
    client = HttpClient()
    async with serving([HEAD, chunked(b"one", ends=False), Then.CLOSE]) as server:
        with pytest.raises(ProviderUnavailableError, match="in the middle"):
            await read_twice(client, server)
        await client.close()


async def test_an_endless_stream_flows_until_its_time_is_over() -> None:
    client, sizes = HttpClient(HttpLimits(body_bytes=100_000)), list[int]()

    async def listen() -> None:
        async with client.open(call(server), 0.5) as stream:
            async for block in stream.blocks:
                sizes.append(len(block))

    async with serving([HEAD, chunked(b"x" * 1000, ends=False), Then.FLOOD]) as server:
        with pytest.raises(ProviderTimeoutError):
            await listen()
        await client.close()
    assert sum(sizes) > 100_000


async def test_an_error_answer_can_be_read_as_a_stream() -> None:
    client = HttpClient()
    async with serving([answer(b"slow down", "429 Too Many Requests")]) as server:
        async with client.open(call(server), 5) as stream:
            assert (stream.status, [block async for block in stream.blocks]) == (429, [b"slow down"])
        assert await read(client, server) == b"slow down"
        await client.close()
    assert server.lines == [1, 1]
