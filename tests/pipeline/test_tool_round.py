"""Live state: tools that are always asked, tools that the model asks for, and what happens when one fails."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from make import a_policy, a_request, a_response, a_task
from pipeline.scripted import Script, gateway_on, only_record
from weighbridge.domain.attempt import StepKind
from weighbridge.domain.caller import ANONYMOUS
from weighbridge.domain.errors import AttemptsFailedError, InvalidFieldError, NoEvidenceError
from weighbridge.domain.evidence import EvidenceRule, WhenNone
from weighbridge.domain.request import Request, Tool, ToolCall
from weighbridge.domain.response import Choice, FinishReason, Response
from weighbridge.domain.task import CitationRule, Contract, Task
from weighbridge.domain.tool import DeclaredTool, ToolAnswer
from weighbridge.pipeline.house import House
from weighbridge.pipeline.plan import stream_mode
from weighbridge.pipeline.run import run

BALANCE = DeclaredTool("balance", "The balance of an account.", {"account": "its number"}, url="http://x.test/")
CITING = Contract(citations=CitationRule())


class Scripted:
    """Tools whose answers are written down."""

    def __init__(self, *answers: ToolAnswer) -> None:
        self.answers, self.arguments = list(answers), list[Mapping[str, str]]()

    async def call(self, tool: DeclaredTool, arguments: Mapping[str, str], timeout_s: float) -> ToolAnswer:
        self.arguments.append(arguments)
        return self.answers.pop(0)


@asynccontextmanager
async def house_with(script: Script, tools: Scripted, task: Task, folder: Path) -> AsyncIterator[House]:
    async with gateway_on(script, a_policy(task, tools={"balance": BALANCE}), folder) as house:
        house.tools = tools
        yield house


def asks(**fields: Any) -> Request:
    return a_request("What is my balance?", task="tag", metadata={"account": "7"}, **fields)


def calling(*names: str, arguments: str = '{"account": "7"}') -> Response:
    calls = tuple(ToolCall(f"call_{number}", name, arguments) for number, name in enumerate(names))
    return Response("fast-small", (Choice("", FinishReason.TOOL_CALLS, calls),), usage=None)


def always(**fields: Any) -> Task:
    return a_task(evidence=EvidenceRule(tools=("balance",), **fields), contract=CITING)


def offered(**fields: Any) -> Task:
    return a_task(evidence=EvidenceRule(offered_tools=("balance",), **fields), contract=CITING, fallback_models=())


async def test_a_tool_is_asked_first_and_its_result_is_a_source_with_authority(tmp_path: Path) -> None:
    script, tools = Script(fast_small=[a_response("12.50 [tool:balance]")]), Scripted(ToolAnswer("12.50 EUR"))
    async with house_with(script, tools, always(), tmp_path) as house:
        await run(asks(), ANONYMOUS, house)
        record = await only_record(house)
    assert tools.arguments == [{"account": "7"}]
    prompt = script.requests[0].messages[-1].text
    assert '<source id="tool:balance" authority="authoritative" status="current" fetched="20' in prompt
    assert record.evidence is not None
    assert [(run.tool, run.error, run.is_asked_by_model) for run in record.evidence.tools] == [("balance", None, False)]


async def test_a_failing_tool_is_told_to_the_model_and_cannot_be_cited(tmp_path: Path) -> None:
    script = Script(
        fast_small=[a_response("12.50 [tool:balance]")], frontier_reasoning=[a_response("99 [tool:balance]")]
    )
    tools = Scripted(ToolAnswer(None, "status 503"))
    async with house_with(script, tools, always(when_none=WhenNone.ANSWER), tmp_path) as house:
        with pytest.raises(AttemptsFailedError):
            await run(asks(), ANONYMOUS, house)
        record = await only_record(house)
    assert 'status="unavailable"' in script.requests[0].messages[-1].text
    assert record.attempts[0].verdict.findings[0].code == "citation_unknown"
    assert record.classification is not None
    assert record.classification.signals["failed_tools"] == 1


async def test_where_the_state_is_all_there_is_a_failing_tool_ends_the_request(tmp_path: Path) -> None:
    script, tools = Script(), Scripted(ToolAnswer(None, "timeout"))
    async with house_with(script, tools, always(), tmp_path) as house:
        with pytest.raises(NoEvidenceError, match="balance could not be asked"):
            await run(asks(), ANONYMOUS, house)
    assert script.calls == []


async def test_the_model_may_ask_and_is_called_again_with_the_answer(tmp_path: Path) -> None:
    script = Script(fast_small=[calling("balance"), a_response("12.50 [tool:balance]")])
    tools = Scripted(ToolAnswer("12.50 EUR"))
    async with house_with(script, tools, offered(), tmp_path) as house:
        outcome = await run(asks(), ANONYMOUS, house)
        record = await only_record(house)
    assert outcome.text == "12.50 [tool:balance]"
    assert [tool.name for tool in script.requests[0].tools] == ["balance"]
    asked, told = script.requests[1].messages[-2:]
    assert isinstance(asked.parts[0], ToolCall)
    assert "12.50 EUR" in told.text
    assert [attempt.step.kind for attempt in record.attempts] == [StepKind.TOOLS, StepKind.ACCEPT]
    assert record.evidence is not None
    assert record.evidence.tools[0].is_asked_by_model


async def test_a_failing_tool_is_told_and_citing_it_is_no_valid_answer(tmp_path: Path) -> None:
    script = Script(fast_small=[calling("balance"), a_response("12.50 [tool:balance]")])
    async with house_with(script, Scripted(ToolAnswer(None, "timeout")), offered(), tmp_path) as house:
        with pytest.raises(AttemptsFailedError):
            await run(asks(), ANONYMOUS, house)
    assert "never state what it might have said" in script.requests[1].messages[-1].text


async def test_a_model_cannot_ask_for_ever(tmp_path: Path) -> None:
    script = Script(fast_small=[calling("balance") for _ in range(9)])
    tools = Scripted(*[ToolAnswer("12.50")] * 9)
    async with house_with(script, tools, offered(max_tool_rounds=2), tmp_path) as house:
        with pytest.raises(AttemptsFailedError):
            await run(asks(), ANONYMOUS, house)
        record = await only_record(house)
    assert len(script.calls) == 3
    assert record.attempts[-1].step.reason == "max_tool_rounds"


async def test_a_model_cannot_ask_for_everything_at_once(tmp_path: Path) -> None:
    script = Script(fast_small=[calling(*["balance"] * 12), a_response("12.50 [tool:balance]")])
    tools = Scripted(*[ToolAnswer("12.50")] * 8)
    async with house_with(script, tools, offered(), tmp_path) as house:
        await run(asks(), ANONYMOUS, house)
    assert len(tools.arguments) == 8
    assert "too many calls" in script.requests[1].messages[-1].text


@pytest.mark.parametrize("arguments", ["{", "[]", '"x"', ""])
async def test_arguments_that_are_none_are_the_models_mistake(tmp_path: Path, arguments: str) -> None:
    script = Script(fast_small=[calling("balance", arguments=arguments), a_response("x [tool:balance]")])
    tools = Scripted(ToolAnswer("12.50"))
    async with house_with(script, tools, offered(), tmp_path) as house:
        await run(asks(), ANONYMOUS, house)
    assert tools.arguments == [{}]


async def test_calls_of_the_callers_own_tools_are_the_callers(tmp_path: Path) -> None:
    script = Script(fast_small=[calling("theirs", "balance")])
    tools = Scripted()
    async with house_with(script, tools, offered(), tmp_path) as house:
        outcome = await run(asks(tools=(Tool("theirs", None, None),)), ANONYMOUS, house)
    assert [call.name for call in outcome.response.choices[0].tool_calls] == ["theirs"]
    assert tools.arguments == []


async def test_a_tool_of_the_callers_may_not_take_the_name(tmp_path: Path) -> None:
    async with house_with(Script(), Scripted(), offered(), tmp_path) as house:
        with pytest.raises(InvalidFieldError, match="balance"):
            await run(asks(tools=(Tool("balance", None, None),)), ANONYMOUS, house)


def test_a_stream_is_held_back_while_tools_may_be_asked() -> None:
    assert stream_mode(offered(), asks()) == "validated"
