"""TLS on loopback, with the self-signed certificate of `certs/`."""

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from providers.loopback import Then, answer, chunked, head, serving
from weighbridge.domain.errors import ProviderError, ProviderTimeoutError, ProviderUnavailableError
from weighbridge.providers.http1 import HttpClient
from weighbridge.providers.http1_answer import HttpLimits
from weighbridge.providers.transport import HttpCall, Origin

CERTS = Path(__file__).parent / "certs"
OK = answer(b"{}")


def server_side() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "cert.pem", CERTS / "key.pem")
    return context


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTS / "cert.pem"))


async def test_a_trusted_host_is_called_and_its_connection_kept() -> None:
    client = HttpClient(tls=trusting())
    async with serving([OK], tls=server_side()) as server:
        for _ in range(3):
            assert (await client.send(HttpCall.post(server.url, b"{}"), 5)).body == b"{}"
        await client.close()
        await asyncio.sleep(0.05)
    assert server.lines == [1, 1, 1]
    assert server.received[0].headers["host"] == f"localhost:{server.port}"


async def test_a_large_body_crosses_tls_both_ways() -> None:
    client = HttpClient(tls=trusting())
    reply = head(transfer_encoding="chunked") + chunked(*[b"y" * 60_000] * 20)
    async with serving([reply], tls=server_side()) as server:
        answered = await client.send(HttpCall.post(server.url, b"x" * 2_000_000), 10)
        await client.close()
        await asyncio.sleep(0.05)
    assert (len(server.received[0].body), len(answered.body)) == (2_000_000, 1_200_000)


async def test_a_certificate_that_nobody_signed_is_refused() -> None:
    error = await failure_of(HttpClient(), "localhost")
    assert isinstance(error, ProviderUnavailableError)
    assert "certificate is not trusted" in error.condition
    assert not error.may_have_cost


async def test_a_certificate_for_another_name_is_refused() -> None:
    error = await failure_of(HttpClient(tls=trusting()), "127.0.0.1")
    assert "certificate is not trusted" in error.condition


async def failure_of(client: HttpClient, host: str) -> ProviderError:
    async with serving([OK], tls=server_side()) as server:
        call = replace(HttpCall.post(server.url, b"secret"), origin=Origin(True, host, server.port))
        with pytest.raises(ProviderError) as caught:
            await client.send(call, 5)
        await client.close()
        await asyncio.sleep(0.05)
    assert server.received == []
    return caught.value


async def test_a_handshake_that_never_ends_is_a_timeout_that_costs_nothing() -> None:
    client = HttpClient(HttpLimits(connect_s=0.2), tls=trusting())
    async with serving([Then.HANG], greeting=[Then.HANG]) as server:
        call = replace(HttpCall.post(server.url, b"{}"), origin=Origin(True, "localhost", server.port))
        with pytest.raises(ProviderTimeoutError, match="did not accept a connection") as caught:
            await client.send(call, 5)
        await client.close()
    assert not caught.value.may_have_cost


async def test_a_server_that_speaks_no_tls_is_an_outage() -> None:
    client = HttpClient(tls=trusting())
    async with serving([OK], greeting=[b"HTTP/1.1 400 Bad Request\r\n\r\n", Then.CLOSE]) as server:
        call = replace(HttpCall.post(server.url, b"{}"), origin=Origin(True, "localhost", server.port))
        with pytest.raises(ProviderUnavailableError, match="cannot be reached"):
            await client.send(call, 5)
        await client.close()
