"""Which tools must be called, across the two dialects; and what one cannot tell the other."""

import json

import pytest

from make import a_model
from weighbridge.dialects.anthropic_messages import request as anthropic
from weighbridge.dialects.openai_chat import request as openai
from weighbridge.domain.request import ToolChoice

TURN = {"messages": [{"role": "user", "content": "Rome?"}], "model": "auto"}
OPENAI_TOOLS = {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]}
ANTHROPIC_TOOLS = {"max_tokens": 9, "tools": [{"name": "weather", "input_schema": {"type": "object"}}]}
NAMED = {"type": "function", "function": {"name": "weather"}}


def asked_openai(**fields: object) -> bytes:
    return json.dumps(TURN | OPENAI_TOOLS | fields).encode()


def asked_anthropic(**fields: object) -> bytes:
    return json.dumps(TURN | ANTHROPIC_TOOLS | fields).encode()


@pytest.mark.parametrize(
    ("fields", "understood", "carried"),
    [
        ({}, None, None),
        ({"tool_choice": "auto"}, ToolChoice("auto"), {"type": "auto"}),
        ({"tool_choice": "none"}, ToolChoice("none"), {"type": "none"}),
        ({"tool_choice": "required"}, ToolChoice("required"), {"type": "any"}),
        ({"tool_choice": NAMED}, ToolChoice("tool", "weather"), {"type": "tool", "name": "weather"}),
        (
            {"parallel_tool_calls": False},
            ToolChoice("auto", may_be_parallel=False),
            {"type": "auto", "disable_parallel_tool_use": True},
        ),
    ],
)
def test_openai_s_choice_reaches_an_anthropic_host(
    fields: dict[str, object], understood: ToolChoice | None, carried: dict[str, object] | None
) -> None:
    request = openai.parse_request(asked_openai(**fields))
    assert request.tool_choice == understood
    sent = json.loads(anthropic.render_request(request, a_model(), wants_logprobs=False))
    assert sent.get("tool_choice") == carried


@pytest.mark.parametrize(
    ("choice", "carried"),
    [
        ({"type": "any"}, {"tool_choice": "required"}),
        ({"type": "tool", "name": "weather"}, {"tool_choice": NAMED}),
        (
            {"type": "auto", "disable_parallel_tool_use": True},
            {"tool_choice": "auto", "parallel_tool_calls": False},
        ),
    ],
)
def test_anthropic_s_choice_reaches_an_openai_host(choice: dict[str, object], carried: dict[str, object]) -> None:
    request = anthropic.parse_request(asked_anthropic(tool_choice=choice))
    sent = json.loads(openai.render_request(request, a_model(), wants_logprobs=False))
    assert {key: sent.get(key) for key in carried} == carried


def test_a_choice_that_only_the_host_knows_still_passes_to_its_own_dialect() -> None:
    request = openai.parse_request(asked_openai(tool_choice="any"))
    assert request.tool_choice is None
    assert json.loads(openai.render_request(request, a_model(), wants_logprobs=False))["tool_choice"] == "any"


def test_thinking_that_is_off_is_no_wish() -> None:
    request = anthropic.parse_request(asked_anthropic(thinking={"type": "disabled"}))
    assert b"thinking" not in openai.render_request(request, a_model(), wants_logprobs=False)
