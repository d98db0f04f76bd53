"""Wire in, what the gateway understood, wire out: bodies in the shapes that Anthropic's hosts and clients send."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dialects.openai_chat.test_golden import assert_includes, facts, facts_of_request, facts_of_response, lines
from make import a_model
from weighbridge.dialects.anthropic_messages.events import EventReader
from weighbridge.dialects.anthropic_messages.request import parse_request, render_request
from weighbridge.dialects.anthropic_messages.response import parse_response, render_response
from weighbridge.dialects.anthropic_messages.writer import EventWriter
from weighbridge.dialects.collector import Collector

GOLDEN = Path(__file__).parent / "golden" / "anthropic_messages"


def cases(kind: str) -> list[Path]:
    found = sorted(GOLDEN.glob(f"{kind}_*"))
    assert found
    return found


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
    assert list(sent.items()) == list(json.loads((case / "out.json").read_text()).items())


@pytest.mark.parametrize("case", cases("stream"), ids=lambda case: case.name)
def test_a_stream_is_understood(case: Path) -> None:
    wanted = facts(case)
    content_from = wanted.pop("content_from")
    reader, collector = EventReader(), Collector()
    deltas = [reader.parse_event(event) for event in lines(case / "in.jsonl")]
    for delta in deltas:
        collector.add(delta)
    assert next(index for index, delta in enumerate(deltas) if delta.has_content) == content_from
    assert_includes(facts_of_response(collector.response()), wanted)
    assert reader.has_ended


@pytest.mark.parametrize("case", cases("stream"), ids=lambda case: case.name)
def test_a_stream_is_passed_on_event_by_event(case: Path) -> None:
    reader, writer = EventReader(), EventWriter(model="fast-small", response_id="rec_1")
    sent = b"".join(writer.delta(reader.parse_event(event)) for event in lines(case / "in.jsonl"))
    assert sent + writer.finish() == (case / "out.sse").read_bytes()
