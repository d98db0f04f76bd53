"""The items of a conversation, both ways: https://platform.openai.com/docs/api-reference/responses/create."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from weighbridge.dialects.attachments import file_of, picture
from weighbridge.dialects.fields import as_object, invalid, join, need_text, one_of, read_text
from weighbridge.dialects.foreign import no_place
from weighbridge.domain.errors import EmptyInputError, InvalidFieldError
from weighbridge.domain.request import Attachment, Audio, File, Image, Message, Part, Role, Text, ToolCall, ToolResult

FORM = "OpenAI's Responses format"
Item = dict[str, object]
_TURNS = {role.value: role for role in (Role.SYSTEM, Role.DEVELOPER, Role.USER, Role.ASSISTANT)}
_CALLS = ("function_call", "custom_tool_call")
_RESULTS = ("function_call_output", "custom_tool_call_output")
_KINDS = ("message", *_CALLS, *_RESULTS, "reasoning")
_TEXTS = ("input_text", "output_text", "text")
_INSTRUCTIONS = frozenset({Role.SYSTEM, Role.DEVELOPER})


@dataclass(frozen=True, slots=True)
class Turn:
    """A message, and the items of the wire that say it."""

    message: Message
    """What it means."""
    items: tuple[object, ...]
    """As they came; reasoning, which has no place in a message, goes with what follows it."""


def parse_input(value: object, instructions: str | None) -> tuple[Turn, ...]:
    """The conversation. Calls of one answer are one turn, as other formats have it. Raises InvalidFieldError naming the
    place, EmptyInputError when there is nothing to answer."""
    if type(value) is str:
        turns = [Turn(Message(Role.USER, (Text(value),)), (value,))]
    elif type(value) is list:
        turns = [*_grouped(value)]
    else:
        raise invalid("input", "text or a list of items", value)
    if not any(_has_content(turn.message) for turn in turns):
        raise EmptyInputError("The input holds nothing but space.", advice="Send a prompt.", param="input")
    if instructions:
        turns.insert(0, Turn(Message(Role.SYSTEM, (Text(instructions),)), ()))
    return tuple(turns)


def _has_content(message: Message) -> bool:
    return message.role not in _INSTRUCTIONS and any(
        not isinstance(part, Text) or part.text.strip() for part in message.parts
    )


def _grouped(items: Sequence[object]) -> Iterator[Turn]:
    waiting: list[object] = []
    turn: Turn | None = None
    for index, item in enumerate(items):
        message = _parse_item(item, f"input[{index}]")
        waiting.append(item)
        if message is None:
            continue
        if turn is not None and _goes_on(turn.message, message):
            parts = (*turn.message.parts, *message.parts)
            turn = Turn(Message(Role.ASSISTANT, parts), (*turn.items, *waiting))
        else:
            if turn is not None:
                yield turn
            turn = Turn(message, tuple(waiting))
        waiting = []
    if turn is not None:
        yield Turn(turn.message, (*turn.items, *waiting))


def _goes_on(before: Message, message: Message) -> bool:
    """A call that follows what the assistant said, or another call of it, belongs to the same answer."""
    return before.role is message.role is Role.ASSISTANT and isinstance(message.parts[0], ToolCall)


def _parse_item(item: object, path: str) -> Message | None:
    fields = as_object(item, path)
    kind = fields.get("type") or "message"
    if kind == "item_reference":
        raise InvalidFieldError(
            f"`{path}` refers to an item that is kept elsewhere; nothing is kept between calls.",
            advice="Send the item itself.",
            param=path,
        )
    kind = one_of(kind, _KINDS, join(path, "type"))
    if kind == "reasoning":
        return None
    if kind in _CALLS:
        said = read_text(fields, "arguments" if kind == "function_call" else "input", path) or ""
        call = ToolCall(need_text(fields, "call_id", path), need_text(fields, "name", path), said)
        return Message(Role.ASSISTANT, (call,))
    if kind in _RESULTS:
        text = _output(fields.get("output"), join(path, "output"))
        return Message(Role.TOOL, (ToolResult(need_text(fields, "call_id", path), text),))
    return _message(fields, path)


def _message(fields: Item, path: str) -> Message:
    role = _TURNS[one_of(fields.get("role"), tuple(_TURNS), join(path, "role"))]
    content = fields.get("content")
    if type(content) is str:
        return Message(role, (Text(content),))
    return Message(role, _parts(content, join(path, "content")))


def _parts(content: object, path: str) -> tuple[Part, ...]:
    if type(content) is not list or not content:
        raise invalid(path, "text or a list of at least one part", content)
    return tuple(_part(item, f"{path}[{index}]") for index, item in enumerate(content))


def _part(item: object, path: str) -> Part:
    fields = as_object(item, path)
    kind = one_of(fields.get("type"), (*_TEXTS, "refusal", "input_image", "input_file"), join(path, "type"))
    if kind == "input_image":
        return picture(read_text(fields, "image_url", path) or "", join(path, "image_url"))
    if kind == "input_file":
        return file_of(fields, path)
    key = "refusal" if kind == "refusal" else "text"
    text = read_text(fields, key, path)
    if text is None:
        raise invalid(join(path, key), "text", None)
    return Text(text)


def _output(output: object, path: str) -> str:
    if type(output) is str:
        return output
    parts = _parts(output, path)
    if not all(isinstance(part, Text) for part in parts):
        raise InvalidFieldError(f"`{path}` may hold only text.", advice="Send all else in a user message.", param=path)
    return "\n".join(part.text for part in parts if isinstance(part, Text))


def render_items(messages: Iterable[Message]) -> list[object]:
    """The conversation on the wire. Raises InvalidFieldError for a recording, or a file that another host keeps."""
    return [item for message in messages for item in _render(message)]


def _render(message: Message) -> Iterator[Item]:
    """What is said comes first, then calls; results are items of their own."""
    shown = [part for part in message.parts if isinstance(part, Text | Attachment)]
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield {"type": "function_call_output", "call_id": part.call_id, "output": part.text}
    if len(shown) == 1 and isinstance(shown[0], Text):
        yield {"role": message.role.value, "content": shown[0].text}
    elif shown:
        yield {"role": message.role.value, "content": [_render_part(part, message.role) for part in shown]}
    for part in message.parts:
        if isinstance(part, ToolCall):
            yield {"type": "function_call", "call_id": part.id, "name": part.name, "arguments": part.arguments}


def _render_part(part: Text | Attachment, role: Role) -> Item:
    match part:
        case Image():
            return {"type": "input_image", "image_url": part.url}
        case Audio():
            raise no_place("messages", "a recording", FORM)
        case File():
            return _render_file(part)
        case Text():
            return {"type": "output_text" if role is Role.ASSISTANT else "input_text", "text": part.text}


def _render_file(file: File) -> Item:
    if file.url is None:
        raise no_place("messages", "a file that another host keeps", FORM)
    if not file.url.startswith("data:"):
        return {"type": "input_file", "file_url": file.url}
    return {"type": "input_file", "filename": file.name or "document", "file_data": file.url}


def keep_wire_form(messages: Sequence[Message], known: Sequence[Turn]) -> tuple[list[object], bool]:
    """Items on the wire, each in the caller's own form where it is still the caller's turn, and whether the caller's
    instructions are still among them. Reasoning stays with its turn, byte for byte."""
    kept: list[object] = []
    start, has_instructions = 0, False
    for message in messages:
        places = (at for at in range(start, len(known)) if known[at].message == message)
        place = next(places, None)
        if place is None:
            kept.extend(render_items((message,)))
        elif not known[place].items:
            has_instructions, start = True, place + 1
        else:
            kept.extend({"role": "user", "content": item} if type(item) is str else item for item in known[place].items)
            start = place + 1
    return kept, has_instructions
