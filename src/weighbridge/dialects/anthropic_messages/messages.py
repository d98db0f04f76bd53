"""Conversation turns in Anthropic's shape, both ways: https://platform.claude.com/docs/en/api/messages."""

from collections.abc import Iterable, Iterator
from typing import cast

from weighbridge.dialects.anthropic_messages.blocks import Block, nothing_in, parse_blocks, render_block
from weighbridge.dialects.fields import Fields, as_object, invalid, join, one_of
from weighbridge.domain.errors import EmptyInputError, InvalidFieldError
from weighbridge.domain.request import Message, Role, Text, ToolResult, say

ROLES = ("user", "assistant", "system")
INSTRUCTING = frozenset({Role.SYSTEM, Role.DEVELOPER})
OPENING: Block = {"role": "user", "content": "(The conversation begins.)"}
"""Goes before a first turn of the assistant, which hosts refuse; compacting can leave one in front."""

System = str | list[Block]
_ATTACHED = ("image", "document")


def parse_system(fields: Fields) -> tuple[Message, ...]:
    """The `system` field as one message, or none."""
    value = fields.get("system")
    if value is None or value in ("", []):
        return ()
    if type(value) is str:
        if value.isspace():
            raise nothing_in("system")
        return (say(Role.SYSTEM, value),)
    if type(value) is not list:
        raise invalid("system", "text or a list of text blocks", value)
    return (Message(Role.SYSTEM, parse_blocks(value, Role.SYSTEM, "system")),)


def parse_messages(items: list[object] | None) -> tuple[Message, ...]:
    """The turns. Raises InvalidFieldError naming the place, EmptyInputError for a turn or block of nothing."""
    if items is None:
        raise invalid("messages", "a list of at least one message", None)
    last = len(items) - 1
    messages = tuple(
        [_parse_message(item, f"messages[{index}]", is_last=index == last) for index, item in enumerate(items)]
    )
    _check_first(messages)
    _check_calls(cast("list[Block]", items))
    return messages


def _parse_message(item: object, path: str, *, is_last: bool) -> Message:
    fields, at = as_object(item, path), join(path, "content")
    role = Role(one_of(fields.get("role"), ROLES, join(path, "role")))
    content = fields.get("content")
    if role is Role.ASSISTANT and is_last and content in ("", []):
        return Message(role, ())
    if type(content) is str:
        if not content or content.isspace():
            raise nothing_in(at)
        return Message(role, (Text(content),))
    if type(content) is not list or not content:
        raise invalid(at, "text or a list of at least one block", content)
    parts = parse_blocks(content, role, at)
    is_all_results = role is Role.USER and all(isinstance(part, ToolResult) for part in parts)
    return Message(Role.TOOL if is_all_results else role, parts)


def _check_first(messages: tuple[Message, ...]) -> None:
    turns = ((index, message.role) for index, message in enumerate(messages) if message.role is not Role.SYSTEM)
    index, role = next(turns, (0, None))
    if role is None:
        raise EmptyInputError("`messages` holds no turn.", advice="Send a message of the user.", param="messages")
    if role is Role.ASSISTANT:
        param = f"messages[{index}].role"
        raise InvalidFieldError(
            f"`{param}` must be `user`: a conversation begins with the user.",
            advice="Begin with a message of the user.",
            param=param,
        )


def _check_calls(items: list[Block]) -> None:
    """Every result answers a call of the turn before it, and every call is answered in the turn after it."""
    awaited: dict[object, str] = {}
    is_asking = False
    for index, item in enumerate(items):
        if item["role"] == "assistant":
            if not is_asking:
                _refuse_unanswered(awaited)
            is_asking = True
            awaited.update({block["id"]: place for place, block in _blocks(item, index, "tool_use")})
        elif item["role"] == "user":
            is_asking = False
            for place, block in _blocks(item, index, "tool_result"):
                if awaited.pop(block["tool_use_id"], None) is None:
                    raise _orphan(place)
    if not is_asking:
        _refuse_unanswered(awaited)


def _blocks(item: Block, index: int, kind: str) -> Iterator[tuple[str, Block]]:
    content = item["content"]
    if isinstance(content, list):
        for position, block in enumerate(content):
            if block["type"] == kind:
                yield f"messages[{index}].content[{position}]", block


def _refuse_unanswered(awaited: dict[object, str]) -> None:
    for place in awaited.values():
        raise InvalidFieldError(
            f"The tool call in `{place}` has no `tool_result` in the next message.",
            advice="Answer every tool call in the message that follows it.",
            param=place,
        )


