"""A model asks for tools that the gateway has: they are asked, and the model is called again with what they said."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import jiter

from weighbridge.context.label import label, unavailable
from weighbridge.context.standing import CURRENT
from weighbridge.context.suspicion import is_suspicious
from weighbridge.domain.evidence import Evidence, ToolRun
from weighbridge.domain.material import Source
from weighbridge.domain.request import Message, Role, ToolCall, ToolResult
from weighbridge.domain.response import Response
from weighbridge.domain.tool import DeclaredTool
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.gather import ask_tool
from weighbridge.pipeline.house import House
from weighbridge.pipeline.plan import Plan

MOST_CALLS = 8
"""Of one answer; further ones are told that they were not asked."""


def asked_of_us(response: Response | None, plan: Plan) -> tuple[ToolCall, ...]:
    """The calls of an answer, if all of them are for the gateway's own tools."""
    if response is None or not plan.offered or len(response.choices) != 1:
        return ()
    calls = response.choices[0].tool_calls
    own = {tool.name for tool in plan.offered}
    return calls if calls and all(call.name in own for call in calls) else ()


def for_caller(response: Response, plan: Plan) -> Response:
    """The answer without calls of the gateway's own tools: they are nothing to a caller who has other calls to make."""
    own = {tool.name for tool in plan.offered}
    if not any(call.name in own for choice in response.choices for call in choice.tool_calls):
        return response
    choices = tuple(
        replace(choice, tool_calls=tuple(call for call in choice.tool_calls if call.name not in own))
        for choice in response.choices
    )
    return replace(response, choices=choices, body=None)


async def with_results(plan: Plan, calls: tuple[ToolCall, ...], draft: Draft, house: House) -> Plan:
    """The plan of the next call: the model's words and the tools' results after the conversation."""
    declared = {tool.name: tool for tool in plan.offered}
    answered = await asyncio.gather(
        *(_answered(call, declared[call.name], plan.deadline, house) for call in calls[:MOST_CALLS])
    )
    runs = tuple(run for run, _ in answered)
    sources = tuple(source for _, source in answered if source is not None)
    shown = [_shown(declared[call.name], source) for call, (_, source) in zip(calls, answered, strict=False)]
    shown += ["This was not asked: too many calls at once."] * (len(calls) - len(shown))
    told = (
        Message(Role.ASSISTANT, calls),
        *(Message(Role.TOOL, (ToolResult(call.id, text),)) for call, text in zip(calls, shown, strict=True)),
    )
    _note(draft, runs, sources)
    return plan.with_tools(draft.request, told, sources)


async def _answered(call: ToolCall, tool: DeclaredTool, deadline: float, house: House) -> tuple[ToolRun, Source | None]:
    return await ask_tool(tool, _arguments(call.arguments), deadline, house, is_asked_by_model=True)


def _arguments(text: str) -> Mapping[str, str]:
    """What a model wrote as arguments, as texts; nothing where that is no object."""
    try:
        value: object = jiter.from_json(text.encode(errors="replace"))
    except ValueError:
        return {}
    if not isinstance(value, dict):
        return {}
    return {str(name): item if isinstance(item, str) else str(item) for name, item in value.items() if item is not None}


def _shown(tool: DeclaredTool, source: Source | None) -> str:
    if source is None:
        return unavailable(tool.citation)
    return label(source, CURRENT, is_suspicious=is_suspicious(source.text))


def _note(draft: Draft, runs: tuple[ToolRun, ...], sources: tuple[Source, ...]) -> None:
    packed = draft.packed
    if packed is not None:
        evidence = packed.evidence or Evidence()
        evidence = replace(evidence, tools=(*evidence.tools, *runs))
        draft.packed = replace(packed, evidence=evidence, sources=(*packed.sources, *sources))
