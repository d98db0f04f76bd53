"""Money is exact, and unknown money is not zero."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.domain.money import ZERO, Money, Price, total


def test_a_tiny_call_does_not_round_to_nothing() -> None:
    price = Price.per_million("0.10", "0.30")
    assert str(price.input * 10 + price.output * 1) == "0.0000013"


def test_an_unknown_part_makes_the_sum_unknown() -> None:
    assert total([Money.usd(1), None]) is None
    assert total([]) == ZERO


def test_a_price_finer_than_a_pico_dollar_a_token_is_refused() -> None:
    with pytest.raises(ValueError, match="finer than a pico-dollar"):
        Price.per_million("0.0000001", "1")


@pytest.mark.parametrize("amount", ["NaN", "Infinity"])
def test_money_is_finite(amount: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        Money.usd(amount)


def test_what_is_no_number_is_no_money() -> None:
    with pytest.raises(ValueError, match="money is a number, got 'cheap'"):
        Price.per_million("cheap", "1")


def test_a_negative_price_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        Price.per_million("-1", "1")


@given(st.integers(-(10**27), 10**27))
def test_text_keeps_every_digit(pico: int) -> None:
    assert Decimal(str(Money(pico))) * 10**12 == pico


@given(st.lists(st.integers(0, 10**18)))
def test_sums_are_exact(amounts: list[int]) -> None:
    assert total(map(Money, amounts)) == Money(sum(amounts))