def _orphan(place: str) -> InvalidFieldError:
    return InvalidFieldError(
        f"The `tool_result` in `{place}` answers no tool call of the message before it.",
        advice="Send the assistant's `tool_use` block before its result, and one result for each.",
        param=place,
    )


def render_conversation(messages: Iterable[Message]) -> tuple[System | None, list[Block]]:
    """`system` and the turns. Instructions are lifted out of their places, turns of the same speaker become one.

    Raises InvalidFieldError for a picture or tool call that the format cannot hold.
    """
    system, turns = list[Block](), list[Block]()
    for message in messages:
        blocks = _render_blocks(message)
        if message.role in INSTRUCTING:
            system += blocks
        elif blocks:
            _append(turns, _speaker(message), blocks)
    if not turns:
        # Instructions alone are a prompt elsewhere; here only a turn is.
        return None, [{"role": "user", "content": _content(system)}]
    return _content(system) or None, _begin_with_user([_finished(turn) for turn in turns])


def _render_blocks(message: Message) -> list[Block]:
    blocks = [block for part in message.parts if (block := render_block(part)) is not None]
    if message.role not in {Role.USER, Role.TOOL} and any(block["type"] in _ATTACHED for block in blocks):
        raise InvalidFieldError(
            f"A picture or file is in a message of the {message.role.value}: Anthropic's format has no place for it.",
            advice="Send it in a message of the user.",
            param="messages",
        )
    return blocks


def _speaker(message: Message) -> str:
    return "assistant" if message.role is Role.ASSISTANT else "user"


def _append(turns: list[Block], speaker: str, blocks: list[Block]) -> None:
    if turns and turns[-1]["role"] == speaker:
        cast("list[Block]", turns[-1]["content"]).extend(blocks)
    else:
        turns.append({"role": speaker, "content": blocks})


def _finished(turn: Block) -> Block:
    """Results come first in a turn, as the hosts want it; a single text needs no block."""
    blocks = cast("list[Block]", turn["content"])
    blocks.sort(key=lambda block: block["type"] != "tool_result")
    return {"role": turn["role"], "content": _content(blocks)}


def _content(blocks: list[Block]) -> System:
    if len(blocks) == 1 and blocks[0]["type"] == "text":
        return cast("str", blocks[0]["text"])
    return blocks


def _begin_with_user(turns: list[Block]) -> list[Block]:
    return [OPENING, *turns] if turns and turns[0]["role"] == "assistant" else turns


def keep_wire_form(messages: Iterable[Message], body: Fields) -> tuple[object, list[Block]]:
    """`system` and the turns, each in the caller's own form where it is still the caller's.

    Thinking with its signatures, cache marks and whatever the gateway has no word for survive, and so does the
    byte-stable prefix that prompt caches live from.
    """
    lifted, turns = list[Message](), list[Block]()
    for message, form in _with_own_form(messages, cast("list[Block]", body["messages"])):
        if form is not None:
            turns.append(form)
        elif message.role in INSTRUCTING:
            lifted.append(message)
        elif blocks := _render_blocks(message):
            turns.append(_finished({"role": _speaker(message), "content": blocks}))
    return _keep_system(lifted, body), _begin_with_user([_without_unsigned(turn) for turn in turns])


def _without_unsigned(turn: Block) -> Block:
    """Hosts refuse thinking without a signature: it is that of another maker's model, which answered before."""
    content = turn["content"]
    if not isinstance(content, list) or not any(_is_unsigned(block) for block in content):
        return turn
    kept = [block for block in content if not _is_unsigned(block)]
    return {**turn, "content": kept} if kept else turn


def _is_unsigned(block: object) -> bool:
    return isinstance(block, dict) and block.get("type") == "thinking" and not block.get("signature")


def _with_own_form(messages: Iterable[Message], own: list[Block]) -> Iterator[tuple[Message, Block | None]]:
    known = [_parse_message(item, "messages", is_last=True) for item in own]
    start = 0
    for message in messages:
        try:
            place = known.index(message, start)
        except ValueError:
            yield message, None
        else:
            yield message, own[place]
            start = place + 1


def _keep_system(lifted: list[Message], body: Fields) -> object:
    own, instructions = body.get("system"), parse_system(body)
    if tuple(lifted) == instructions:
        return own
    own_blocks = [{"type": "text", "text": own}] if isinstance(own, str) else cast("list[Block]", own)
    return [
        block for message in lifted for block in (own_blocks if message in instructions else _render_blocks(message))
    ]
