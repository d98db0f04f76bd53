"""A conversation as Gemini's `contents`: https://ai.google.dev/api/caching#Content."""

from collections.abc import Iterable, Mapping, Sequence

import orjson

from weighbridge.dialects.carried import inline_content, nobody_called, object_arguments
from weighbridge.dialects.foreign import no_place
from weighbridge.dialects.gemini.signatures import NONE, parted
from weighbridge.domain.request import Audio, File, Image, Message, Part, Role, Text, Thought, ToolCall, ToolResult

FORM = "Gemini's format"
Wire = dict[str, object]
_INSTRUCTIONS = frozenset({Role.SYSTEM, Role.DEVELOPER})


def render_instructions(messages: Iterable[Message]) -> Wire | None:
    """System and developer text together; its place among the turns is lost, as the format has one place for it."""
    texts = [message.text for message in messages if message.role in _INSTRUCTIONS and message.text.strip()]
    return {"parts": [{"text": text} for text in texts]} if texts else None


def render_contents(messages: Sequence[Message]) -> list[Wire]:
    """The turns; what one side says in a row is one turn. Raises InvalidFieldError for what has no place in one."""
    names = {part.id: part.name for message in messages for part in message.parts if isinstance(part, ToolCall)}
    turns: list[Wire] = []
    for message in messages:
        if message.role in _INSTRUCTIONS:
            continue
        role = "model" if message.role is Role.ASSISTANT else "user"
        parts = [wire for part in message.parts if (wire := _render(part, names)) is not None]
        _sign(parts)
        if turns and turns[-1]["role"] == role:
            turns[-1] = {"role": role, "parts": [*_parts_of(turns[-1]), *parts]}
        elif parts:
            turns.append({"role": role, "parts": parts})
    return turns


def _parts_of(turn: Wire) -> list[object]:
    parts = turn["parts"]
    return parts if isinstance(parts, list) else []


def _sign(parts: list[Wire]) -> None:
    """Only the first call of a turn has to carry a signature."""
    first = next((part for part in parts if "functionCall" in part), None)
    if first is not None:
        first.setdefault("thoughtSignature", NONE)


def _render(part: Part, names: Mapping[str, str]) -> Wire | None:
    match part:
        case Text():
            return {"text": part.text} if part.text else None
        case Image() | Audio():
            return _attached(part.url)
        case File():
            if part.url is None:
                raise no_place("messages", "a file that another host keeps", FORM)
            return _attached(part.url)
        case Thought():
            return None  # of a turn that is over; what Gemini wants back is in the ids of its calls
        case ToolCall():
            return _call(part)
        case ToolResult():
            return _result(part, names)


def _call(call: ToolCall) -> Wire:
    own, signature = parted(call.id)
    wire: Wire = {"functionCall": {"id": own, "name": call.name, "args": object_arguments(call, "Gemini")}}
    return wire if signature is None else wire | {"thoughtSignature": signature}


def _result(result: ToolResult, names: Mapping[str, str]) -> Wire:
    if result.call_id not in names:
        raise nobody_called(result)
    try:
        value = orjson.loads(result.text)
    except ValueError:
        value = None
    response = value if type(value) is dict else {"result": result.text}
    own, _ = parted(result.call_id)
    return {"functionResponse": {"id": own, "name": names[result.call_id], "response": response}}


def _attached(url: str) -> Wire:
    content = inline_content(url)
    if content is None:
        return {"fileData": {"fileUri": url}}
    media_type, encoded = content
    return {"inlineData": {"mimeType": media_type, "data": encoded}}
