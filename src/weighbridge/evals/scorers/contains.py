"""`contains`: the target occurs in the answer."""

from weighbridge.domain.gate import ScorerRule
from weighbridge.evals.scorers.case import Case


def contains(case: Case, rule: ScorerRule) -> float:
    """1 when it occurs, in any case."""
    del rule
    return float(case.target.strip().casefold() in case.text.casefold())
