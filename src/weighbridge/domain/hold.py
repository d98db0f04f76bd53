"""Money set aside before a call, and what became of it."""

from dataclasses import dataclass

from weighbridge.domain.budget import Account
from weighbridge.domain.money import ZERO, Money


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
class Demand:
    """What is asked for one call: its input for certain, and an output between what nearly always suffices and what
    may come at most."""

    input_tokens: int
    """Counted."""
    least_output_tokens: int
    """With less the call is not worth making."""
    most_output_tokens: int
    """The longest answer that may come."""
    input_cost: Money | None
    """`None` when the price is unknown."""
    output_cost: Money | None
    """Of one output token; `None` when the price is unknown."""
    choices: int = 1
    """Alternative answers, each of that length."""

    def cost(self, output_tokens: int) -> Money | None:
        """What it costs with answers of this length."""
        if self.input_cost is None or self.output_cost is None:
            return None
        return self.input_cost + self.output_cost * (output_tokens * self.choices)

    def tokens(self, output_tokens: int) -> int:
        """What it uses with answers of this length."""
        return self.input_tokens + output_tokens * self.choices


@dataclass(frozen=True, slots=True)
class HeldFor:
    """Which request money is set aside for."""

    record_id: str
    """Its record."""
    until: float
    """Seconds since the epoch: a hold that nobody ended by then counts as spent."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Money reserved in every budget that covers the request."""

    id: str
    """Unique; empty where no budget covers it."""
    amount: Money | None
    """What is set aside; `None` when the price is unknown."""
    output_tokens: int
    """The longest answer that it pays for."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How full a budget is, for one holder, in its present period."""

    account: Account
    """Which."""
    spent: Money = ZERO
    """Settled, unknown costs counted as held."""
    held: Money = ZERO
    """Set aside for requests that are running, in any process."""
    spent_tokens: int = 0
    """Settled."""
    held_tokens: int = 0
    """Set aside."""

    @property
    def left(self) -> Money | None:
        """What may still be held; below zero when a provider counted more than was estimated; `None` without limit."""
        limit = self.account.budget.limit
        return None if limit is None else limit - self.spent - self.held

    @property
    def left_tokens(self) -> int | None:
        """The same in tokens."""
        limit = self.account.budget.limit_tokens
        return None if limit is None else limit - self.spent_tokens - self.held_tokens

    @property
    def used(self) -> float:
        """The used share of the limit, holds included; of two limits the fuller one."""
        budget, shares = self.account.budget, [0.0]
        if budget.limit is not None:
            used = self.spent + self.held
            shares.append(used.pico / budget.limit.pico if budget.limit.pico else 1.0)
        if budget.limit_tokens is not None:
            shares.append((self.spent_tokens + self.held_tokens) / budget.limit_tokens if budget.limit_tokens else 1.0)
        return max(shares)


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of a hold."""

    hold_id: str
    """Which hold."""
    cost: Money | None
    """What the calls really cost; `None` when unknown, and then the held amount stays counted."""
    tokens: int | None = None
    """What they really used; `None` when unknown, and then the held number stays counted."""
