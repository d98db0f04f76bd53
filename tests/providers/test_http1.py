"""Whole answers over real sockets: every way a provider may frame, cut, spoil or withhold one."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from providers.loopback import Loopback, Then, answer, chunked, head, serving
from weighbridge.domain.errors import (
    ProviderAuthError,
    ProviderMalformedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from weighbridge.providers.http1 import HttpClient
from weighbridge.providers.http1_answer import HttpLimits
from weighbridge.providers.transport import HttpAnswer, HttpCall

OK = answer(b"{}")


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(HttpLimits(framing_bytes=4096, body_bytes=100_000, silence_s=5))
    yield client
    await client.close()


async def ask(client: HttpClient, server: Loopback, body: bytes = b"{}", timeout_s: float = 5) -> HttpAnswer:
    return await client.send(HttpCall.post(f"{server.url}/x?y=1", body, (("accept", "any"),)), timeout_s)


async def test_a_request_goes_out_as_it_should(client: HttpClient) -> None:
    async with serving([OK]) as server:
        await ask(client, server, b'{"a":1}')
    (request,) = server.received
    assert (request.line, request.body) == ("POST /v1/x?y=1 HTTP/1.1", b'{"a":1}')
    assert request.headers == {"host": f"127.0.0.1:{server.port}", "accept": "any", "content-length": "7"}


FRAMINGS = {
    "with a length": [answer(b"hello")],
    "in chunks": [head(transfer_encoding="chunked") + chunked(b"he", b"llo")],
    "in chunks with extensions and a trailer": [
        head(transfer_encoding="chunked") + b"2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nx-sum: 1\r\n\r\n"
    ],
    "until the connection ends": [head() + b"hel", b"lo", Then.CLOSE],
    "after interim answers": [head("100 Continue"), head("103 Early Hints", link="x") + answer(b"hello")],
    "byte by byte": [bytes([byte]) for byte in head(transfer_encoding="chunked") + chunked(b"hello")],
    "in HTTP/1.0": [b"HTTP/1.0 200 OK\r\n\r\nhello", Then.CLOSE],
}


@pytest.mark.parametrize("steps", FRAMINGS.values(), ids=FRAMINGS)
async def test_a_body_is_read_however_it_is_framed(client: HttpClient, steps: list[bytes]) -> None:
    async with serving(steps) as server:
        reply = await ask(client, server)
    assert (reply.status, reply.body) == (200, b"hello")


async def test_header_names_are_lower_case_and_an_empty_value_is_empty(client: HttpClient) -> None:
    async with serving([b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n"]) as server:
        reply = await ask(client, server)
    assert (reply.status, reply.header(b"retry-after"), reply.header(b"x-empty")) == (429, "7", "")
    assert reply.header(b"absent") is None


async def test_only_the_final_head_gives_headers(client: HttpClient) -> None:
    early = head("103 Early Hints", link="x", content_length="0")
    late = head(transfer_encoding="chunked") + b"0\r\nx-sum: 1\r\n\r\n"
    async with serving([early + late]) as server:
        reply = await ask(client, server)
    assert dict(reply.headers) == {b"transfer-encoding": b"chunked"}


async def test_an_answer_without_content_ends_at_its_head(client: HttpClient) -> None:
    async with serving([head("204 No Content")]) as server:
        assert (await ask(client, server)).body == b""
        await ask(client, server)
    assert server.lines == [1, 1]


BROKEN = {
    "no HTTP": [b"<html>502</html>", Then.CLOSE],
    "another protocol": [head("101 Switching Protocols", connection="upgrade", upgrade="x")],
    "invalid chunk size": [head(transfer_encoding="chunked") + b"zz\r\nhello\r\n"],
    "two lengths": [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nhi"],
    "length and chunks": [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n"],
    "compressed unasked": [answer(b"\x1f\x8b", content_encoding="gzip")],
    "a coding we do not speak": [head(transfer_encoding="gzip") + b"\x1f\x8b", Then.CLOSE],
    "declared too large": [head(content_length="100001") + b"x" * 100_001],
    "endless body": [head(transfer_encoding="chunked"), chunked(b"x" * 10_000, ends=False), Then.FLOOD],
    "endless header": [b"HTTP/1.1 200 OK\r\nx: ", b"x" * 1000, Then.FLOOD],
    "endless headers": [b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 100, Then.FLOOD],
    "endless interim answers": [head("100 Continue"), Then.FLOOD],
    "endless chunk extension": [head(transfer_encoding="chunked") + b"5;", b"x" * 1000, Then.FLOOD],
    "endless trailer": [head(transfer_encoding="chunked") + b"0\r\nx: ", b"x" * 1000, Then.FLOOD],
}


@pytest.mark.parametrize("steps", BROKEN.values(), ids=BROKEN)
async def test_what_is_no_sane_http_is_malformed(client: HttpClient, steps: list[bytes]) -> None:
    async with serving(steps) as server:
        with pytest.raises(ProviderMalformedError, match="The answer of 127"):
            await ask(client, server)
        await asyncio.sleep(0.05)
        with pytest.raises(ProviderMalformedError):
            await ask(client, server)
    assert server.connections == 2


CUT = {
    "at once": [Then.CLOSE],
    "at once by reset": [Then.RESET],
    "in the head": [b"HTTP/1.1 200 OK\r\nx:", Then.CLOSE],
    "in the body": [head(content_length="9") + b"hello", Then.CLOSE],
    "in the body by reset": [head(content_length="9") + b"hello", 0.05, Then.RESET],
    "in a chunk": [head(transfer_encoding="chunked") + b"9\r\nhello", Then.CLOSE],
    "before the last chunk": [head(transfer_encoding="chunked") + chunked(b"hello", ends=False), Then.CLOSE],
    "an unframed body by reset": [head() + b"hello", 0.05, Then.RESET],
}


@pytest.mark.parametrize("steps", CUT.values(), ids=CUT)
async def test_a_cut_answer_is_an_outage_that_may_have_cost(client: HttpClient, steps: list[bytes]) -> None:
    async with serving(steps) as server:
        with pytest.raises(ProviderUnavailableError, match="closed the connection") as caught:
            await ask(client, server)
    assert caught.value.may_have_cost
    assert server.connections == 1


async def test_nobody_listening_is_an_outage_that_costs_nothing(client: HttpClient) -> None:
    async with serving([OK]) as server:
        pass
    with pytest.raises(ProviderUnavailableError, match="cannot be reached") as caught:
        await ask(client, server)
    assert not caught.value.may_have_cost


async def test_an_answer_that_does_not_come_in_time_is_a_timeout(client: HttpClient) -> None:
    async with serving([Then.HANG]) as server:
        with pytest.raises(ProviderTimeoutError, match=r"did not answer within 0\.1 s") as caught:
            await ask(client, server, timeout_s=0.1)
        await asyncio.wait_for(server.hung_up.wait(), 2)
    assert caught.value.may_have_cost


async def test_a_slow_trickle_does_not_outlive_the_deadline(client: HttpClient) -> None:
    trickle = [step for _ in range(50) for step in (b"x", 0.02)]
    async with serving([head(content_length="50"), *trickle]) as server:
        with pytest.raises(ProviderTimeoutError):
            await ask(client, server, timeout_s=0.2)


async def test_silence_is_a_timeout_even_far_from_the_deadline() -> None:
    client = HttpClient(HttpLimits(silence_s=0.1))
    async with serving([head(content_length="9") + b"hello", Then.HANG]) as server:
        with pytest.raises(ProviderTimeoutError, match=r"sent nothing for 0\.1 s"):
            await ask(client, server, timeout_s=60)
    await client.close()


async def test_a_trickle_is_not_silence() -> None:
    client = HttpClient(HttpLimits(silence_s=0.15))
    trickle = [step for _ in range(10) for step in (b"x", 0.03)]
    async with serving([head(content_length="10"), *trickle]) as server:
        assert (await ask(client, server)).body == b"x" * 10
        await client.close()


async def test_a_deadline_in_the_past_sends_nothing(client: HttpClient) -> None:
    async with serving([OK]) as server:
        with pytest.raises(ProviderTimeoutError) as caught:
            await ask(client, server, timeout_s=-1)
        await ask(client, server)
        with pytest.raises(ProviderTimeoutError):
            await ask(client, server, timeout_s=0)
    assert not caught.value.may_have_cost
    assert len(server.received) == 1


async def test_a_large_body_reaches_a_slow_reader_whole(client: HttpClient) -> None:
    body = bytes(range(256)) * 16_384
    async with serving([OK]) as server:
        await ask(client, server, body)
        await ask(client, server)
    assert server.received[0].body == body
    assert server.lines == [1, 1]


async def test_an_answer_that_overtakes_a_large_body_is_taken_and_the_connection_dropped(client: HttpClient) -> None:
    refusal = answer(b"too large", "413 Content Too Large")
    async with serving([refusal, 1.0], reads_body=False) as server:
        reply = await ask(client, server, b"x" * 30_000_000)
        await asyncio.wait_for(server.hung_up.wait(), 2)
    assert (reply.status, reply.body) == (413, b"too large")


async def test_ipv6_addresses_work(client: HttpClient) -> None:
    async with serving([OK], host="::1") as server:
        await ask(client, server)
    assert server.received[0].headers["host"] == f"[::1]:{server.port}"


@pytest.mark.parametrize("secret", ["key\r\nx: injected", "key\nx", "key\r", "k\0y", "ключ"])
async def test_a_header_that_http_does_not_allow_is_never_sent(client: HttpClient, secret: str) -> None:
    async with serving([OK]) as server:
        with pytest.raises(ProviderAuthError) as caught:
            await client.send(HttpCall.post(server.url, b"", (("authorization", secret),)), 5)
    assert secret not in str(caught.value)
    assert server.connections == 0


async def test_a_cancelled_call_hangs_up(client: HttpClient) -> None:
    async with serving([head(content_length="9") + b"hello", Then.HANG], [OK]) as server:
        call = asyncio.create_task(ask(client, server))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(server.hung_up.wait(), 2)
        await ask(client, server)
    assert server.lines == [1, 2]
