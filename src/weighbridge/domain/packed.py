"""What is really sent: the conversation inside its token budget, and what had to go."""

from dataclasses import dataclass

from weighbridge.domain.conversation import StateNote
from weighbridge.domain.evidence import Evidence
from weighbridge.domain.material import Source
from weighbridge.domain.request import Message
from weighbridge.domain.usage import TokenCount


@dataclass(frozen=True, slots=True)
class DroppedMessage:
    """A message that did not fit."""

    index: int
    """Its place in the caller's conversation, from 0."""
    tokens: int
    """Its size."""


@dataclass(frozen=True, slots=True)
class Packed:
    """The answer of the assemble stage."""

    messages: tuple[Message, ...]
    """Instructions first, then the conversation that fits, oldest first."""
    count: TokenCount
    """Size of all messages."""
    dropped: tuple[DroppedMessage, ...] = ()
    """What was left out; empty unless the task allows compaction."""
    sources: tuple[Source, ...] = ()
    """The sources that are shown, `is_deprecated` for those that are not in force."""
    evidence: Evidence | None = None
    """Why just those; `None` where there is nothing to choose from."""
    state: StateNote | None = None
    """What stands for the older part of the conversation; `None`: nothing had to."""
