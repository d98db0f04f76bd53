"""A secret that was resolved from its reference."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A resolved secret that cannot be printed by accident."""

    reference: str
    """Where it came from, `${env:NAME}` or `${file:PATH}`; safe to show."""
    value: str = field(repr=False, compare=False)
    """The secret. Only the transport and the key check read it."""
