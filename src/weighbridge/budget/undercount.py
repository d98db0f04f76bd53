"""How far a provider's count of an input may lie above ours, so that a hold pays for what will be billed.

Our vocabularies count text; providers add marks for roles, tools and formats, and `words` is an estimate to begin with.
"""

from collections import deque

from weighbridge.domain.usage import WORDS

FIXED_TOKENS = 64
"""What a provider adds whatever the input's length."""
AT_FIRST = 1.1
AT_FIRST_BY_WORDS = 1.5
"""Before a model has told any count of its own."""
AT_MOST = 4.0
"""One odd count, of a picture for example, does not tie up the money of all that follow."""
KEPT = 500


class Undercounts:
    """The largest ratio of late between a provider's count and ours, by model."""

    def __init__(self) -> None:
        self._of: dict[str, deque[float]] = {}
        self._largest: dict[str, float] = {}

    def note(self, model: str, counted: int, told: int) -> None:
        """What we counted, and what the provider told of the same input."""
        ratio = min(max((told - FIXED_TOKENS) / max(1, counted), 1.0), AT_MOST)
        known = self._of.setdefault(model, deque())
        known.append(ratio)
        forgotten = known.popleft() if len(known) > KEPT else 0.0
        largest = self._largest.get(model, 1.0)
        self._largest[model] = max(known) if forgotten == largest > 1.0 else max(largest, ratio)

    def at_most(self, model: str, tokens: int, tokenizer: str) -> int:
        """What the provider will hardly count above, where we count `tokens`."""
        first = AT_FIRST_BY_WORDS if tokenizer == WORDS else AT_FIRST
        return int(tokens * self._largest.get(model, first)) + 1 + FIXED_TOKENS
