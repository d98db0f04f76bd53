"""What gateways tell each other rests, on a real server, over a network that can be cut."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from secrets import token_hex
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from databases import redis_url
from relay import Relay, a_relay
from weighbridge.domain.errors import StoreError
from weighbridge.domain.rest import Rest
from weighbridge.domain.secret import Secret
from weighbridge.store.rests import KEY, SharedRests


def opened(url: str) -> SharedRests:
    return SharedRests.open(Secret("${env:COUNTERS}", url))


@pytest.fixture
async def gateways() -> AsyncIterator[tuple[SharedRests, SharedRests]]:
    one, other = opened(redis_url()), opened(redis_url())
    yield one, other
    await one.close()
    await other.close()


@pytest.fixture
def host() -> str:
    """A name that no other test has: they share a server."""
    return token_hex(8)


@pytest.fixture
def network() -> Iterator[Relay]:
    with a_relay(urlsplit(redis_url()).port or 6379) as relay:
        yield relay


async def heard(gateway: SharedRests, host: str, *news: Rest) -> list[Rest]:
    found = await gateway.exchange(news)
    assert found is not None
    return sorted((rest for rest in found if rest.host == host), key=lambda rest: rest.model or "")


async def test_what_one_tells_the_other_hears(gateways: tuple[SharedRests, SharedRests], host: str) -> None:
    news = (Rest(host, None, 10.0), Rest(host, "m: 'odd' {name}", 20.0, is_open=False))
    await heard(gateways[0], host, *news)
    whole, model = await heard(gateways[1], host)
    assert (whole.model, whole.is_open) == (None, True)
    assert 9.0 < whole.wait_s <= 10.0
    assert (model.model, model.is_open) == ("m: 'odd' {name}", False)
    assert 19.0 < model.wait_s <= 20.0


async def test_the_longest_rest_holds_and_telling_it_again_does_not_stretch_it(
    gateways: tuple[SharedRests, SharedRests], host: str
) -> None:
    await heard(gateways[0], host, Rest(host, "m", 30.0))
    await heard(gateways[1], host, Rest(host, "m", 5.0))
    for _ in range(20):
        (rest,) = await heard(gateways[0], host)
        await heard(gateways[0], host, rest)
    (rest,) = await heard(gateways[1], host)
    assert 28.0 < rest.wait_s <= 30.0


async def test_a_rest_is_over_by_itself(gateways: tuple[SharedRests, SharedRests], host: str) -> None:
    await heard(gateways[0], host, Rest(host, "m", 0.2))
    await asyncio.sleep(0.3)
    assert await heard(gateways[1], host) == []


async def test_what_another_version_told_is_left_out(gateways: tuple[SharedRests, SharedRests], host: str) -> None:
    async with Redis.from_url(redis_url()) as server:
        odd = ["no json", '{"a": 1}', "[1, 2, 3]", f'["{host}", 7, true]', f'["{host}"]', f'["{host}", "m", "x", 1]']
        await server.zadd(KEY, dict.fromkeys(odd, 9_999_999_999.0))
        try:
            assert await heard(gateways[0], host, Rest(host, "m", 9.0)) != []
            assert [rest.model for rest in await heard(gateways[1], host)] == ["m"]
        finally:
            await server.zrem(KEY, *odd)


async def test_a_server_that_is_away_is_said_once_and_found_again(
    network: Relay, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = opened(f"redis://127.0.0.1:{network.port}/0")
    try:
        assert await gateway.exchange([Rest(host, "m", 30.0)]) is not None
        network.cut()
        assert await gateway.exchange([]) is None
        assert await gateway.exchange([]) is None
        assert caplog.text.count("cannot tell each other") == 1
        network.mend()
        assert [rest.model for rest in await heard(gateway, host)] == ["m"]
    finally:
        await gateway.close()


def test_what_is_no_address_is_said() -> None:
    with pytest.raises(StoreError, match=r"\$\{env:COUNTERS\} is no address"):
        opened("http://somewhere")
