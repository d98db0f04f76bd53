"""How much a model is to think before it answers, in no provider's format."""

from dataclasses import dataclass
from enum import StrEnum

LEAST_BUDGET_TOKENS = 1_024
"""Anthropic's models take no smaller one."""


class Effort(StrEnum):
    """In words, least first."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


class ReasoningStyle(StrEnum):
    """How a model is told of it."""

    EFFORT = "effort"
    """A word."""
    BUDGET = "budget"
    """Tokens."""
    ADAPTIVE = "adaptive"
    """It decides by itself, under a word."""


BUDGETS = {
    Effort.MINIMAL: LEAST_BUDGET_TOKENS,
    Effort.LOW: 2_048,
    Effort.MEDIUM: 8_192,
    Effort.HIGH: 16_384,
    Effort.XHIGH: 32_768,
    Effort.MAX: 65_536,
}
"""Our own convention where one format says a word and the other tokens: no provider says what its words mean."""


@dataclass(frozen=True, slots=True)
class Reasoning:
    """What the caller wants."""

    effort: Effort | None = None
    """As a word."""
    budget_tokens: int | None = None
    """As tokens."""

    @property
    def is_off(self) -> bool:
        """It is not to think, or as little as it can."""
        return self.effort is Effort.NONE

    @property
    def word(self) -> Effort:
        """The word for it: the least whose budget holds what was asked for."""
        if self.effort is not None:
            return self.effort
        if self.budget_tokens is None:
            return Effort.MEDIUM
        return next((word for word, tokens in BUDGETS.items() if tokens >= self.budget_tokens), Effort.MAX)

    def tokens(self, output_limit: int) -> int | None:
        """The budget for it, below the limit of the whole answer; `None` where that leaves no room to think."""
        wanted = self.budget_tokens or BUDGETS.get(self.word, 0)
        most = output_limit - 1
        return None if most < LEAST_BUDGET_TOKENS or not wanted else max(LEAST_BUDGET_TOKENS, min(wanted, most))
