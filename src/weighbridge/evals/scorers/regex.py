"""`regex`: the answer matches a pattern."""

from weighbridge.domain.gate import ScorerRule
from weighbridge.domain.patterns import linear_pattern
from weighbridge.evals.scorers.case import Case


def regex(case: Case, rule: ScorerRule) -> float:
    """1 when the rule's pattern, or else the sample's target, occurs in the answer. Linear-time syntax."""
    try:
        return float(linear_pattern(rule.pattern or case.target).occurs_in(case.text))
    except ValueError:
        return 0.0
