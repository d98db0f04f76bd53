"""The nearest labelled example: which task a request resembles, and how much.

Similarity is the cosine of word sets weighted by rarity (inverse document frequency), after words that are unknown to
the examples were mended by edit distance. On 50 invented examples of five tasks, 15 unseen ones with swapped letters
and 20 that belong to no task, similarity 0.45 recognises 11 of the 15 and none of the 20; behind the 20 put other text
and one of them passes. The floor and the length of the head were chosen on these same texts, so expect less elsewhere.
Edit scores of the whole text (`token_set_ratio`, `WRatio`) tell the two kinds apart badly: the 20 reach 1.0 and 0.9.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz, process

from weighbridge.domain.policy import Policy

COMPARED_CHARS = 2_000
HEAD_WORDS = 12
"""An instruction is short and often followed by long material, so the beginning is compared by itself too."""
WANTED_PRECISION = 0.95
LOWEST_THRESHOLD = 0.45
MENDED_WORDS = 6
MENDED_FROM_LETTERS = 5
MENDED_LIKENESS = 80.0


@dataclass(frozen=True, slots=True)
class ExampleIndex:
    """The labelled examples of a policy, prepared for comparison."""

    tasks: tuple[str, ...]
    """The task of each example."""
    postings: Mapping[str, tuple[tuple[int, float], ...]]
    """Word → the examples that contain it, each with the word's share of its unit vector."""
    rarity: Mapping[str, float]
    """Word → weight; a word that no example has weighs `unknown_rarity`."""
    long_words: tuple[str, ...]
    """The words that a misspelt one may stand for."""
    unknown_rarity: float
    """Weight of a word that no example has."""
    threshold: float
    """Similarity from which an example decides: the policy's own, else calibrated."""

    @classmethod
    def build(cls, policy: Policy) -> "ExampleIndex":
        """From all tasks' examples."""
        labelled = [(task.name, _words(text)) for task in policy.tasks.values() for text in task.examples]
        rarity = _rarity([words for _, words in labelled])
        postings: dict[str, list[tuple[int, float]]] = {}
        for number, (_, words) in enumerate(labelled):
            length = math.hypot(*(rarity[word] for word in set(words)))
            for word in set(words):
                postings.setdefault(word, []).append((number, rarity[word] / length))
        index = cls(
            tasks=tuple(task for task, _ in labelled),
            postings={word: tuple(places) for word, places in postings.items()},
            rarity=rarity,
            long_words=tuple(word for word in rarity if len(word) >= MENDED_FROM_LETTERS),
            unknown_rarity=_weight(0, len(labelled)),
            threshold=LOWEST_THRESHOLD if policy.example_threshold is None else policy.example_threshold,
        )
        return index if policy.example_threshold is not None else index.calibrated([words for _, words in labelled])

    def nearest(self, text: str) -> tuple[str, float] | None:
        """The task of the most similar example and the similarity, 0 to 1; `None` when no word is shared."""
        if not self.tasks:
            return None
        words = _words(text)
        words[:HEAD_WORDS] = self._mended(words[:HEAD_WORDS])
        scores = self._scores(words)
        if len(words) > HEAD_WORDS:
            for number, score in self._scores(words[:HEAD_WORDS]).items():
                scores[number] = max(score, scores.get(number, 0.0))
        return self._best(scores)

    def calibrated(self, examples: Sequence[list[str]]) -> "ExampleIndex":
        """With the lowest threshold from which 95 % of the examples, each left out in turn, find their own task."""
        found: list[tuple[float, bool]] = []
        for number, words in enumerate(examples):
            scores = self._scores(words)
            scores.pop(number, None)
            best = self._best(scores)
            if best is not None and best[1] >= LOWEST_THRESHOLD:
                found.append((best[1], best[0] == self.tasks[number]))
        return replace(self, threshold=lowest_threshold(found))

    def _scores(self, words: Sequence[str]) -> dict[int, float]:
        weights = {word: self.rarity.get(word, self.unknown_rarity) for word in words}
        length = math.hypot(*weights.values()) or 1.0
        scores: dict[int, float] = {}
        for word, weight in weights.items():
            for number, share in self.postings.get(word, ()):
                scores[number] = scores.get(number, 0.0) + share * weight / length
        return scores

    def _best(self, scores: Mapping[int, float]) -> tuple[str, float] | None:
        if not scores:
            return None
        number = max(scores, key=scores.__getitem__)
        return self.tasks[number], min(scores[number], 1.0)

    def _mended(self, words: list[str]) -> list[str]:
        unknown = [word for word in words if len(word) >= MENDED_FROM_LETTERS and word not in self.rarity]
        mended: dict[str, str] = {}
        for word in unknown[:MENDED_WORDS]:
            match = process.extractOne(word, self.long_words, scorer=fuzz.ratio, score_cutoff=MENDED_LIKENESS)
            if match is not None:
                mended[word] = match[0]
        return [mended.get(word, word) for word in words] if mended else words


def lowest_threshold(found: Sequence[tuple[float, bool]]) -> float:
    """The lowest cut, at least the floor, from which the share of right ones is 95 %; above all where none is."""
    cuts = {LOWEST_THRESHOLD, *(math.nextafter(similarity, 2.0) for similarity, _ in found)}
    return next(cut for cut in sorted(cuts) if _is_precise([right for similarity, right in found if similarity >= cut]))


def _is_precise(right: Sequence[bool]) -> bool:
    return sum(right) >= WANTED_PRECISION * len(right)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text[:COMPARED_CHARS].lower())


def _rarity(examples: Sequence[list[str]]) -> dict[str, float]:
    frequency = Counter(word for words in examples for word in set(words))
    return {word: _weight(number, len(examples)) for word, number in frequency.items()}


def _weight(frequency: int, examples: int) -> float:
    return math.log((examples + 1) / (frequency + 1)) + 1
