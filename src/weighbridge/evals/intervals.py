"""What measured values prove: confidence bounds for shares, means and quantiles."""

from collections.abc import Callable, Sequence
from typing import Any

from weighbridge.evals.extra import extra

LEVEL = 0.95
TWO_SIDED = (0.025, 0.975)
RESAMPLES = 2_000
_GRID = 2_001
"""Candidate means that the betting bound looks at: it is exact to 1/2000."""


def exact_interval(right: int, asked: int, level: float = LEVEL) -> tuple[float, float]:
    """Two-sided Clopper-Pearson (1934): it holds the true share in at least `level` of all cases."""
    interval = extra("scipy.stats").binomtest(right, asked).proportion_ci(level, method="exact")
    return float(interval.low), float(interval.high)


def wilson_interval(right: int, asked: int, level: float = LEVEL) -> tuple[float, float]:
    """Two-sided Wilson (1927): nearer to its level on average than the exact one, and at times a little below it."""
    interval = extra("scipy.stats").binomtest(right, asked).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def exact_lower(right: int, asked: int, level: float = LEVEL) -> float:
    """One-sided lower Clopper-Pearson bound of a share; 0 when nothing was asked."""
    return 0.0 if right == 0 else float(extra("scipy.stats").beta.ppf(1 - level, right, asked - right + 1))


def exact_upper(right: int, asked: int, level: float = LEVEL) -> float:
    """One-sided upper Clopper-Pearson bound of a share."""
    return 1.0 if right == asked else float(extra("scipy.stats").beta.ppf(level, right + 1, asked - right))


def betting_lower(scores: Sequence[float], level: float = LEVEL) -> float:
    """One-sided lower bound of the mean of independent scores from 0 to 1.

    It holds at any sample size and for any such distribution: hedged betting of Waudby-Smith and Ramdas (2024, arXiv
    2010.09686, section 4.2), with the bets of the predictable plug-in.
    """
    np = extra("numpy")
    x = np.asarray(scores, dtype=float)
    if x.size == 0:
        return 0.0
    bets = _plug_in_bets(x, 1 - level)
    grid = np.linspace(0.0, 1.0, _GRID)[1:]
    capped = np.minimum(bets[:, None], 0.75 / grid[None, :]) if x.size * _GRID <= 4_000_000 else None
    wealth = np.zeros(grid.size)
    most = np.zeros(grid.size)
    for at in range(x.size):
        bet = capped[at] if capped is not None else np.minimum(bets[at], 0.75 / grid)
        wealth += np.log1p(bet * (x[at] - grid))
        np.maximum(most, wealth, out=most)
    kept = grid[most < np.log(1 / (1 - level))]
    return float(max(0.0, kept[0] - 1 / (_GRID - 1))) if kept.size else 1.0


def betting_upper(scores: Sequence[float], level: float = LEVEL) -> float:
    """One-sided upper bound, the same way."""
    return 1.0 - betting_lower([1.0 - score for score in scores], level)


def _plug_in_bets(x: Any, alpha: float) -> Any:
    np = extra("numpy")
    n = x.size
    steps = np.arange(1, n + 1)
    means = (0.5 + np.cumsum(x)) / (steps + 1)
    spreads = (0.25 + np.cumsum((x - means) ** 2)) / (steps + 1)
    before = np.concatenate([[0.25], spreads[:-1]])
    return np.sqrt(2 * np.log(1 / alpha) / (before * n))


def bootstrap(
    count: int, statistic: Callable[[Any], Any], *shares: float, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, ...] | None:
    """Percentile bootstrap (Efron 1979) of a statistic of `count` independent units.

    `statistic` gets an array of unit indices and returns a number, or nan where it is not defined. The answer holds
    the quantiles at `shares`; `None` when it was defined too rarely. Approximate for few units.
    """
    np = extra("numpy")
    draw = np.random.default_rng(seed)
    values = np.array([statistic(draw.integers(0, count, count)) for _ in range(resamples)], dtype=float)
    values = values[~np.isnan(values)]
    if values.size < resamples * 0.9:
        return None
    return tuple(float(value) for value in np.quantile(values, shares))


def quantile_upper(values: Sequence[float], share: float, level: float = LEVEL) -> float | None:
    """One-sided upper bound of a quantile, exact for any distribution (order statistics, Conover 1999, section 3.2).

    `None` when there are too few values to bound it at all: 59 for the 0.95 quantile at 95 %.
    """
    n = len(values)
    rank = int(extra("scipy.stats").binom.ppf(level, n, share)) + 1
    return sorted(values)[rank - 1] if 1 <= rank <= n else None


def quantile_lower(values: Sequence[float], share: float, level: float = LEVEL) -> float | None:
    """One-sided lower bound of a quantile, the same way."""
    upper = quantile_upper([-value for value in values], 1 - share, level)
    return None if upper is None else -upper
