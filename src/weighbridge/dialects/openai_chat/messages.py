"""Conversation turns in OpenAI's shape, both ways: https://platform.openai.com/docs/api-reference/chat/create."""

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from weighbridge.dialects.attachments import file_of, picture, recording
from weighbridge.dialects.carried import inline_url, openai_audio
from weighbridge.dialects.fields import (
    Fields,
    as_object,
    invalid,
    join,
    need_object,
    need_text,
    one_of,
    read_list,
    read_text,
)
from weighbridge.domain.errors import EmptyInputError, InvalidFieldError
from weighbridge.domain.request import Attachment, Audio, File, Image, Message, Part, Role, Text, ToolCall, ToolResult

ROLES = tuple(role.value for role in Role)
_ROLE: dict[object, Role] = {role.value: role for role in Role}
_INSTRUCTIONS = frozenset({Role.SYSTEM, Role.DEVELOPER})
FORM = "OpenAI's chat format"


def parse_messages(items: list[object] | None, path: str = "messages") -> tuple[Message, ...]:
    """The conversation. Raises InvalidFieldError naming the place, EmptyInputError when there is nothing to answer."""
    if items is None:
        raise invalid(path, "a list of at least one message", None)
    if not items:
        raise EmptyInputError(f"`{path}` is empty.", advice="Send at least one message with text.", param=path)
    messages = tuple([_parse_message(item, f"{path}[{index}]") for index, item in enumerate(items)])
    if not _says_something(messages):
        raise EmptyInputError("The messages hold nothing but space.", advice="Send a prompt.", param=path)
    return messages


def _says_something(messages: tuple[Message, ...]) -> bool:
    """A turn of the conversation has content; instructions count only where they are all there is."""
    turns = [message for message in messages if message.role not in _INSTRUCTIONS]
    return any(_has_content(part) for message in turns or messages for part in message.parts)


def _has_content(part: Part) -> bool:
    return not isinstance(part, Text) or not (part.text == "" or part.text.isspace())


def _parse_message(item: object, path: str) -> Message:
    fields = as_object(item, path)
    role = _ROLE.get(fields.get("role")) if type(fields.get("role")) is str else None
    content = fields.get("content")
    if role is None:
        raise _unknown_role(fields.get("role"), join(path, "role"))
    if role is Role.TOOL:
        call_id = need_text(fields, "tool_call_id", path)
        return Message(role, (ToolResult(call_id, _tool_output(content, join(path, "content"))),))
    if role is Role.ASSISTANT:
        return Message(role, _assistant_parts(fields, path))
    if type(content) is str:
        return Message(role, (Text(content),))
    return Message(role, _parse_parts(content, join(path, "content")))


def _unknown_role(value: object, param: str) -> InvalidFieldError:
    if value == "function":
        return InvalidFieldError(
            f"`{param}` may not be `function`.", advice="Answer tool calls with the role `tool`.", param=param
        )
    return invalid(param, f"one of {', '.join(ROLES)}", value)


def _assistant_parts(fields: dict[str, object], path: str) -> tuple[Part, ...]:
    if fields.get("function_call") is not None:
        param = join(path, "function_call")
        raise InvalidFieldError(f"`{param}` is not supported.", advice="Use `tool_calls`.", param=param)
    content, refusal = fields.get("content"), read_text(fields, "refusal", path)
    calls = read_list(fields, "tool_calls", path) or []
    parts: list[Part] = [_parse_call(call, f"{path}.tool_calls[{index}]") for index, call in enumerate(calls)]
    if refusal:
        parts.insert(0, Text(refusal))
    if content is None and parts:
        return tuple(parts)
    if type(content) is str:
        return (Text(content), *parts) if content or not parts else tuple(parts)
    return (*_parse_parts(content, join(path, "content")), *parts)


