"""`numeric`: the answer is the right number."""

import math

from weighbridge.domain.gate import ScorerRule
from weighbridge.evals.scorers.case import Case


def numeric(case: Case, rule: ScorerRule) -> float:
    """1 when both are finite numbers that differ by at most the tolerance, relative to the target or to 1."""
    try:
        said, right = float(case.text), float(case.target)
    except ValueError:
        return 0.0
    is_finite = math.isfinite(said) and math.isfinite(right)
    return float(is_finite and abs(said - right) <= rule.tolerance * max(1.0, abs(right)))
