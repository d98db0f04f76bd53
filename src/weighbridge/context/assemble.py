"""`assemble`: instructions, sources and conversation inside one token budget.

The instructions come first and always as the same bytes, so that a provider's prompt cache keeps hitting; the sources
stand right before what the user asks now. What fits is passed on untouched. What does not fit is refused, or compacted
where the task says so: the oldest messages go first, a tool call goes together with its results, and instructions and
the newest user message never go.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from weighbridge.context.label import SOURCES_HEAD, unavailable
from weighbridge.context.pack import PackedSources, pack
from weighbridge.context.state import state_message
from weighbridge.domain.conversation import StateNote
from weighbridge.domain.errors import InputTooLongError
from weighbridge.domain.evidence import Evidence, EvidenceRule, Gathered, Treatment
from weighbridge.domain.packed import DroppedMessage, Packed
from weighbridge.domain.request import Message, Request, Role, Text, ToolCall, ToolResult, say
from weighbridge.domain.task import Task, TooLong
from weighbridge.domain.usage import TokenCount

JOIN_TOKENS = 1
"""Counted between two messages: for the line break, and for what an estimate rounds away."""

INSTRUCTING = frozenset({Role.SYSTEM, Role.DEVELOPER})
NOTHING_GATHERED = Gathered(date.min)
BROUGHT = EvidenceRule(max_tokens=None, most_sources=1_000, min_relevance=0.0, deprecated=Treatment.MARK)
"""For sources that only the request brings: all of them are shown, or the request is too long."""

Count = Callable[[str], TokenCount]


def assemble(
    request: Request, task: Task, count: Count, limit_tokens: int, gathered: Gathered = NOTHING_GATHERED
) -> Packed:
    """What is sent, within `limit_tokens`. Images count as nothing.

    Raises InputTooLongError with count and limit when the task does not compact, or when even the newest user message
    and the instructions do not fit. Text that fits is counted once as a whole, compacted text once a message.
    """
    instructions = () if task.instructions is None else (say(Role.SYSTEM, task.instructions),)
    state = gathered.state
    said = request.messages if state is None else (state_message(state), *request.messages[state.covered :])
    messages = (*instructions, *said) if instructions else said
    packed = None
    if gathered.sources or gathered.unavailable:
        packed = _packed_sources(messages, task, count, limit_tokens, gathered)
        messages = _with_sources(messages, packed.blocks, gathered.unavailable)
    whole = count("\n".join(message.text for message in messages))
    if whole.tokens <= limit_tokens:
        kept = Packed(messages, whole)
    elif task.limits.when_too_long is TooLong.REFUSE:
        raise _too_long(whole, limit_tokens, f"Shorten it, or set `when_too_long: compact` for task {task.name!r}.")
    else:
        offset = len(instructions) + (0 if state is None else 1 - state.covered)
        kept = _compact(messages, count, limit_tokens, offset=offset)
    return _told(kept, packed, gathered, task, count)


def _told(packed: Packed, sources: PackedSources | None, gathered: Gathered, task: Task, count: Count) -> Packed:
    state = gathered.state
    if state is not None:
        note = StateNote(state.covered, count(state_message(state).text).tokens, state.is_reused)
        packed = replace(packed, state=note)
    if sources is None:  # a task that looked for evidence and found none says so
        nothing = Evidence(limit_tokens=gathered.limit_tokens, tools=gathered.tools)
        return packed if task.evidence is None else replace(packed, evidence=nothing)
    return replace(packed, sources=sources.sources, evidence=replace(sources.evidence, tools=gathered.tools))


def _packed_sources(
    messages: tuple[Message, ...], task: Task, count: Count, limit_tokens: int, gathered: Gathered
) -> PackedSources:
    """The sources that fit beside what may not go: everything, or what is left when the conversation is compacted."""
    rule = task.evidence or BROUGHT
    if task.evidence is None:
        room = None  # what a caller brings along is shown whole, or refused as too long
    else:
        fixed = messages if task.limits.when_too_long is TooLong.REFUSE else _lasting(messages)
        told = "\n".join((SOURCES_HEAD, *map(unavailable, gathered.unavailable), *(item.text for item in fixed)))
        room = max(0, limit_tokens - count(told).tokens - JOIN_TOKENS * (len(fixed) + 2))
        room = room if gathered.limit_tokens is None else min(room, gathered.limit_tokens)
    return pack(gathered.sources, rule, lambda text: count(text).tokens, room, gathered.today)


def _lasting(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """What compaction would leave in any case."""
    gone = {index for unit in _units_by_age(messages) for index in unit}
    return tuple(message for index, message in enumerate(messages) if index not in gone)


def _with_sources(messages: tuple[Message, ...], blocks: Sequence[str], missing: Sequence[str]) -> tuple[Message, ...]:
    """The sources, labelled, right before what the user asks now."""
    told = [*blocks, *map(unavailable, missing)]
    if not told:
        return messages
    newest = _newest(messages)
    block = Text("\n\n".join((SOURCES_HEAD, *told)) + "\n\n")
    asked = replace(messages[newest], parts=(block, *messages[newest].parts))
    return (*messages[:newest], asked, *messages[newest + 1 :])


def holds_newest_user_message(request: Request, packed: Packed) -> bool:
    """The newest thing that the user said is sent, word for word, as the last part of a user's message."""
    asked = next((item for item in reversed(request.messages) if item.role is Role.USER), None)
    if asked is None:
        return True
    sent = next((item for item in reversed(packed.messages) if item.role is Role.USER), None)
    return sent is not None and sent.parts[-len(asked.parts) :] == asked.parts


