"""Answers that are kept to be given again."""

from dataclasses import dataclass

from weighbridge.domain.money import Money
from weighbridge.domain.usage import Usage


@dataclass(frozen=True, slots=True)
class CacheRule:
    """How long a task's answers are given again to the very same request."""

    keep_s: float
    """Seconds."""
    is_shared: bool = False
    """Among all keys; else each key gets its own answers only."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A valid answer of a model."""

    text: str
    """What it said."""
    model: str
    """Portfolio name of the model that said it."""
    record_id: str
    """The record of the request for which it was made."""
    usage: Usage | None = None
    """What it consumed then."""
    cost: Money | None = None
    """What that request cost; `None` when unknown."""


@dataclass(frozen=True, slots=True)
class CacheHit:
    """For the record: an answer was given again."""

    of: str
    """The record of the request for which it was made."""
    model: str
    """Portfolio name of the model that said it."""
    saved: Money | None
    """What that request cost; `None` when unknown."""
