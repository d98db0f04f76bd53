"""What a host that speaks OpenAI's chat calls things, where hosts differ."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """Its words; `None` leaves those of the caller."""

    output_limit: str | None = None
    """The field with the limit of an answer: `max_tokens` or `max_completion_tokens`."""
    instructions: str | None = None
    """The role of instructions: `system` or `developer`."""


AS_IT_COMES = Profile()
"""Nothing is known of the host."""
