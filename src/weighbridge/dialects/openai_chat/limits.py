"""What OpenAI's chat format has no place for, and would be another request without."""

from weighbridge.dialects.openai_chat.messages import FORM, render_messages
from weighbridge.domain.request import Request

__all__ = ["FORM", "check"]


def check(request: Request) -> None:
    """Raise InvalidFieldError for the first part that a host of this dialect cannot be told."""
    if request.dialect != "openai_chat" or request.body is None:
        render_messages(request.messages)
