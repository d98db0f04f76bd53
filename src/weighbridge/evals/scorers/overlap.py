"""`token_f1` and `rouge_l`: how many words answer and target share, and in which order."""

import re
from collections import Counter

from rapidfuzz.distance import LCSseq

from weighbridge.domain.gate import ScorerRule
from weighbridge.evals.scorers.case import Case


def token_f1(case: Case, rule: ScorerRule) -> float:
    """Harmonic mean of the shares of words that both have in common (SQuAD, arXiv 1606.05250)."""
    del rule
    said, right = Counter(_words(case.text)), Counter(_words(case.target))
    return _f1((said & right).total(), said.total(), right.total())


def rouge_l(case: Case, rule: ScorerRule) -> float:
    """F1 over the longest common subsequence of words (Lin 2004, section 3, beta 1, without stemming)."""
    del rule
    said, right = _words(case.text), _words(case.target)
    return _f1(int(LCSseq.similarity(said, right)), len(said), len(right))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _f1(common: int, said: int, right: int) -> float:
    return 2 * common / (said + right) if common else 0.0
