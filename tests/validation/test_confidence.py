import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.domain.response import Choice
from weighbridge.validation.confidence import confidence, lowest_confidence


def test_confidence_is_the_geometric_mean_of_the_probabilities() -> None:
    assert confidence(Choice("a b", logprobs=(math.log(0.9), math.log(0.4)))) == pytest.approx(0.6)


@pytest.mark.parametrize("logprobs", [None, (), (math.nan,)])
def test_unknown_probabilities_are_unknown_and_not_zero(logprobs: tuple[float, ...] | None) -> None:
    assert confidence(Choice("a", logprobs=logprobs)) is None


def test_an_impossible_token_leaves_no_confidence() -> None:
    assert confidence(Choice("a", logprobs=(-math.inf, -0.1))) == 0


def test_the_least_sure_choice_counts_and_an_unknown_one_hides_the_rest() -> None:
    sure, unsure = Choice("a", logprobs=(-0.1,)), Choice("b", logprobs=(-2.0,))
    assert lowest_confidence([sure, unsure]) == confidence(unsure)
    assert lowest_confidence([sure, Choice("c")]) is None
    assert lowest_confidence([]) is None


@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_confidence_is_a_probability_or_unknown(logprobs: list[float]) -> None:
    sure = confidence(Choice("a", logprobs=tuple(logprobs)))
    assert sure is None or 0 <= sure <= 1
