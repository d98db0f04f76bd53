import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.domain.response import Choice
from weighbridge.domain.verdict import ConfidenceKind
from weighbridge.validation.confidence import confidence, lowest_confidence

MEAN, LABEL = ConfidenceKind.MEAN_PROBABILITY, ConfidenceKind.LABEL_PROBABILITY


def test_confidence_is_the_geometric_mean_of_the_probabilities() -> None:
    assert confidence(Choice("a b", logprobs=(math.log(0.9), math.log(0.4))), MEAN) == pytest.approx(0.6)


def test_the_confidence_of_a_label_is_the_probability_of_the_whole_label() -> None:
    assert confidence(Choice("a b", logprobs=(math.log(0.9), math.log(0.4))), LABEL) == pytest.approx(0.36)


@pytest.mark.parametrize("logprobs", [None, (), (math.nan,)])
def test_unknown_probabilities_are_unknown_and_not_zero(logprobs: tuple[float, ...] | None) -> None:
    assert confidence(Choice("a", logprobs=logprobs), MEAN) is None


def test_an_impossible_token_leaves_no_confidence() -> None:
    assert confidence(Choice("a", logprobs=(-math.inf, -0.1)), MEAN) == 0


def test_the_least_sure_choice_counts_and_an_unknown_one_hides_the_rest() -> None:
    sure, unsure = Choice("a", logprobs=(-0.1,)), Choice("b", logprobs=(-2.0,))
    assert lowest_confidence([sure, unsure], MEAN) == confidence(unsure, MEAN)
    assert lowest_confidence([sure, Choice("c")], MEAN) is None
    assert lowest_confidence([], MEAN) is None


@given(st.lists(st.floats(allow_nan=False), min_size=1), st.sampled_from([MEAN, LABEL]))
def test_confidence_is_a_probability_or_unknown(logprobs: list[float], kind: ConfidenceKind) -> None:
    sure = confidence(Choice("a", logprobs=tuple(logprobs)), kind)
    assert sure is None or 0 <= sure <= 1
