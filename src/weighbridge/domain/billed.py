"""What a provider says that was used, beside what we know of it."""

from dataclasses import dataclass

from weighbridge.domain.money import Money


@dataclass(frozen=True, slots=True)
class Billed:
    """A row of a provider's usage export."""

    begins: float
    """Seconds since the epoch."""
    ends: float
    """The first moment that does not count any more."""
    model: str
    """As the provider names it."""
    input_tokens: int
    """All input, cached or not."""
    output_tokens: int
    """All output."""
    request_id: str | None = None
    """The provider's id of one answer; `None` for a row that sums several."""
    key: str | None = None
    """Whose it is, where the export says it in our names."""
    cost: Money | None = None
    """What the provider asks for it; `None`: it does not say."""


@dataclass(frozen=True, slots=True)
class Known:
    """A call as our records have it."""

    at: float
    """Seconds since the epoch: when its request came."""
    model: str
    """As the host named it, or as the config names it to the host."""
    key: str
    """Who asked."""
    record_id: str
    """Where it stands."""
    provider_id: str | None = None
    """The provider's id of the answer."""
    input_tokens: int | None = None
    """`None`: unknown."""
    output_tokens: int | None = None
    """`None`: unknown."""
    cost: Money | None = None
    """`None`: unknown."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One model in one stretch of time, or one answer: what either side says."""

    what: str
    """A day or an answer's id."""
    model: str
    """As the provider names it."""
    key: str | None
    """Whose it is, where the export tells them apart."""
    billed_tokens: int
    """Input and output by the provider."""
    known_tokens: int
    """The same by our records."""
    calls: int
    """Of ours."""
    unknown: int
    """Of these, such as have no known usage: cut off, or timed out."""
    billed_cost: Money | None = None
    """`None`: the export does not say."""
    known_cost: Money | None = None
    """`None`: of one call it is unknown."""

    @property
    def off(self) -> float:
        """How far the provider's tokens lie from ours, as a share of the provider's; 1 where only one side has any."""
        larger = max(self.billed_tokens, self.known_tokens)
        return abs(self.billed_tokens - self.known_tokens) / larger if larger else 0.0
