"""Identifiers: unique, in the order of time, in the alphabet of the specification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.store.identifiers import ALPHABET, RecordIds, new_record_id


class Moments:
    """A clock that shows the given moments in turn."""

    def __init__(self, *moments: float) -> None:
        self._moments = list(moments)

    def now(self) -> float:
        return self._moments.pop(0) if len(self._moments) > 1 else self._moments[0]


@pytest.mark.parametrize(
    ("now_s", "chance", "expected"),
    [
        (0.0, bytes(10), "rec_" + "0" * 26),
        (1469918176.385, bytes(10), "rec_01ARYZ6S41" + "0" * 16),  # the specification's example of a time
        (281474976710.655, b"\xff" * 10, "rec_7" + "Z" * 25),  # the largest there is
    ],
)
def test_the_text_is_that_of_the_specification(now_s: float, chance: bytes, expected: str) -> None:
    assert new_record_id(now_s, chance) == expected


@given(st.lists(st.floats(0, 2**40), min_size=1, max_size=50))
def test_identifiers_only_grow_whatever_the_clock_does(moments: list[float]) -> None:
    make = RecordIds(Moments(*moments))
    made = [make() for _ in range(60)]
    assert made == sorted(set(made))


@given(st.floats(0, 2**38), st.binary(min_size=10, max_size=10))
def test_every_identifier_has_thirty_characters(now_s: float, chance: bytes) -> None:
    number = new_record_id(now_s, chance)
    assert len(number) == 30
    assert set(number.removeprefix("rec_")) <= set(ALPHABET)


@pytest.mark.parametrize(("later_s", "begin"), [(1.0, "rec_00000000Z8"), (1.002, "rec_00000000ZA")])
def test_the_first_ten_characters_are_the_millisecond(later_s: float, begin: str) -> None:
    make = RecordIds(Moments(1.0, later_s))
    assert make()[:14] == "rec_00000000Z8"
    assert make()[:14] == begin


def test_chance_that_is_used_up_moves_on_by_a_millisecond() -> None:
    make = RecordIds(Moments(1.0))
    make()
    make._random = 2**80 - 1
    assert make()[:14] == "rec_00000000Z9"