def _newest(messages: Sequence[Message]) -> int:
    of_user = (index for index, message in enumerate(messages) if message.role is Role.USER)
    return max(of_user, default=len(messages) - 1)


def _compact(messages: tuple[Message, ...], count: Count, limit: int, *, offset: int) -> Packed:
    counts = [count(message.text) for message in messages]
    sizes = [item.tokens + JOIN_TOKENS for item in counts]
    size = sum(sizes) - JOIN_TOKENS
    gone: set[int] = set()
    for unit in _units_by_age(messages):
        if size <= limit:
            break
        gone.update(unit)
        size -= sum(sizes[index] for index in unit)
    packed = TokenCount(size, counts[0].method)
    if size > limit:
        raise _too_long(packed, limit, "Shorten the newest message: everything that may be left out already is.")
    kept = tuple(message for index, message in enumerate(messages) if index not in gone)
    return Packed(kept, packed, tuple(DroppedMessage(index - offset, counts[index].tokens) for index in sorted(gone)))


def _units_by_age(messages: Sequence[Message]) -> list[list[int]]:
    """What may be dropped, oldest first: single messages, or a tool call with all that answers it."""
    newest = _newest(messages)
    units: dict[int, list[int]] = {}
    unit_of_call: dict[str, int] = {}
    for index, message in enumerate(messages):
        unit = _unit_answered(message, unit_of_call, default=index)
        units.setdefault(unit, []).append(index)
        unit_of_call.update((part.id, unit) for part in message.parts if isinstance(part, ToolCall))
    return [unit for unit in units.values() if newest not in unit and not _instructs(messages, unit)]


def _unit_answered(message: Message, unit_of_call: dict[str, int], *, default: int) -> int:
    answered = (part.call_id for part in message.parts if isinstance(part, ToolResult))
    return next((unit_of_call[call] for call in answered if call in unit_of_call), default)


def _instructs(messages: Sequence[Message], unit: list[int]) -> bool:
    return any(messages[index].role in INSTRUCTING for index in unit)


def _too_long(count: TokenCount, limit: int, advice: str) -> InputTooLongError:
    return InputTooLongError(
        f"The input has {count.tokens} tokens (counted by {count.method}); the limit is {limit}.",
        advice=advice,
        param="messages",
    )
