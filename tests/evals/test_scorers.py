"""Scorers and bounds on known values."""

import pytest

from weighbridge.evals.bounds import exact_bounds
from weighbridge.evals.scorers import SCORERS


@pytest.mark.parametrize(
    ("scorer", "answer", "target", "score"),
    [
        ("exact_match", " Invoice\n", "invoice", 1.0),
        ("exact_match", "invoices", "invoice", 0.0),
        ("contains", "It is an INVOICE.", "invoice", 1.0),
        ("contains", "It is a bill.", "invoice", 0.0),
        ("numeric", "0.30000000001", "0.3", 1.0),
        ("numeric", "0.31", "0.3", 0.0),
        ("numeric", "nan", "0.3", 0.0),
        ("numeric", "about 3", "3", 0.0),
        ("token_f1", "the red car", "a red car", 2 / 3),
        ("token_f1", "", "a red car", 0.0),
    ],
)
def test_a_scorer_gives_the_share_that_is_right(scorer: str, answer: str, target: str, score: float) -> None:
    assert SCORERS[scorer](answer, target) == pytest.approx(score)


def test_exact_bounds_are_those_of_the_tables() -> None:
    assert exact_bounds(10, 10, 0.9)[0] == pytest.approx(0.05 ** (1 / 10))
    assert exact_bounds(8, 10) == pytest.approx((0.44390, 0.97479), abs=1e-5)
