"""What was written of a task since its drift was last looked at."""

from dataclasses import dataclass

from weighbridge.domain.drift import Monitor, Watched
from weighbridge.domain.record import Record


@dataclass(frozen=True, slots=True)
class Hindsight:
    """What turned out about an answer after its record was written."""

    record: Record
    """The request's record."""
    monitor: Monitor
    """`CORRECTED` or `JUDGE`."""
    value: float
    """1 when a person changed the answer, else 0; or the judge's score."""


@dataclass(frozen=True, slots=True)
class News:
    """What was written since the watch last looked."""

    records: tuple[Record, ...]
    """In the order of writing."""
    hindsights: tuple[Hindsight, ...]
    """In the order of writing."""
    watched: tuple[Watched, ...]
    """Every model's state up to here, of the same moment: what comes of the news goes on from it."""
    begun: tuple[int, int]
    """Where it begins, in both."""
    seen: tuple[int, int]
    """Where it ends, in both."""
    is_all: bool
    """Nothing more was there."""
