"""A long conversation: what stands for its older part."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConversationRule:
    """How a task keeps long conversations within their budget."""

    model: str
    """Portfolio model that reads the older messages; it must be allowed to see them."""
    max_tokens: int = 800
    """Longest state."""
    keep_messages: int = 4
    """So many of the newest messages stay word for word, whatever happens."""
    schema_json: str | None = None
    """JSON Schema of the state as JSON text; `None` for the gateway's own."""
    keep_s: float = 86_400.0
    """For how long a state is kept for the next call."""


@dataclass(frozen=True, slots=True)
class ConversationState:
    """What stands in place of the oldest messages."""

    covered: int
    """So many messages from the beginning of the caller's conversation."""
    state_json: str
    """JSON that fits the schema; each entry refers to the message that it comes from."""
    is_reused: bool = False
    """An earlier call had it made."""


@dataclass(frozen=True, slots=True)
class StateNote:
    """For the record: how much of the conversation stands as state."""

    covered: int
    """So many messages from the beginning."""
    tokens: int
    """Its size."""
    is_reused: bool
    """An earlier call had it made and paid for it."""
