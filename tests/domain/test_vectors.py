"""Vectors of length 1, and what their nearness means."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.domain.vectors import VectorRule, unit_vector

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=64)


@given(NUMBERS)
def test_a_vector_keeps_its_direction_and_gets_length_one(numbers: list[float]) -> None:
    if not any(numbers):
        with pytest.raises(ValueError, match="direction"):
            unit_vector(numbers)
        return
    unit = struct.unpack(f"<{len(numbers)}f", unit_vector(numbers))
    assert math.isclose(math.fsum(number * number for number in unit), 1.0, abs_tol=1e-5)
    largest = max(numbers, key=abs)
    assert math.copysign(1.0, unit[numbers.index(largest)]) == math.copysign(1.0, largest)


@pytest.mark.parametrize("numbers", [[], [0.0, 0.0], [math.nan, 1.0], [math.inf, 1.0]])
def test_what_has_no_direction_is_no_vector(numbers: list[float]) -> None:
    with pytest.raises(ValueError, match="direction"):
        unit_vector(numbers)


def test_very_small_and_very_large_numbers_have_a_direction_too() -> None:
    for size in (5e-324, 1e-160, 1e300):
        assert unit_vector([size, 0.0]) == struct.pack("<2f", 1.0, 0.0)


def test_relevance_rises_from_unrelated_to_related() -> None:
    rule = VectorRule(unrelated=0.76, related=0.9)
    assert [round(rule.relevance(cosine), 6) for cosine in (-1.0, 0.76, 0.83, 0.9, 1.0)] == [0.0, 0.0, 0.5, 1.0, 1.0]
