"""Long conversations: the older part stands as state, the newest stays word for word, and nothing is paid twice."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from make import a_conversation, a_policy, a_request, a_response, a_task
from pipeline.scripted import Script, gateway_on, only_record
from weighbridge.context.state import cut_at, prefix_digests
from weighbridge.domain.budget import Budget
from weighbridge.domain.caller import ANONYMOUS, Caller
from weighbridge.domain.conversation import ConversationRule
from weighbridge.domain.errors import ConversationStateError
from weighbridge.domain.levels import Sensitivity
from weighbridge.domain.money import Money
from weighbridge.domain.record import RecordFilter
from weighbridge.domain.request import Message, Role, ToolCall, ToolResult, say
from weighbridge.domain.task import Limits, TooLong
from weighbridge.domain.usage import Usage
from weighbridge.pipeline.house import House
from weighbridge.pipeline.run import run

RULE = ConversationRule("frontier-reasoning", max_tokens=60, keep_messages=2)
TASK = a_task(conversation=RULE, limits=Limits(max_input_tokens=200, when_too_long=TooLong.STATE), fallback_models=())
LONG = a_conversation(*[f"turn {number} " + "words " * 28 for number in range(1, 10)])


def a_state(turn: int = 1, value: str = "order 4711") -> str:
    return json.dumps(
        {"facts": [{"about": "order", "value": value, "turn": turn}], "decisions": [], "open_questions": []}
    )


def noted(text: str) -> Any:
    return a_response(text, usage=Usage(100, 20))


@asynccontextmanager
async def house_with(script: Script, folder: Path, **policy: Any) -> AsyncIterator[House]:
    async with gateway_on(script, a_policy(TASK, **policy), folder) as house:
        yield house


async def said(house: House, messages: tuple[Message, ...], caller: Caller = ANONYMOUS) -> None:
    await run(a_request(messages=messages, task="tag"), caller, house)


async def test_the_older_part_becomes_state_and_the_newest_stays_word_for_word(tmp_path: Path) -> None:
    script = Script(fast_small=[noted("ok")], frontier_reasoning=[noted(a_state())])
    async with house_with(script, tmp_path) as house:
        await said(house, LONG)
        record = await only_record(house)
    sent = script.requests[-1].messages
    assert 'conversation_state messages="1-7"' in sent[0].text
    assert "order 4711" in sent[0].text
    assert sent[1:] == LONG[7:]
    assert record.state is not None
    assert (record.state.covered, record.state.is_reused) == (7, False)
    assert record.latest_customer_message_used is True


async def test_the_states_model_reads_messages_by_their_numbers(tmp_path: Path) -> None:
    script = Script(fast_small=[noted("ok")], frontier_reasoning=[noted(a_state())])
    async with house_with(script, tmp_path) as house:
        await said(house, LONG)
    asked = script.requests[0]
    assert "Message 7 (user)" in asked.messages[-1].text
    assert "Message 8" not in asked.messages[-1].text
    assert asked.output.kind == "json_schema"


async def test_what_it_costs_is_held_settled_and_told(tmp_path: Path) -> None:
    script = Script(fast_small=[noted("ok")], frontier_reasoning=[noted(a_state())])
    async with house_with(script, tmp_path) as house:
        await said(house, LONG)
        record = await only_record(house)
    assert [probe.kind for probe in record.preparations] == ["state"]
    assert record.preparations[0].cost == Money.usd("0.00054")
    assert record.cost == Money.usd("0.00054") + Money.usd("0.000016")


async def test_the_next_call_does_not_pay_again(tmp_path: Path) -> None:
    script = Script(fast_small=[noted("ok")] * 2, frontier_reasoning=[noted(a_state())])
    async with house_with(script, tmp_path) as house:
        await said(house, LONG)
        await said(house, (*LONG, say(Role.ASSISTANT, "fine"), say(Role.USER, "and now?")))
        newest = (await house.records.find(RecordFilter(limit=1)))[0]
    assert script.calls == ["frontier-reasoning", "fast-small", "fast-small"]
    assert newest.state is not None
    assert newest.state.is_reused
    assert newest.preparations == ()


async def test_more_turns_are_added_to_the_state_that_is_there(tmp_path: Path) -> None:
    script = Script(
        fast_small=[noted("ok")] * 2, frontier_reasoning=[noted(a_state()), noted(a_state(9, "order 4712"))]
    )
    more = a_conversation(*[f"more {number} " + "words " * 28 for number in range(4)])
    async with house_with(script, tmp_path) as house:
        await said(house, LONG)
        await said(house, (*LONG, say(Role.ASSISTANT, "fine"), *more[:3]))
    second = script.requests[2].messages[-1].text
    assert second.startswith("State up to message 7:\n")
    assert "Message 7 (" not in second
    assert "Message 8 (" in second


async def test_another_callers_state_is_not_used(tmp_path: Path) -> None:
    script = Script(fast_small=[noted("ok")] * 2, frontier_reasoning=[noted(a_state()), noted(a_state())])
    async with house_with(script, tmp_path) as house:
        await said(house, LONG)
        await said(house, LONG, Caller("other"))
    assert script.calls.count("frontier-reasoning") == 2


async def test_a_conversation_that_fits_is_left_alone(tmp_path: Path) -> None:
    script = Script(fast_small=[noted("ok")])
    async with house_with(script, tmp_path) as house:
        await said(house, LONG[:3])
        record = await only_record(house)
    assert script.requests[0].messages == LONG[:3]
    assert record.state is None


async def test_a_state_that_makes_things_up_is_asked_for_again(tmp_path: Path) -> None:
    script = Script(fast_small=[noted("ok")], frontier_reasoning=[noted(a_state(turn=8)), noted(a_state(turn=7))])
    async with house_with(script, tmp_path) as house:
        await said(house, LONG)
    assert script.calls.count("frontier-reasoning") == 2


@pytest.mark.parametrize("text", ["no json", "{}", a_state(turn=8)])
async def test_without_a_state_that_can_be_used_nothing_is_left_out_in_silence(tmp_path: Path, text: str) -> None:
    script = Script(frontier_reasoning=[noted(text)] * 2)
    async with house_with(script, tmp_path) as house:
        with pytest.raises(ConversationStateError):
            await said(house, LONG)
        record = await only_record(house)
    assert record.error_code == "conversation_state_failed"
    assert record.cost == Money.usd("0.00108")


async def test_a_fenced_state_is_taken_out_of_its_fence(tmp_path: Path) -> None:
    script = Script(fast_small=[noted("ok")], frontier_reasoning=[noted(f"```json\n{a_state()}\n```")])
    async with house_with(script, tmp_path) as house:
        await said(house, LONG)
    assert "```" not in script.requests[-1].messages[0].text


async def test_a_model_that_may_not_see_the_conversation_is_not_asked(tmp_path: Path) -> None:
    script = Script()
    async with house_with(script, tmp_path) as house:
        with pytest.raises(ConversationStateError, match="may not be asked"):
            await said(house, LONG, Caller("strict", sensitivity=Sensitivity.RESTRICTED))
    assert script.calls == []


async def test_no_money_for_a_state_is_said(tmp_path: Path) -> None:
    budget = Budget("small", Money.usd("0.0001"), "day")
    script = Script()
    async with house_with(script, tmp_path, budgets=(budget,)) as house:
        with pytest.raises(ConversationStateError, match="budget_exceeded"):
            await said(house, LONG)
    assert script.calls == []


async def test_a_tools_results_go_where_its_call_goes(tmp_path: Path) -> None:
    call = Message(Role.ASSISTANT, (ToolCall("c1", "find", "{}"),))
    result = Message(Role.TOOL, (ToolResult("c1", "found " + "words " * 20),))
    messages = (*LONG[:6], call, result, *a_conversation("short question"))
    script = Script(fast_small=[noted("ok")], frontier_reasoning=[noted(a_state())])
    async with house_with(script, tmp_path) as house:
        await said(house, messages)
    kept = script.requests[-1].messages[1:]
    assert not any(isinstance(part, ToolResult) for part in kept[0].parts)


def test_the_kept_part_fills_half_the_room() -> None:
    assert cut_at([10] * 20, room=100, keep=2) == 15
    assert cut_at([90, 90, 90], room=100, keep=2) == 1
    assert cut_at([1, 1], room=100, keep=1) == 0


def test_a_prefix_keeps_its_digest_while_the_conversation_grows() -> None:
    assert prefix_digests("o", LONG)[:3] == prefix_digests("o", LONG[:3])
    assert prefix_digests("o", LONG) != prefix_digests("p", LONG)
