from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from weighbridge.budget.cost import cost_of, estimate
from weighbridge.domain.money import Money, Price
from weighbridge.domain.usage import Usage

PRICE = Price.per_million("3", "12", cache_read_usd="0.30", cache_write_usd="3.75")
tokens = st.integers(0, 10**9)
amounts = st.integers(0, 10**12).map(Money)
maybe = st.none() | amounts
prices = st.builds(Price, input=amounts, output=amounts, cache_read=maybe, cache_write=maybe)
usages = st.builds(
    Usage, input_tokens=tokens, output_tokens=tokens, cache_read_tokens=tokens, cache_write_tokens=tokens
)


def test_the_seeds_price_of_a_short_classification_is_exact() -> None:
    assert str(estimate(Price.per_million("0.10", "0.30"), 10, 1)) == "0.0000013"


def test_each_kind_of_token_has_its_own_price() -> None:
    usage = Usage(input_tokens=2_000, output_tokens=500, cache_read_tokens=6_000, cache_write_tokens=2_000)
    assert cost_of(PRICE, usage) == Money.usd("0.0213")


def test_reasoning_is_part_of_the_output_and_not_paid_twice() -> None:
    assert cost_of(PRICE, Usage(0, 500, reasoning_tokens=400)) == cost_of(PRICE, Usage(0, 500))


def test_a_cache_price_that_is_not_stated_is_the_input_price() -> None:
    price = Price.per_million("3", "12")
    assert cost_of(price, Usage(0, 0, cache_read_tokens=7, cache_write_tokens=5)) == price.input * 12


def test_the_estimate_covers_a_dearer_cache_write() -> None:
    estimated, spent = estimate(PRICE, 100, 0), cost_of(PRICE, Usage(0, 0, cache_write_tokens=100))
    assert estimated == spent == Money.usd("0.000375")


def test_unknown_is_not_zero() -> None:
    assert estimate(None, 1, 1) is None
    assert cost_of(None, Usage(1, 1)) is None
    assert cost_of(PRICE, None) is None


@given(prices, usages, usages)
def test_the_parts_sum_to_the_whole(price: Price, one: Usage, other: Usage) -> None:
    first, second, both = cost_of(price, one), cost_of(price, other), cost_of(price, one + other)
    assert first is not None
    assert second is not None
    assert first + second == both


@given(prices, tokens, tokens, tokens)
def test_more_tokens_never_cost_less(price: Price, input_tokens: int, output_tokens: int, more: int) -> None:
    least = estimate(price, input_tokens, output_tokens)
    most = estimate(price, input_tokens + more, output_tokens + more)
    assert least is not None
    assert most is not None
    assert least <= most


@given(prices, usages)
def test_no_call_within_its_estimate_costs_more_unless_reading_a_cache_is_dearer(price: Price, usage: Usage) -> None:
    fair = replace(price, cache_read=min(price.cache_read or price.input, price.input))
    estimated, spent = estimate(fair, usage.prompt_tokens, usage.output_tokens), cost_of(fair, usage)
    assert estimated is not None
    assert spent is not None
    assert spent <= estimated


def test_a_cache_write_for_an_hour_has_a_price_of_its_own() -> None:
    price = Price.per_million("1", "5", cache_write_usd="1.25", cache_write_1h_usd="2")
    usage = Usage(0, 0, cache_write_tokens=1_000_000, cache_write_1h_tokens=400_000)
    assert str(cost_of(price, usage)) == "1.55"
    assert str(estimate(price, 1_000_000, 0)) == "2"


def test_the_price_of_minutes_says_nothing_of_an_hour() -> None:
    usage = Usage(10, 0, cache_write_tokens=10, cache_write_1h_tokens=10)
    assert cost_of(Price.per_million("1", "5", cache_write_usd="1.25"), usage) is None
    assert cost_of(Price.per_million("1", "5"), usage) == Price.per_million("1", "5").input * 20
