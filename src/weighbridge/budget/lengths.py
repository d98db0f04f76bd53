"""How long the answers of each task have been, to know what nearly always suffices."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Mapping, Sequence

KEPT = 500
"""Answers of a task that are remembered."""
FEWEST = 20
"""Of fewer answers nothing is concluded."""
COVERED_PERCENT = 95


class OutputLengths:
    """Output tokens of the newest answers, by task."""

    def __init__(self, known: Mapping[str, Sequence[int]] | None = None) -> None:
        self._of: dict[str, _Newest] = {}
        for task, lengths in (known or {}).items():
            for length in lengths:
                self.note(task, length)

    def note(self, task: str, tokens: int) -> None:
        """Another answer."""
        self._of.setdefault(task, _Newest()).add(tokens)

    def usual(self, task: str) -> int | None:
        """A length that the next answer stays within in 95 of 100 cases, if answers stay as they are; `None` while too
        few are known. It is the order statistic of rank 0.95 (n + 1) (Vovk et al., "Algorithmic Learning in a Random
        World", 2005), not the sample's quantile, which is exceeded more often."""
        known = self._of.get(task)
        if known is None or len(known.by_size) < FEWEST:
            return None
        rank = -(-COVERED_PERCENT * (len(known.by_size) + 1) // 100)
        return known.by_size[min(rank, len(known.by_size)) - 1]


class _Newest:
    """The newest numbers, in the order in which they came and by size."""

    __slots__ = ("_by_age", "by_size")

    def __init__(self) -> None:
        self._by_age: deque[int] = deque()
        self.by_size: list[int] = []

    def add(self, number: int) -> None:
        self._by_age.append(number)
        insort(self.by_size, number)
        if len(self._by_age) > KEPT:
            del self.by_size[bisect_left(self.by_size, self._by_age.popleft())]
