"""Parts of a conversation that several formats want in the same other shape: read here once, refused in one voice."""

import orjson

from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.request import ToolCall, ToolResult

_BASE64_MARK = ";base64,"
_SHOWN_ID_CHARS = 60


def inline_content(url: str) -> tuple[str, str] | None:
    """Media type and base64 of a data URL; `None` for any other URL. Raises InvalidFieldError for a broken one."""
    if not url.startswith("data:"):
        return None
    media_type, _, encoded = url.removeprefix("data:").partition(_BASE64_MARK)
    if not (media_type and encoded):
        raise InvalidFieldError(
            "A picture in `messages` is a data URL without a media type or not in base64.",
            advice="Send it as `data:image/png;base64,...`.",
            param="messages",
        )
    return media_type, encoded


def inline_url(media_type: str, encoded: str) -> str:
    """The same as one URL."""
    return f"data:{media_type}{_BASE64_MARK}{encoded}"


def as_object_text(arguments: str) -> object | None:
    """A call's arguments as the object that many formats want, in their own spelling; `None` when they are none."""
    if not arguments or arguments.isspace():
        return {}
    try:
        value = orjson.loads(arguments)
    except ValueError:
        return None
    return orjson.Fragment(arguments) if type(value) is dict else None


def object_arguments(call: ToolCall, form: str) -> object:
    """The same of a call in a conversation. Raises InvalidFieldError when they are no object."""
    arguments = as_object_text(call.arguments)
    if arguments is None:
        raise InvalidFieldError(
            f"The arguments of the tool call {call.id[:_SHOWN_ID_CHARS]!r} in `messages` are not a JSON object.",
            advice=f"Send them as one JSON object; {form} takes nothing else.",
            param="messages",
        )
    return arguments


def nobody_called(result: ToolResult) -> InvalidFieldError:
    """The error for a result whose call is not in the conversation."""
    return InvalidFieldError(
        f"A tool result in `messages` answers {result.call_id[:_SHOWN_ID_CHARS]!r}, which nobody called.",
        advice="Send the assistant's turn with the call before its result.",
        param="messages",
    )
