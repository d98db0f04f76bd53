"""A learned router as a value: how likely is it that only the strong model gets a prompt right?"""

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

_WORD = re.compile(r"\b\w\w+\b")


@dataclass(frozen=True, slots=True)
class DifficultyModel:
    """Linear weights over words, a category and named numbers, and the calibration of their sum."""

    words: Mapping[str, tuple[float, float]]
    """Word or pair of words → inverse document frequency, weight."""
    categories: Mapping[str, float]
    """Category → weight; an unknown one has the weight 0."""
    numbers: Mapping[str, tuple[float, float, float, float]]
    """Name → mean, spread, weight, and the weight of not knowing it."""
    bias: float
    """Added to every sum."""
    knots: tuple[tuple[float, float], ...]
    """Sum → probability, rising; between two knots a straight line."""
    bindings: Mapping[str, str]
    """What it was learned from → sha256; it says nothing about another task or other models."""

    def raw(self, text: str, category: str | None, numbers: Mapping[str, float | None]) -> float:
        """The sum, to order prompts by: expected gain of asking the strong model."""
        total = self.bias + self.categories.get(category or "", 0.0) + self._of_words(text)
        for name, (mean, spread, weight, unknown) in self.numbers.items():
            value = numbers.get(name)
            total += unknown if value is None else weight * (value - mean) / spread
        return total

    def expected_gain(self, text: str, category: str | None, numbers: Mapping[str, float | None]) -> float:
        """The calibrated probability that the strong model is right where the weak one is wrong."""
        value = self.raw(text, category, numbers)
        at = bisect_right(self.knots, (value, math.inf))
        if at == 0 or at == len(self.knots):
            return self.knots[min(at, len(self.knots) - 1)][1]
        (low, start), (high, end) = self.knots[at - 1], self.knots[at]
        return end if high == low else start + (end - start) * (value - low) / (high - low)

    def _of_words(self, text: str) -> float:
        """TF-IDF with logarithmic counts and unit length, over words and pairs of neighbours."""
        single = _WORD.findall(text.lower())
        counts = Counter([*single, *(f"{one} {two}" for one, two in pairwise(single))])
        total = length = 0.0
        for term, count in counts.items():
            if term in self.words:
                idf, weight = self.words[term]
                value = (1 + math.log(count)) * idf
                total += value * weight
                length += value * value
        return total / math.sqrt(length) if length else 0.0
