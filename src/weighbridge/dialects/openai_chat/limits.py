"""What OpenAI's chat format has no place for."""

from weighbridge.dialects.foreign import refuse_foreign
from weighbridge.domain.request import Request


def refuse_what_cannot_be_carried(request: Request) -> None:
    """Raise InvalidFieldError for the first wish in a foreign body that a host of this dialect cannot be told."""
    refuse_foreign(request, "OpenAI's chat format")
