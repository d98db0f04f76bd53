"""Money set aside before a call, and what became of it."""

from dataclasses import dataclass
from datetime import date

from weighbridge.domain.money import Money
from weighbridge.domain.policy import Budget


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one attempt on one model would use at most."""

    input_tokens: int
    """Size of the packed input by the model's tokenizer."""
    output_tokens: int
    """The longest answer that may come."""
    cost: Money | None
    """The price of both; `None` when the model's price is unknown."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Money reserved in every budget that covers the request."""

    id: str
    """Unique; a hold is settled or released exactly once."""
    amount: Money | None
    """The upper estimate; `None` when the price is unknown and the task allows that."""
    budgets: tuple[str, ...]
    """Names of the budgets it counts against."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How full a budget is in its present period."""

    budget: Budget
    """Which."""
    spent: Money
    """Settled, unknown costs counted as held."""
    held: Money
    """Set aside for requests that are running in this process."""
    resets_on: date | None
    """First day of the next period, UTC; `None` for a budget that never begins anew."""

    @property
    def left(self) -> Money:
        """What may still be held; below zero when a provider counted more than was estimated."""
        return self.budget.limit - self.spent - self.held


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of a hold."""

    hold_id: str
    """Which hold."""
    cost: Money | None
    """What the calls really cost; `None` when unknown, and then the held amount stays counted."""
