"""Rate limits that gateways share, on a real server, over a network that can be cut."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from databases import redis_url
from relay import Relay, a_relay
from weighbridge.budget.rates import Pass
from weighbridge.domain.budget import Payer, Per
from weighbridge.domain.errors import CountersAwayError, RateLimitedError, StoreError
from weighbridge.domain.policy import CounterSettings, WhenAway
from weighbridge.domain.rate import RateLimit
from weighbridge.domain.secret import Secret
from weighbridge.store.counters import AWAY_S, SharedRates

PAYER = Payer("app", "tag", "blue", "anna")


def a_limit(**fields: Any) -> RateLimit:
    """Of a name that no other test has: they share a server."""
    return RateLimit(token_hex(8), **fields)


def opened(url: str, **settings: Any) -> SharedRates:
    address = Secret("${env:COUNTERS}", url)
    return SharedRates.open(address, CounterSettings(address, **settings))


@pytest.fixture
async def gateways() -> AsyncIterator[tuple[SharedRates, SharedRates]]:
    one, other = opened(redis_url()), opened(redis_url())
    yield one, other
    await one.close()
    await other.close()


@pytest.fixture
def network() -> Iterator[Relay]:
    with a_relay(urlsplit(redis_url()).port or 6379) as relay:
        yield relay


async def entered(
    rates: SharedRates, *limits: RateLimit, tokens: int = 0, payer: Payer = PAYER, lease_s: float = 60.0, now: float = 0
) -> Pass | None:
    try:
        return await rates.enter(limits, payer, tokens, lease_s, now, None)
    except RateLimitedError:
        return None


async def test_a_minute_s_worth_is_let_in_over_all_gateways(gateways: tuple[SharedRates, SharedRates]) -> None:
    limit = a_limit(requests_per_minute=10)
    let_in = [await entered(gateways[number % 2], limit) for number in range(12)]
    assert [one is not None for one in let_in] == [True] * 10 + [False] * 2
    assert [one.standings[0].remaining for one in let_in if one] == list(reversed(range(10)))
    with pytest.raises(RateLimitedError, match="10 requests a minute are allowed") as told:
        await gateways[0].enter([limit], PAYER, 0, 60, 0, None)
    assert 5 < told.value.retry_after_s <= 6


async def test_a_thousand_at_once_are_counted_one_by_one(gateways: tuple[SharedRates, SharedRates]) -> None:
    limit = a_limit(requests_per_minute=600)
    let_in = await asyncio.gather(*[entered(gateways[number % 2], limit) for number in range(1_000)])
    count = sum(one is not None for one in let_in)
    assert 600 <= count <= 600 + 50, "a minute's worth, and what fills up meanwhile"


async def test_past_all_limits_or_none(gateways: tuple[SharedRates, SharedRates]) -> None:
    wide, narrow = a_limit(requests_per_minute=10, concurrent=10), a_limit(requests_per_minute=1)
    assert await entered(gateways[0], wide, narrow)
    assert await entered(gateways[1], wide, narrow) is None
    only = await entered(gateways[1], wide)
    assert only is not None
    assert only.standings[0].remaining == 8, "the refused one took nothing of the wide limit"


async def test_tokens_are_guessed_at_the_beginning_and_counted_at_the_end(
    gateways: tuple[SharedRates, SharedRates],
) -> None:
    one, other = gateways
    limit = a_limit(tokens_per_minute=1_000)
    guessed = await entered(one, limit, tokens=900)
    assert guessed is not None
    assert await entered(other, limit, tokens=200) is None
    one.leave(guessed, 100)
    await settled(one)
    assert await entered(other, limit, tokens=850)


async def test_so_many_run_at_once_over_all_gateways(gateways: tuple[SharedRates, SharedRates]) -> None:
    one, other = gateways
    limit = a_limit(concurrent=2)
    first, second = await entered(one, limit), await entered(other, limit)
    assert first
    assert second
    with pytest.raises(RateLimitedError, match="2 requests are being answered"):
        await one.enter([limit], PAYER, 0, 60, 0, None)
    other.leave(second, None)
    await settled(other)
    assert await entered(one, limit)


async def test_the_place_of_a_killed_gateway_is_free_when_its_lease_is_over(
    gateways: tuple[SharedRates, SharedRates],
) -> None:
    one, other = gateways
    limit = a_limit(concurrent=1)
    assert await entered(one, limit, lease_s=0.3)
    assert await entered(other, limit) is None
    await asyncio.sleep(0.35)
    assert await entered(other, limit)


async def test_each_holder_has_its_own_and_no_name_runs_into_another(
    gateways: tuple[SharedRates, SharedRates],
) -> None:
    limit = a_limit(requests_per_minute=1, per=Per.USER)
    for user in ("a", "a:requests", "a%3Arequests", "b"):
        assert await entered(gateways[0], limit, payer=Payer("app", "tag", None, user))
        assert await entered(gateways[1], limit, payer=Payer("app", "tag", None, user)) is None


async def test_nothing_is_left_on_the_server_for_ever(gateways: tuple[SharedRates, SharedRates]) -> None:
    limit = a_limit(requests_per_minute=10, tokens_per_minute=10, concurrent=1)
    guessed = await entered(gateways[0], limit, tokens=5)
    assert guessed is not None
    async with Redis.from_url(redis_url(), decode_responses=True) as server:
        keys = [key async for key in server.scan_iter(f"*{limit.name}*")]
        assert len(keys) == 3
        assert all([0 < await server.ttl(key) <= 62 for key in keys])
        gateways[0].leave(guessed, 0)
        await settled(gateways[0])
        assert [key async for key in server.scan_iter(f"*{limit.name}*")] == [key for key in keys if "requests" in key]


async def test_without_a_server_nobody_is_let_in_and_it_recovers_by_itself(network: Relay) -> None:
    rates, limit = opened(f"redis://127.0.0.1:{network.port}/0"), a_limit(requests_per_minute=100)
    assert await entered(rates, limit, now=0)
    network.cut()
    for _ in range(2):
        with pytest.raises(CountersAwayError, match="does not answer"):
            await entered(rates, limit, now=0)
    network.mend()
    assert await entered(rates, limit, now=AWAY_S)
    assert await rates.enter([], PAYER, 0, 60, 0, None) == Pass(), "what no limit covers needs no server"
    await rates.close()


async def test_without_a_server_each_counts_its_share_where_that_was_declared(network: Relay) -> None:
    rates = opened(f"redis://127.0.0.1:{network.port}/0", when_away=WhenAway.LOCAL, gateways=3)
    limit = a_limit(requests_per_minute=9, concurrent=9)
    network.cut()
    let_in = [await entered(rates, limit) for _ in range(4)]
    assert [one is not None for one in let_in] == [True] * 3 + [False]
    for one in let_in[:3]:
        assert one is not None
        rates.leave(one, None)
    network.mend()
    assert await entered(rates, limit, now=AWAY_S), "the server knows nothing of what was counted meanwhile"
    await rates.close()


async def test_whoever_hangs_up_before_the_reply_comes_holds_no_place(
    gateways: tuple[SharedRates, SharedRates], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = gateways
    limit, script, is_in = a_limit(concurrent=1), one._enter, asyncio.Event()

    async def enter_and_hang(keys: list[str], arguments: list[Any]) -> None:
        await script(keys, arguments)
        is_in.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(one, "_enter", enter_and_hang)
    waiting = asyncio.create_task(entered(one, limit))
    await is_in.wait()
    assert await entered(other, limit) is None
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await settled(one)
    assert await entered(other, limit)


async def test_an_end_that_cannot_be_told_is_logged_and_raises_nothing(
    network: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    rates, limit = opened(f"redis://127.0.0.1:{network.port}/0"), a_limit(concurrent=1)
    one = await entered(rates, limit)
    assert one is not None
    network.cut()
    rates.leave(one, None)
    await settled(rates)
    assert "its lease ends by itself" in caplog.text
    await rates.close()


async def test_an_address_that_is_none_is_told_without_repeating_it() -> None:
    with pytest.raises(StoreError, match=r"\$\{env:COUNTERS\} is no address") as told:
        opened("nonsense://my-secret@host")
    assert "my-secret" not in str(told.value)


async def settled(rates: SharedRates) -> None:
    await asyncio.gather(*rates._leaving)
