"""Bounds on known truth: they hold as often as they say, over thousands of seeded draws."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from weighbridge.evals.intervals import (
    betting_lower,
    betting_upper,
    bootstrap,
    exact_interval,
    exact_lower,
    exact_upper,
    quantile_lower,
    quantile_upper,
    wilson_interval,
)
from weighbridge.evals.paired import compare_paired, holm, mcnemar, sign_flip
from weighbridge.evals.power import fewest_to_show, samples_needed

DRAWS = 4_000
SLACK = 0.011
"""Three standard errors of a share of 5 % over 4,000 draws."""


@pytest.mark.parametrize(("n", "rate"), [(30, 0.9), (60, 0.95), (200, 0.92), (200, 0.5)])
def test_the_exact_bounds_hold_in_at_least_95_of_100_draws(n: int, rate: float) -> None:
    right = np.random.default_rng(7).binomial(n, rate, DRAWS)
    lower = {k: exact_lower(k, n) for k in set(right.tolist())}
    upper = {k: exact_upper(k, n) for k in set(right.tolist())}
    assert np.mean([lower[k] <= rate for k in right]) >= 0.95 - SLACK
    assert np.mean([upper[k] >= rate for k in right]) >= 0.95 - SLACK


@pytest.mark.parametrize("spread", ["beta", "halves", "nearly_all_right"])
def test_the_betting_bounds_hold_for_scores_in_parts(spread: str) -> None:
    rng = np.random.default_rng(11)
    draws: dict[str, Callable[[], Any]] = {
        "beta": lambda: rng.beta(8, 2, 60),
        "halves": lambda: rng.choice([0.0, 0.5, 1.0], 60, p=[0.1, 0.2, 0.7]),
        "nearly_all_right": lambda: rng.binomial(3, 0.97, 60) / 3,
    }
    truth = {"beta": 0.8, "halves": 0.8, "nearly_all_right": 0.97}[spread]
    samples: list[list[float]] = [draws[spread]().tolist() for _ in range(400)]
    assert np.mean([betting_lower(x) <= truth for x in samples]) >= 0.95
    assert np.mean([betting_upper(x) >= truth for x in samples]) >= 0.95
    assert np.mean([betting_lower(x) for x in samples]) > truth - 0.15


def test_a_quantile_is_bounded_by_order_statistics() -> None:
    rng = np.random.default_rng(3)
    truth = -np.log(0.05)  # 95 % quantile of the exponential distribution
    draws = [rng.exponential(size=200).tolist() for _ in range(1_000)]
    assert np.mean([(quantile_upper(x, 0.95) or 0) >= truth for x in draws]) >= 0.93
    assert np.mean([(quantile_lower(x, 0.95) or 9) <= truth for x in draws]) >= 0.93
    assert quantile_upper([1.0] * 58, 0.95) is None
    assert quantile_upper([1.0] * 59, 0.95) == 1.0


def mean_interval(x: Any) -> tuple[float, ...] | None:
    return bootstrap(len(x), lambda drawn: x[drawn].mean(), 0.025, 0.975, resamples=400)


def test_the_bootstrap_covers_a_mean_and_says_when_it_cannot() -> None:
    rng = np.random.default_rng(5)
    hits = []
    for _ in range(200):
        found = mean_interval(rng.gamma(2.0, 1.0, 80))
        assert found is not None
        hits.append(found[0] <= 2.0 <= found[1])
    assert np.mean(hits) > 0.9
    assert bootstrap(5, lambda drawn: float("nan"), 0.5) is None


def test_intervals_of_known_cases() -> None:
    assert exact_interval(92, 100) == pytest.approx((0.8484, 0.9648), abs=1e-4)
    assert wilson_interval(92, 100) == pytest.approx((0.8500, 0.9589), abs=1e-4)
    assert (exact_lower(0, 10), exact_upper(10, 10), betting_lower([])) == (0.0, 1.0, 0.0)
    assert exact_lower(6, 6) == pytest.approx(0.05 ** (1 / 6))


@pytest.mark.parametrize(
    ("floor", "rate", "expected"), [(0.8, 0.83, 1109), (0.8, 0.85, 392), (0.9, 0.95, 193), (0.95, 0.98, 237)]
)
def test_the_samples_that_a_proof_needs_are_those_of_the_exact_power(floor: float, rate: float, expected: int) -> None:
    needed = samples_needed(floor, rate)
    assert needed is not None
    assert expected * 0.97 <= needed <= expected * 1.25


def test_a_rate_at_its_floor_can_never_be_shown() -> None:
    assert samples_needed(0.9, 0.9) is None
    assert samples_needed(0.9, 0.9001) is None
    assert [fewest_to_show(floor) for floor in (0.9, 0.95, 0.97, 0.99)] == [29, 59, 99, 299]


def test_paired_tests_on_known_cases() -> None:
    assert mcnemar(10, 0) == pytest.approx(2 / 1024)
    assert mcnemar(0, 0) == 1.0
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert sign_flip([0.1] * 12) == pytest.approx(2 / 4096, abs=4e-4)


def test_equal_models_are_told_apart_in_at_most_5_of_100_comparisons() -> None:
    rng = np.random.default_rng(2)
    wrong = 0
    for _ in range(120):
        scores = {name: dict(enumerate((rng.random(80) < 0.8).astype(float))) for name in "abcd"}
        named = {name: {str(key): float(value) for key, value in own.items()} for name, own in scores.items()}
        wrong += any(item.is_told_apart for item in compare_paired(named, "a"))
    assert wrong / 120 <= 0.05 + 0.06


def test_scores_in_parts_are_compared_by_flipping_signs() -> None:
    good = {str(at): 0.9 for at in range(40)}
    found = compare_paired({"old": {str(at): 0.5 + at % 2 * 0.2 for at in range(40)}, "new": good}, "old")[0]
    assert (found.test, found.is_told_apart, found.n) == ("sign_flip", True, 40)
    assert found.value == pytest.approx(0.3)