def _parse_call(item: object, path: str) -> ToolCall:
    fields = as_object(item, path)
    call_id = need_text(fields, "id", path)
    if fields.get("type") == "custom":
        custom, at = need_object(fields, "custom", path), join(path, "custom")
        return ToolCall(call_id, need_text(custom, "name", at), read_text(custom, "input", at) or "")
    function, at = need_object(fields, "function", path), join(path, "function")
    return ToolCall(call_id, need_text(function, "name", at), read_text(function, "arguments", at) or "")


def _tool_output(content: object, path: str) -> str:
    if type(content) is str:
        return content
    parts = _parse_parts(content, path)
    if not all(isinstance(part, Text) for part in parts):
        raise InvalidFieldError(
            f"`{path}` of a tool message may hold only text.", advice="Send all else in a user message.", param=path
        )
    return "\n".join(part.text for part in parts if isinstance(part, Text))


def _parse_parts(content: object, path: str) -> tuple[Part, ...]:
    if type(content) is not list or not content:
        raise invalid(path, "text or a list of at least one part", content)
    return tuple([_parse_part(item, f"{path}[{index}]") for index, item in enumerate(content)])


def _parse_part(item: object, path: str) -> Part:
    fields = as_object(item, path)
    kind = one_of(fields.get("type"), _KINDS, join(path, "type"))
    if kind == "image_url":
        at = join(path, "image_url")
        return picture(need_text(need_object(fields, "image_url", path), "url", at), join(at, "url"))
    if kind in _ATTACHED:
        return _ATTACHED[kind](need_object(fields, kind, path), join(path, kind))
    text = read_text(fields, kind, path)
    if text is None:
        raise invalid(join(path, kind), "text", None)
    return Text(text)


_ATTACHED: Mapping[str, Callable[[Fields, str], Part]] = {"input_audio": recording, "file": file_of}
_KINDS = ("text", "image_url", "refusal", *_ATTACHED)


def render_messages(messages: Iterable[Message]) -> list[dict[str, object]]:
    """The conversation on the wire. A turn with tool results becomes one `tool` message for each, then the rest. Raises
    InvalidFieldError for a recording or file that has no place."""
    return [wire for message in messages for wire in _render_message(message)]


def _render_message(message: Message) -> list[dict[str, object]]:
    wire: list[dict[str, object]] = [
        {"role": "tool", "tool_call_id": part.call_id, "content": part.text}
        for part in message.parts
        if isinstance(part, ToolResult)
    ]
    calls = [_render_call(part) for part in message.parts if isinstance(part, ToolCall)]
    shown = [part for part in message.parts if isinstance(part, Text | Attachment)]
    if calls:
        wire.append({"role": message.role.value, "content": _render_content(shown), "tool_calls": calls})
    elif shown or not wire:
        wire.append({"role": message.role.value, "content": _render_content(shown) or ""})
    return wire


def _render_content(parts: list[Text | Attachment]) -> str | list[dict[str, object]] | None:
    if not parts:
        return None
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return [_render_part(part) for part in parts]


def _render_part(part: Text | Attachment) -> dict[str, object]:
    match part:
        case Text():
            return {"type": "text", "text": part.text}
        case Image():
            return {"type": "image_url", "image_url": {"url": part.url}}
        case Audio():
            return {"type": "input_audio", "input_audio": openai_audio(part, FORM)}
        case File():
            file = {"filename": part.name or "document", "file_data": inline_url(part, FORM)}
            return {"type": "file", "file": file}


def _render_call(call: ToolCall) -> dict[str, object]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def keep_wire_form(messages: tuple[Message, ...], wire: object) -> list[object]:
    """Messages on the wire, each in the caller's own form where it is still the caller's message.

    Fields that the gateway has no word for (`name`, cache marks, image detail) survive, and so does the byte-stable
    prefix that prompt caches live from.
    """
    own = cast("list[object]", wire)
    known = [_parse_message(item, "messages") for item in own]
    kept: list[object] = []
    start = 0
    for message in messages:
        try:
            place = known.index(message, start)
        except ValueError:
            kept.extend(render_messages((message,)))
        else:
            kept.append(own[place])
            start = place + 1
    return kept
