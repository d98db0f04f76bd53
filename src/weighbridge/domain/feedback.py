"""What somebody said of an answer afterwards."""

from dataclasses import dataclass
from enum import StrEnum


class Thumbs(StrEnum):
    """Good or bad, in one gesture."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Feedback:
    """One remark on one record. At least one of thumbs, label and text says something."""

    id: str
    """`fb_` and a time-ordered identifier."""
    record_id: str
    """What it is about."""
    created_at: str
    """UTC, RFC 3339."""
    caller: str
    """Who said it."""
    thumbs: Thumbs | None = None
    """Good or bad."""
    label: str | None = None
    """The right answer where that is a label, or a category of what was wrong."""
    text: str | None = None
    """In words."""
