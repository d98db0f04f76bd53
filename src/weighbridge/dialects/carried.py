"""Parts of a conversation that several formats want in the same other shape: read here once, refused in one voice."""

import orjson

from weighbridge.dialects.attachments import AUDIO_TYPES
from weighbridge.dialects.foreign import no_place
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.request import Audio, File, ToolCall, ToolResult

_BASE64_MARK = ";base64,"
_SHOWN_ID_CHARS = 60


def inline_content(url: str) -> tuple[str, str] | None:
    """Media type and base64 of a data URL; `None` for any other URL. Raises InvalidFieldError for a broken one."""
    if not url.startswith("data:"):
        return None
    media_type, _, encoded = url.removeprefix("data:").partition(_BASE64_MARK)
    if not (media_type and encoded):
        raise InvalidFieldError(
            "Something in `messages` is a data URL without a media type or not in base64.",
            advice="Send it as `data:MEDIA/TYPE;base64,...`.",
            param="messages",
        )
    return media_type, encoded


def inline_url(file: File, form: str) -> str:
    """The data URL of a file that is inside the call. Raises InvalidFieldError for one that is not."""
    if file.url is None or not file.url.startswith("data:"):
        raise no_place("messages", "a file by its address or number", form)
    return file.url


def openai_audio(audio: Audio, form: str) -> dict[str, object]:
    """`data` and `format`, as OpenAI's formats have them. Raises InvalidFieldError for a format that they have not."""
    media_type, encoded = inline_content(audio.url) or ("", "")
    formats = {known: name for name, known in AUDIO_TYPES.items()}
    if media_type not in formats:
        raise no_place("messages", f"a recording of the type {media_type}", form)
    return {"data": encoded, "format": formats[media_type]}


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
