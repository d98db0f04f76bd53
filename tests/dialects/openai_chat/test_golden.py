"""Wire in, what the gateway understood, wire out: bodies in the shapes that real hosts and clients send."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from make import a_model
from weighbridge.dialects.collector import Collector
from weighbridge.dialects.openai_chat.events import is_usage_only, parse_event, render_event
from weighbridge.dialects.openai_chat.request import parse_request, render_request
from weighbridge.dialects.openai_chat.response import parse_response, render_response
from weighbridge.domain.request import Image, Request, ToolCall, ToolResult
from weighbridge.domain.response import Response

GOLDEN = Path(__file__).parents[1] / "golden" / "openai_chat"


def cases(kind: str) -> list[Path]:
    found = sorted(GOLDEN.glob(f"{kind}_*"))
    assert found
    return found


def facts(case: Path) -> dict[str, object]:
    wanted: dict[str, object] = json.loads((case / "facts.json").read_text())
    return wanted


def lines(file: Path) -> list[bytes]:
    """One event a line. Split on the newline byte alone: a U+2028 inside a text is no line's end."""
    return file.read_bytes().rstrip(b"\n").split(b"\n")


def facts_of_request(request: Request) -> dict[str, object]:
    parts = [part for message in request.messages for part in message.parts]
    return {
        "model": request.model,
        "roles": [message.role.value for message in request.messages],
        "user_text": request.user_text,
        "images": [part.url for part in parts if isinstance(part, Image)],
        "calls": [[part.id, part.name, part.arguments] for part in parts if isinstance(part, ToolCall)],
        "results": [[part.call_id, part.text] for part in parts if isinstance(part, ToolResult)],
        "tools": [tool.name for tool in request.tools],
        "output_kind": request.output.kind,
        "max_output_tokens": request.max_output_tokens,
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        "seed": request.sampling.seed,
        "stop": list(request.sampling.stop),
        "metadata": request.metadata,
        "choices": request.choices,
        "wants_logprobs": request.wants_logprobs,
        "is_stream": request.is_stream,
        "wants_stream_usage": request.wants_stream_usage,
        "needs": sorted(request.needs),
    }


def facts_of_response(response: Response) -> dict[str, object]:
    choice, usage = response.choices[0], response.usage
    return {
        "text": response.text,
        "model": response.model,
        "provider_id": response.provider_id,
        "finish_reason": choice.finish_reason.value,
        "refusal": choice.refusal,
        "logprobs": list(choice.logprobs) if choice.logprobs else None,
        "calls": [[call.id, call.name, call.arguments] for call in choice.tool_calls],
        "usage": usage
        and [
            usage.input_tokens,
            usage.cache_read_tokens,
            usage.cache_write_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
        ],
    }


def assert_includes(found: dict[str, object], wanted: dict[str, object]) -> None:
    assert {key: found[key] for key in wanted} == wanted


@pytest.mark.parametrize("case", cases("request"), ids=lambda case: case.name)
def test_a_request_is_understood(case: Path) -> None:
    assert_includes(facts_of_request(parse_request((case / "in.json").read_bytes())), facts(case))


@pytest.mark.parametrize("case", cases("request"), ids=lambda case: case.name)
def test_a_request_goes_out_as_it_came_but_for_what_policy_changes(case: Path) -> None:
    request = parse_request((case / "in.json").read_bytes())
    bounded = replace(request, max_output_tokens=min(request.max_output_tokens or 200, 200))
    model = a_model(upstream_name="upstream-small")
    wanted = json.loads((case / "out.json").read_text())
    for changed in (True, False):
        sent = json.loads(render_request(bounded, model, wants_logprobs=False, messages_changed=changed))
        assert list(sent.items()) == list(wanted.items())


@pytest.mark.parametrize("case", cases("response"), ids=lambda case: case.name)
def test_a_response_is_understood(case: Path) -> None:
    assert_includes(facts_of_response(parse_response((case / "in.json").read_bytes())), facts(case))


@pytest.mark.parametrize("case", cases("response"), ids=lambda case: case.name)
def test_a_response_is_passed_on_under_the_name_that_served(case: Path) -> None:
    response = parse_response((case / "in.json").read_bytes())
    sent = json.loads(render_response(response, model="fast-small", created=1, response_id="rec_1"))
    assert sent == json.loads((case / "out.json").read_text())


@pytest.mark.parametrize("case", cases("stream"), ids=lambda case: case.name)
def test_a_stream_is_understood(case: Path) -> None:
    wanted = facts(case)
    content_from = wanted.pop("content_from")
    collector = Collector()
    deltas = [parse_event(event) for event in lines(case / "in.jsonl")]
    for delta in deltas:
        collector.add(delta)
    assert next(index for index, delta in enumerate(deltas) if delta.has_content) == content_from
    assert_includes(facts_of_response(collector.response()), wanted)


@pytest.mark.parametrize("case", cases("stream"), ids=lambda case: case.name)
def test_a_stream_is_passed_on_without_usage_that_was_not_asked_for(case: Path) -> None:
    deltas = [parse_event(event) for event in lines(case / "in.jsonl")]
    sent = [
        render_event(delta, model="fast-small", created=1, response_id="rec_1", is_first=index == 0)
        for index, delta in enumerate(deltas)
        if not is_usage_only(delta)
    ]
    assert sent == lines(case / "out.jsonl")
