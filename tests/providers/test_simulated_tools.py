"""The simulated host calls tools when told to."""

import pytest

from make import a_model, a_request
from weighbridge.dialects.collector import Collector
from weighbridge.domain.request import Message, Request, Role, Tool, ToolCall, ToolResult, say
from weighbridge.domain.response import FinishReason, Response
from weighbridge.providers.clock import ManualClock
from weighbridge.providers.simulated import SimulatedHost
from weighbridge.providers.simulated_options import read_options

CITY = '{"type": "object", "properties": {"city": {"type": "string", "enum": ["Oslo", "Rome"]}}, "required": ["city"]}'
WEATHER, CLOCK = Tool("weather", "Tells the weather.", CITY), Tool("clock", None, None)


def told(simulate: str, *tools: Tool) -> Request:
    return a_request("Rome?", metadata={"simulate": simulate}, tools=tools or (WEATHER, CLOCK))


async def ask(request: Request) -> Response:
    return await SimulatedHost(ManualClock(), read_options({})).call(a_model(), request, 60)


CALLS = {
    "tool_call": [("weather", '{"city":"Rome"}')],
    "tool_call=clock": [("clock", "{}")],
    "tool_call=*": [("weather", '{"city":"Rome"}'), ("clock", "{}")],
    'tool_call=weather {"city": "Oslo"}': [("weather", '{"city": "Oslo"}')],
    "tool_call=weather {broken": [("weather", "{broken")],
    "tool_call=unheard_of": [("unheard_of", "{}")],
}


@pytest.mark.parametrize("script", CALLS)
async def test_a_script_makes_the_model_call_tools(script: str) -> None:
    (choice,) = (await ask(told(script))).choices
    assert [(call.name, call.arguments) for call in choice.tool_calls] == CALLS[script]
    assert (choice.text, choice.finish_reason) == ("", FinishReason.TOOL_CALLS)


async def test_a_streamed_call_comes_in_fragments_that_add_up() -> None:
    request = told('tool_call=weather {"city": "Oslo"}')
    collector, fragments = Collector(), 0
    async for delta in SimulatedHost(ManualClock(), read_options({})).stream(a_model(), request, 60):
        collector.add(delta)
        fragments += len(delta.tool_pieces)
    assert collector.response() == await ask(request)
    assert fragments == 3


async def test_the_result_of_a_tool_is_answered_with_text() -> None:
    call = ToolCall("call_1", "weather", "{}")
    turns = (
        say(Role.USER, "Rome?"),
        Message(Role.ASSISTANT, (call,)),
        Message(Role.TOOL, (ToolResult("call_1", "sun"),)),
    )
    answer = await ask(a_request(messages=turns, metadata={"simulate": "tool_call"}, tools=(WEATHER,)))
    assert (answer.text, answer.choices[0].tool_calls) == ("invoice", ())


async def test_without_a_tool_on_offer_there_is_text() -> None:
    answer = await ask(a_request(metadata={"simulate": "tool_call"}))
    assert answer.text == "invoice"
