"""What is really sent: the conversation inside its token budget, and what had to go."""

from dataclasses import dataclass

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
