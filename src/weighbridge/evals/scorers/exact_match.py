"""`exact_match`: the answer is the target."""

from weighbridge.domain.gate import ScorerRule
from weighbridge.evals.scorers.case import Case


def exact_match(case: Case, rule: ScorerRule) -> float:
    """1 when both are the same without case and surrounding space."""
    del rule
    return float(plain(case.text) == plain(case.target))


def plain(text: str) -> str:
    """Text without case and surrounding space."""
    return text.strip().casefold()
