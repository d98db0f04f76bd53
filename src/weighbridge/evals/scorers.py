"""Scorers: how good an answer is beside its target, from 0 to 1."""

import re
from collections import Counter
from collections.abc import Callable, Mapping

Scorer = Callable[[str, str], float]
"""Answer and target → score."""
RELATIVE_TOLERANCE = 1e-6


def exact_match(answer: str, target: str) -> float:
    """1 when both are the same without case and surrounding space."""
    return float(answer.strip().casefold() == target.strip().casefold())


def contains(answer: str, target: str) -> float:
    """1 when the target occurs in the answer, in any case."""
    return float(target.strip().casefold() in answer.casefold())


def numeric(answer: str, target: str) -> float:
    """1 when both are numbers that differ by at most a millionth."""
    try:
        said, right = float(answer), float(target)
    except ValueError:
        return 0.0
    return float(abs(said - right) <= RELATIVE_TOLERANCE * max(1.0, abs(right)))


def token_f1(answer: str, target: str) -> float:
    """Harmonic mean of the shares of words that answer and target have in common (SQuAD, arXiv 1606.05250)."""
    said, right = (Counter(re.findall(r"\w+", text.casefold())) for text in (answer, target))
    common = (said & right).total()
    return 2 * common / (said.total() + right.total()) if common else 0.0


SCORERS: Mapping[str, Scorer] = {
    "exact_match": exact_match,
    "contains": contains,
    "numeric": numeric,
    "token_f1": token_f1,
}
PROPORTIONS = frozenset({"exact_match", "contains", "numeric"})
"""Scorers that say right or wrong, so that exact binomial bounds hold."""
