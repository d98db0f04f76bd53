"""In which language an answer is written, as far as its length tells."""

from functools import cache
from typing import Protocol

FEWEST_LETTERS = 30
"""A shorter text may be a name, a code or a loan word: its language is unknown, and unknown is not wrong."""
CLEAR_MARGIN = 10.0
"""By how much, in log-probability, another language has to be likelier than each wanted one."""
MOST_CHARS = 4_000
"""The beginning of a long text says enough: about 2 ms."""


class Ranker(Protocol):
    """What is used of the library."""

    def __call__(self, text: str) -> list[tuple[str, float]]:
        """Languages (ISO 639-1) with their log-probabilities, the likeliest first."""
        ...


def other_language(text: str, wanted: tuple[str, ...]) -> str | None:
    """The language of `text` when it is clearly none of `wanted` (ISO 639-1), else `None`."""
    sample = text[:MOST_CHARS]
    if sum(char.isalpha() for char in sample) < FEWEST_LETTERS:
        return None
    ranked = _ranker()(sample)
    best, likelihood = ranked[0]
    of_wanted = max((value for name, value in ranked if name in wanted), default=float("-inf"))
    return best if likelihood - of_wanted >= CLEAR_MARGIN else None


def is_known_language(code: str) -> bool:
    """The library can tell it from others. Raises ImportError when the library is not installed."""
    return code in {name for name, _ in _ranker()("a")}


@cache
def _ranker() -> Ranker:
    from py3langid import rank

    ranker: Ranker = rank
    return ranker
