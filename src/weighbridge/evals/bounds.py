"""What a count of right answers proves."""

from weighbridge.domain.errors import CommandError


def exact_bounds(right: int, asked: int, confidence: float = 0.95) -> tuple[float, float]:
    """The two-sided Clopper-Pearson interval (1934); it holds the true rate in at least `confidence` of all cases.

    Raises CommandError when scipy is not installed.
    """
    try:
        from scipy.stats import binomtest
    except ImportError:
        raise CommandError("Bounds need scipy.", advice="pip install weighbridge[evals]") from None
    interval = binomtest(right, asked).proportion_ci(confidence, method="exact")
    return float(interval.low), float(interval.high)
