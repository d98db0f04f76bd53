from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make import a_conversation, a_request, a_task
from weighbridge.context.assemble import assemble
from weighbridge.domain.errors import InputTooLongError
from weighbridge.domain.packed import DroppedMessage
from weighbridge.domain.request import Message, Role, ToolCall, ToolResult, say
from weighbridge.domain.task import Limits, Task, TooLong
from weighbridge.domain.usage import TokenCount

COMPACT = Limits(when_too_long=TooLong.COMPACT)


def count(text: str) -> TokenCount:
    """One token a word."""
    return TokenCount(len(text.split()), "words")


def texts(messages: Sequence[Message]) -> list[str]:
    return [message.text for message in messages]


def a_compacting_task(instructions: str | None = None) -> Task:
    return a_task(limits=COMPACT, instructions=instructions)


def test_what_fits_is_passed_on_as_the_same_objects() -> None:
    request = a_request("one two")
    packed = assemble(request, a_task(), count, limit_tokens=2)
    assert packed.messages is request.messages
    assert packed.count == TokenCount(2, "words")
    assert packed.dropped == ()


def test_instructions_come_first_and_are_the_same_every_time() -> None:
    task = a_task(instructions="Answer with one label.")
    first = assemble(a_request("one"), task, count, 100)
    second = assemble(a_request("two"), task, count, 100)
    assert first.messages[0] == second.messages[0] == say(Role.SYSTEM, "Answer with one label.")
    assert first.messages[1].text == "one"


def test_instructions_count_towards_the_limit() -> None:
    with pytest.raises(InputTooLongError, match="has 5 tokens"):
        assemble(a_request("one"), a_task(instructions="Answer with one label."), count, 4)


def test_too_long_is_refused_with_count_limit_and_advice() -> None:
    with pytest.raises(InputTooLongError) as caught:
        assemble(a_request("a b c"), a_task("tag"), count, 2)
    assert caught.value.condition == "The input has 3 tokens (counted by words); the limit is 2."
    assert caught.value.advice == "Shorten it, or set `when_too_long: compact` for task 'tag'."
    assert caught.value.param == "messages"


def test_compaction_drops_the_oldest_first_and_names_them_by_their_place() -> None:
    request = a_request(messages=a_conversation("old " * 9, "older answer", "now"))
    packed = assemble(request, a_compacting_task("Be brief."), count, limit_tokens=10)
    assert texts(packed.messages) == ["Be brief.", "older answer", "now"]
    assert packed.dropped == (DroppedMessage(0, 9),)
    assert packed.count.tokens <= 10


def test_compaction_keeps_every_instruction_of_the_caller() -> None:
    messages = (say(Role.DEVELOPER, "a b c"), say(Role.USER, "x " * 9), say(Role.SYSTEM, "d"), say(Role.USER, "now"))
    packed = assemble(a_request(messages=messages), a_compacting_task(), count, 10)
    assert texts(packed.messages) == ["a b c", "d", "now"]


def test_a_tool_call_goes_together_with_its_results() -> None:
    call = Message(Role.ASSISTANT, (ToolCall("1", "find", "{}"), ToolCall("2", "find", "{}")))
    answers = [Message(Role.TOOL, (ToolResult(number, "found " * 5),)) for number in ("1", "2")]
    messages = (say(Role.USER, "q"), call, *answers, say(Role.ASSISTANT, "so"), say(Role.USER, "now"))
    packed = assemble(a_request(messages=messages), a_compacting_task(), count, 14)
    assert [message.index for message in packed.dropped] == [0, 1, 2, 3]
    assert texts(packed.messages) == ["so", "now"]


def test_a_call_whose_result_is_in_the_newest_user_message_stays() -> None:
    call = Message(Role.ASSISTANT, (ToolCall("1", "find", "{}"),))
    answer = Message(Role.USER, (ToolResult("1", "found"),))
    messages = (say(Role.USER, "old " * 9), call, answer)
    packed = assemble(a_request(messages=messages), a_compacting_task(), count, 8)
    assert packed.messages == (call, answer)


def test_a_newest_message_of_exactly_the_limit_fits() -> None:
    packed = assemble(a_request(messages=a_conversation("a", "b", "c d e")), a_compacting_task(), count, 3)
    assert texts(packed.messages) == ["c d e"]


def test_without_a_user_message_the_last_one_stays() -> None:
    said = (say(Role.ASSISTANT, "a b c"), say(Role.ASSISTANT, "d"))
    assert assemble(a_request(messages=said), a_compacting_task(), count, 2).messages == said[1:]


def test_a_newest_message_that_cannot_fit_is_refused_even_where_the_task_compacts() -> None:
    with pytest.raises(InputTooLongError, match=r"limit is 3\. Shorten the newest message"):
        assemble(a_request(messages=a_conversation("a", "b", "c d e f")), a_compacting_task(), count, 3)


def test_a_fitting_conversation_is_counted_once_and_a_long_one_once_a_message() -> None:
    counted: list[str] = []

    def noting(text: str) -> TokenCount:
        counted.append(text)
        return count(text)

    request = a_request(messages=a_conversation(*["word"] * 50, "now"))
    assemble(request, a_compacting_task(), noting, 1_000)
    assert len(counted) == 1
    assemble(request, a_compacting_task(), noting, 20)
    assert len(counted) == 1 + 1 + 51


messages = st.lists(st.builds(say, st.sampled_from(Role), st.text("ab ", max_size=30)), min_size=1, max_size=12)


@given(messages, st.integers(0, 60))
def test_compaction_keeps_order_fits_and_accounts_for_every_message(said: list[Message], limit: int) -> None:
    request = a_request(messages=tuple(said))
    try:
        packed = assemble(request, a_compacting_task(), count, limit)
    except InputTooLongError:
        return
    gone = {message.index for message in packed.dropped}
    assert packed.messages == tuple(message for index, message in enumerate(said) if index not in gone)
    assert count("\n".join(texts(packed.messages))).tokens <= limit
    assert all(said[index].role not in {Role.SYSTEM, Role.DEVELOPER} for index in gone)
