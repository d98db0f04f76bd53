import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.domain.patterns import linear_pattern


def test_a_pattern_is_searched_anywhere_unless_anchored() -> None:
    assert linear_pattern("b+").occurs_in("abbc")
    assert not linear_pattern("^b+$").occurs_in("abbc")


def test_a_pattern_that_would_backtrack_for_ever_is_harmless() -> None:
    assert not linear_pattern("^(a+)+$").occurs_in("a" * 100_000 + "b")


@pytest.mark.parametrize("text", ["(", "(?=a)b", r"(a)\1", "a{1000}{1000}", "a" * 2_001])
def test_what_cannot_run_in_linear_time_or_is_too_large_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"pattern|linear-time"):
        linear_pattern(text)


@given(st.text())
def test_any_text_can_be_searched(text: str) -> None:
    assert linear_pattern("").occurs_in(text)


def test_a_lone_surrogate_can_be_searched() -> None:
    assert linear_pattern("^a.b$").occurs_in("a\ud800b")
