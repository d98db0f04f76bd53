"""Buckets that fill evenly, and counts of what runs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.budget import rates as module
from weighbridge.budget.rates import Buckets, draws
from weighbridge.domain.budget import Payer, Per
from weighbridge.domain.errors import RateLimitedError
from weighbridge.domain.rate import RateLimit

PAYER = Payer("app", "tag", "blue", "anna")
TEN = RateLimit("ten", requests_per_minute=10)


def enters(rates: Buckets, limit: RateLimit, now: float, tokens: int = 0, payer: Payer = PAYER) -> bool:
    try:
        rates.enter(draws([limit], payer, tokens), now)
    except RateLimitedError:
        return False
    return True


def test_a_minute_s_worth_may_come_at_once_and_then_one_after_another() -> None:
    rates = Buckets()
    assert [enters(rates, TEN, 100.0) for _ in range(11)] == [True] * 10 + [False]
    assert not enters(rates, TEN, 105.9)
    assert enters(rates, TEN, 106.0)
    assert not enters(rates, TEN, 106.1)
    assert [enters(rates, TEN, 1_000.0) for _ in range(11)] == [True] * 10 + [False]


def test_a_refusal_says_when_to_come_again_and_takes_nothing() -> None:
    rates = Buckets()
    for _ in range(10):
        rates.enter(draws([TEN], PAYER, 0), 0.0)
    for _ in range(5):
        with pytest.raises(RateLimitedError, match=r"Rate limit 'ten': 10 requests a minute") as refused:
            rates.enter(draws([TEN], PAYER, 0), 2.0)
        assert refused.value.retry_after_s == pytest.approx(4.0)
    assert enters(rates, TEN, 6.0)


def test_tokens_are_guessed_at_the_beginning_and_counted_at_the_end() -> None:
    rates, limit = Buckets(), RateLimit("t", tokens_per_minute=1_000)
    entered = rates.enter(draws([limit], PAYER, 900), 0.0)
    assert not enters(rates, limit, 0.0, tokens=200)
    rates.leave(entered, 100)
    assert enters(rates, limit, 0.0, tokens=900)
    over = rates.enter(draws([limit], PAYER, 0), 0.0)
    rates.leave(over, 500)
    assert not enters(rates, limit, 0.0, tokens=1)
    assert enters(rates, limit, 31.0, tokens=1)


def test_more_than_a_minute_s_worth_waits_for_a_full_bucket_and_overdraws_it() -> None:
    rates, limit = Buckets(), RateLimit("t", tokens_per_minute=1_000)
    assert enters(rates, limit, 0.0, tokens=3_000)
    assert not enters(rates, limit, 120.0, tokens=1)
    assert enters(rates, limit, 121.0, tokens=1)
    assert not enters(rates, limit, 121.0, tokens=3_000)


def test_what_runs_is_counted_until_it_leaves() -> None:
    rates, limit = Buckets(), RateLimit("two", concurrent=2)
    first, _ = rates.enter(draws([limit], PAYER, 0), 0.0), rates.enter(draws([limit], PAYER, 0), 0.0)
    with pytest.raises(RateLimitedError, match="2 requests are being answered"):
        rates.enter(draws([limit], PAYER, 0), 0.0)
    rates.leave(first, 0)
    rates.leave(first, 0)
    assert enters(rates, limit, 0.0)
    assert not enters(rates, limit, 0.0)


def test_past_all_limits_or_none() -> None:
    rates, one = Buckets(), RateLimit("one", requests_per_minute=1)
    rates.enter(draws([TEN, one], PAYER, 0), 0.0)
    with pytest.raises(RateLimitedError, match="'one'"):
        rates.enter(draws([TEN, one], PAYER, 0), 0.0)
    assert [enters(rates, TEN, 0.0) for _ in range(10)] == [True] * 9 + [False]


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({}, True),
        ({"caller": "app"}, True),
        ({"caller": "web"}, False),
        ({"team": "red"}, False),
        ({"task": "write"}, False),
        ({"model": "small"}, False),
    ],
)
def test_a_limit_covers_what_it_names(fields: dict[str, Any], counts: bool) -> None:
    rates, limit = Buckets(), RateLimit("l", requests_per_minute=1, **fields)
    enters(rates, limit, 0.0)
    assert enters(rates, limit, 0.0) is not counts


def test_each_holder_has_the_limit_for_itself_and_full_buckets_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BUCKETS", 50)
    rates, limit = Buckets(), RateLimit("l", requests_per_minute=60, per=Per.USER)
    for number in range(200):
        assert enters(rates, limit, float(number), payer=Payer("app", "tag", user=str(number)))
    assert len(rates._full_at) <= 51


def test_standings_are_those_of_the_tightest() -> None:
    wide = RateLimit("wide", requests_per_minute=100, tokens_per_minute=1_000)
    (requests, tokens) = Buckets().enter(draws([wide, TEN], PAYER, 250), 0.0).standings
    assert (requests.kind, requests.limit, requests.remaining, requests.reset_s) == ("requests", 10, 9, 6.0)
    assert (tokens.kind, tokens.limit, tokens.remaining, tokens.reset_s) == ("tokens", 1_000, 750, 15.0)


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 20))
def test_no_minute_lets_in_more_than_two_minutes_worth_and_no_hour_more_than_its_pace(
    pauses: list[float], most: int
) -> None:
    rates, limit, now, let_in = Buckets(), RateLimit("l", requests_per_minute=most), 0.0, list[float]()
    for pause in pauses:
        now += pause
        if enters(rates, limit, now):
            let_in.append(now)
    for start in let_in:
        assert sum(start <= moment < start + 60 for moment in let_in) <= 2 * most
    assert len(let_in) <= most + now * most / 60 + 1e-6
