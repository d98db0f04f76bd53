"""OpenAI's Responses, both ways: requests, whole answers, and streams in the shapes that hosts and clients send."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make import a_model, a_request, a_response
from weighbridge.dialects.collector import Collector
from weighbridge.dialects.openai_responses.events import EventReader
from weighbridge.dialects.openai_responses.request import parse_request, render_request
from weighbridge.dialects.openai_responses.response import parse_response, render_response
from weighbridge.dialects.openai_responses.writer import EventWriter
from weighbridge.domain.errors import (
    AttemptsFailedError,
    EmptyInputError,
    InvalidFieldError,
    ProviderMalformedError,
    ProviderRateLimitedError,
)
from weighbridge.domain.request import Image, Message, OutputFormat, Role, Sampling, Text, ToolCall, ToolResult, say
from weighbridge.domain.response import Choice, Delta, FinishReason, ToolPiece
from weighbridge.domain.usage import Usage

PICTURE = "data:image/png;base64,AAAA"
MODEL = a_model(upstream_name="gpt-small")
CALL = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"q":1}'}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "abc=="}
USAGE = {
    "input_tokens": 30,
    "input_tokens_details": {"cached_tokens": 20},
    "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 4},
    "total_tokens": 39,
}
WHOLE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "model": "gpt-small-2026",
    "output": [
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Looking.", "annotations": [], "logprobs": []}],
        },
        {**CALL, "id": "fc_1", "status": "completed"},
    ],
    "usage": USAGE,
}


def request(**fields: object) -> bytes:
    return json.dumps({"model": "task/tag", "input": "hello", **fields}).encode()


def sent(body: bytes, **changes: Any) -> dict[str, Any]:
    parsed = replace(parse_request(body), **changes)
    found: dict[str, Any] = json.loads(render_request(parsed, MODEL, wants_logprobs=False))
    return found


def test_text_alone_is_a_user_s_turn_and_instructions_come_first() -> None:
    parsed = parse_request(request(instructions="Be short.", max_output_tokens=9, temperature=0.5))
    assert parsed.messages == (say(Role.SYSTEM, "Be short."), say(Role.USER, "hello"))
    assert (parsed.max_output_tokens, parsed.sampling.temperature, parsed.dialect) == (9, 0.5, "openai_responses")


def test_an_agent_s_items_are_understood_as_turns() -> None:
    items = [
        {"role": "developer", "content": "Use tools."},
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "look"},
                {"type": "input_image", "image_url": PICTURE},
            ],
        },
        REASONING,
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Yes."}]},
        CALL,
        {**CALL, "call_id": "c2"},
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}]},
    ]
    assert parse_request(request(input=items)).messages == (
        say(Role.DEVELOPER, "Use tools."),
        Message(Role.USER, (Text("look"), Image(PICTURE))),
        Message(Role.ASSISTANT, (Text("Yes."), ToolCall("c1", "look", '{"q":1}'), ToolCall("c2", "look", '{"q":1}'))),
        Message(Role.TOOL, (ToolResult("c1", "one"),)),
        Message(Role.TOOL, (ToolResult("c2", "two"),)),
    )


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": 3}, "input"),
        ({"input": [{"type": "web_search_call"}]}, "input[0].type"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0]"),
        ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": []}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [{"type": "input_video"}]}]}, "input[0].content[0].type"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "http://x"}]}]},
            "input[0].content[0].image_url",
        ),
        ({"input": [{"type": "function_call", "name": "x"}]}, "input[0].call_id"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"store": True}, "store"),
        ({"background": True}, "background"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tool_choice": {"type": "web_search"}}, "tool_choice.type"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"model": ""}, "model"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, object], param: str) -> None:
    with pytest.raises(InvalidFieldError) as raised:
        parse_request(request(**fields))
    assert raised.value.param == param


@pytest.mark.parametrize("value", [" ", [], [{"role": "system", "content": "x"}], [REASONING]])
def test_nothing_to_answer_is_told(value: object) -> None:
    with pytest.raises(EmptyInputError):
        parse_request(request(input=value))


def test_a_caller_s_own_body_goes_out_as_it_came_but_for_what_policy_changes() -> None:
    items = [{"role": "user", "content": "look", "x": 1}, REASONING, CALL]
    body = request(input=items, reasoning={"effort": "low"}, prompt_cache_key="k", store=False, stream=False)
    wanted = json.loads(body) | {"model": "gpt-small", "max_output_tokens": 50}
    del wanted["stream"]
    assert sent(body, max_output_tokens=50) == wanted


def test_the_host_is_told_to_keep_nothing() -> None:
    assert sent(request())["store"] is False


def test_turns_that_the_gateway_added_stand_beside_the_caller_s_own_items() -> None:
    parsed = parse_request(
        request(input=[{"role": "user", "content": "look", "x": 1}, REASONING, CALL], instructions="I")
    )
    messages = (say(Role.SYSTEM, "House rules."), *parsed.messages, say(Role.USER, "That was no JSON."))
    found = sent(
        request(input=[{"role": "user", "content": "look", "x": 1}, REASONING, CALL], instructions="I"),
        messages=messages,
    )
    assert found["instructions"] == "I"
    assert found["input"] == [
        {"role": "system", "content": "House rules."},
        {"role": "user", "content": "look", "x": 1},
        REASONING,
        CALL,
        {"role": "user", "content": "That was no JSON."},
    ]


def test_instructions_that_compaction_left_out_do_not_go_out() -> None:
    parsed = parse_request(request(instructions="I"))
    assert "instructions" not in sent(request(instructions="I"), messages=parsed.messages[1:])


def test_a_task_s_schema_is_the_format_where_the_caller_asked_for_none() -> None:
    shape = OutputFormat("json_schema", '{"type":"object"}')
    asked = sent(request(text={"verbosity": "low"}), output=shape)["text"]
    assert asked == {
        "verbosity": "low",
        "format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}, "strict": False},
    }
    own = {"format": {"type": "json_schema", "name": "own", "schema": {"type": "array"}}}
    assert sent(request(text=own))["text"] == own


def test_log_probabilities_are_asked_for_by_inclusion() -> None:
    assert parse_request(request(include=["message.output_text.logprobs"])).wants_logprobs
    asked = json.loads(render_request(parse_request(request(include=["x"])), MODEL, wants_logprobs=True))
    assert asked["include"] == ["x", "message.output_text.logprobs"]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"sampling": Sampling(stop=("x",))}, "stop"),
        ({"choices": 2}, "n"),
    ],
)
def test_what_has_no_place_is_refused_by_name(changes: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidFieldError) as raised:
        render_request(a_request(**changes), MODEL, wants_logprobs=False)
    assert raised.value.param == param


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)
_CALLS = st.builds(ToolCall, _TEXTS, _TEXTS, st.just("{}"))
_MESSAGES = st.one_of(
    st.builds(say, st.sampled_from([Role.SYSTEM, Role.DEVELOPER, Role.USER, Role.ASSISTANT]), _TEXTS),
    st.builds(lambda text: Message(Role.USER, (Text(text), Image("https://x/y.png"))), _TEXTS),
    st.builds(lambda text, calls: Message(Role.ASSISTANT, (Text(text), *calls)), _TEXTS, st.lists(_CALLS, min_size=1)),
    st.builds(lambda call_id, text: Message(Role.TOOL, (ToolResult(call_id, text),)), _TEXTS, _TEXTS),
)


@given(st.lists(_MESSAGES, min_size=1, max_size=6))
def test_what_is_written_is_read_again_as_it_was(messages: list[Message]) -> None:
    asked = a_request(messages=(*messages, say(Role.USER, "go on")), max_output_tokens=7)
    assert parse_request(render_request(asked, MODEL, wants_logprobs=False)).messages == asked.messages


def test_a_whole_answer_is_understood() -> None:
    found = parse_response(json.dumps(WHOLE).encode())
    choice = found.choices[0]
    assert (found.text, found.model, found.provider_id) == ("Looking.", "gpt-small-2026", "resp_1")
    assert choice.tool_calls == (ToolCall("c1", "look", '{"q":1}'),)
    assert choice.finish_reason is FinishReason.TOOL_CALLS
    assert found.usage == Usage(10, 9, cache_read_tokens=20, reasoning_tokens=4)


@pytest.mark.parametrize(
    ("changes", "finish"),
    [
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, FinishReason.LENGTH),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, FinishReason.CONTENT_FILTER),
        ({"status": "incomplete", "incomplete_details": None}, FinishReason.UNKNOWN),
        ({"status": "in_progress"}, FinishReason.UNKNOWN),
    ],
)
def test_only_a_complete_answer_has_stopped(changes: dict[str, object], finish: FinishReason) -> None:
    assert parse_response(json.dumps(WHOLE | changes).encode()).choices[0].finish_reason is finish


def test_a_failed_answer_is_an_error_and_no_stop() -> None:
    body = {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "secret prompt"}, "output": []}
    with pytest.raises(ProviderRateLimitedError) as raised:
        parse_response(json.dumps(body).encode())
    assert "secret" not in str(raised.value)
    assert raised.value.may_have_cost


@pytest.mark.parametrize(
    "body", [b"no", b"[]", b"{}", b'{"output": [1]}', b'{"output": [{"type":"function_call","name":3}]}']
)
def test_what_is_no_answer_is_malformed(body: bytes) -> None:
    with pytest.raises(ProviderMalformedError):
        parse_response(body)


def test_a_host_s_own_answer_is_passed_on_under_the_name_that_served() -> None:
    found = parse_response(json.dumps(WHOLE).encode())
    passed = json.loads(render_response(found, model="fast-small", created=1, response_id="rec_1"))
    assert passed == WHOLE | {"model": "fast-small"}


def test_log_probabilities_that_only_the_gateway_wanted_are_kept_back() -> None:
    text = {"type": "output_text", "text": "x", "logprobs": [{"token": "x", "logprob": -0.5}]}
    whole = WHOLE | {"output": [{"type": "message", "content": [text]}]}
    found = parse_response(json.dumps(whole).encode())
    assert found.choices[0].logprobs == (-0.5,)
    shown = json.loads(render_response(found, model="m", created=1, response_id="r", shows_logprobs=False))
    assert shown["output"][0]["content"][0]["logprobs"] == []


@pytest.mark.parametrize(
    ("choice", "status"),
    [
        (Choice("hi"), "completed"),
        (Choice("", FinishReason.TOOL_CALLS, (ToolCall("c1", "look", "{}"),)), "completed"),
        (Choice("h", FinishReason.LENGTH), "incomplete"),
        (Choice("", FinishReason.CONTENT_FILTER, refusal="I will not."), "incomplete"),
        (
            Choice("said", FinishReason.TOOL_CALLS, (ToolCall("a", "x", "{}"), ToolCall("b", "y", '{"z":1}'))),
            "completed",
        ),
    ],
)
def test_a_built_answer_is_read_again_as_it_was(choice: Choice, status: str) -> None:
    response = a_response(choices=(choice,), usage=Usage(3, 2, cache_read_tokens=1, reasoning_tokens=1))
    built = render_response(response, model="m", created=5, response_id="rec_1")
    assert json.loads(built)["status"] == status
    again = parse_response(built)
    assert again.choices == (choice,)
    assert again.usage == response.usage


def events(*pairs: tuple[str, dict[str, object]]) -> list[bytes]:
    return [json.dumps({"type": f"response.{kind}", **fields}).encode() for kind, fields in pairs]


STREAM = events(
    ("created", {"response": {"id": "resp_1", "model": "gpt-small-2026", "output": []}}),
    ("output_item.added", {"output_index": 0, "item": {"type": "message", "id": "m"}}),
    ("content_part.added", {"output_index": 0, "part": {"type": "output_text", "text": ""}}),
    ("output_text.delta", {"output_index": 0, "delta": "Look", "logprobs": [{"logprob": -0.1}]}),
    ("output_text.delta", {"output_index": 0, "delta": "ing."}),
    ("output_item.added", {"output_index": 1, "item": {**CALL, "arguments": ""}}),
    ("output_item.added", {"output_index": 2, "item": {**CALL, "call_id": "c2", "arguments": ""}}),
    ("function_call_arguments.delta", {"output_index": 1, "delta": '{"q"'}),
    ("function_call_arguments.delta", {"output_index": 1, "delta": ":1}"}),
    ("output_item.done", {"output_index": 1, "item": CALL}),
    ("output_item.done", {"output_index": 2, "item": {**CALL, "call_id": "c2", "arguments": '{"q":2}'}}),
    ("completed", {"response": WHOLE}),
)


def collected(stream: list[bytes]) -> tuple[Collector, EventReader]:
    reader, collector = EventReader(), Collector()
    for event in stream:
        delta = reader.parse_event(event)
        assert delta is not None
        collector.add(delta)
    return collector, reader


def test_a_stream_is_understood_calls_without_fragments_included() -> None:
    collector, reader = collected(STREAM)
    found = collector.response()
    assert (found.text, found.model, reader.has_ended) == ("Looking.", "gpt-small-2026", True)
    assert found.choices[0].tool_calls == (ToolCall("c1", "look", '{"q":1}'), ToolCall("c2", "look", '{"q":2}'))
    assert found.choices[0].finish_reason is FinishReason.TOOL_CALLS
    assert found.usage == Usage(10, 9, cache_read_tokens=20, reasoning_tokens=4)


def test_nothing_is_content_before_content_comes() -> None:
    reader = EventReader()
    deltas = [reader.parse_event(event) for event in STREAM[:4]]
    assert [delta is not None and delta.has_content for delta in deltas] == [False, False, False, True]


def test_a_stream_that_stops_before_its_end_was_cut() -> None:
    assert not collected(STREAM[:-1])[1].has_ended


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "rate_limit_exceeded", "message": "x"},
        {"type": "response.failed", "response": {"error": {"code": "rate_limit_exceeded", "message": "x"}}},
    ],
)
def test_a_failure_in_the_stream_is_an_error(event: dict[str, object]) -> None:
    with pytest.raises(ProviderRateLimitedError):
        EventReader().parse_event(json.dumps(event).encode())


@pytest.mark.parametrize(
    "event",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"type":"response.output_item.added"}',
        b'{"type":"response.function_call_arguments.delta","output_index":3,"delta":"x"}',
        b'{"type":"response.completed"}',
        b'{"type":"response.output_text.delta","delta":3}',
    ],
)
def test_an_event_that_breaks_the_dialect_is_malformed(event: bytes) -> None:
    with pytest.raises(ProviderMalformedError):
        EventReader().parse_event(event)


def written(deltas: list[Delta]) -> list[dict[str, Any]]:
    writer = EventWriter(model="fast-small", response_id="rec_1", created=1)
    blocks = (b"".join(map(writer.delta, deltas)) + writer.finish()).decode().split("\n\n")
    lines = [block.split("\n") for block in blocks if block]
    assert all(name == f"event: {json.loads(data[6:])['type']}" for name, data in lines)
    return [json.loads(data[6:]) for _, data in lines]


PIECES = [
    Delta(text="Look"),
    Delta(text="ing."),
    Delta(tool_pieces=(ToolPiece(0, "c1", "look"),)),
    Delta(tool_pieces=(ToolPiece(1, "c2", "find", "{}"),)),
    Delta(tool_pieces=(ToolPiece(0, arguments='{"q":1}'),)),
    Delta(finish_reason=FinishReason.TOOL_CALLS),
    Delta(usage=Usage(3, 2)),
]


def test_a_built_stream_has_its_events_in_order() -> None:
    found = written(PIECES)
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    assert [event["type"].removeprefix("response.") for event in found] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_item.added",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "function_call_arguments.done",
        "output_item.done",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]


def test_a_built_stream_is_read_again_as_it_was() -> None:
    collector, reader = collected([json.dumps(event).encode() for event in written(PIECES)])
    found = collector.response()
    assert reader.has_ended
    assert found.text == "Looking."
    assert found.choices[0].tool_calls == (ToolCall("c1", "look", '{"q":1}'), ToolCall("c2", "find", "{}"))
    assert found.usage == Usage(3, 2)


def test_its_last_event_holds_the_whole_answer() -> None:
    last = written(PIECES)[-1]["response"]
    assert [item["type"] for item in last["output"]] == ["message", "function_call", "function_call"]
    assert last["usage"]["total_tokens"] == 5
    assert last["model"] == "fast-small"


def test_an_answer_that_was_cut_is_incomplete_and_one_that_says_nothing_is_still_one() -> None:
    assert written([Delta(text="x")])[-1]["type"] == "response.incomplete"
    quiet = written([Delta(finish_reason=FinishReason.STOP)])
    assert quiet[-1]["response"]["output"][0]["content"][0]["text"] == ""


def test_a_refusal_has_its_own_events() -> None:
    found = written([Delta(refusal="No."), Delta(finish_reason=FinishReason.STOP)])
    assert "response.refusal.delta" in [event["type"] for event in found]
    assert found[-1]["response"]["output"][0]["content"] == [{"type": "refusal", "refusal": "No."}]


def test_a_host_s_own_events_pass_as_they_came_but_for_the_name() -> None:
    reader, writer = EventReader(), EventWriter(model="fast-small", response_id="rec_1", created=1)
    deltas = [delta for event in STREAM if (delta := reader.parse_event(event)) is not None]
    flowing = b"".join(map(writer.delta, deltas))
    assert b"response.completed" not in flowing
    passed = [
        json.loads(block.split("\ndata: ")[1]) for block in (flowing + writer.finish()).decode().split("\n\n") if block
    ]
    originals = [json.loads(event) for event in STREAM]
    for event in originals:
        if "response" in event:
            event["response"]["model"] = "fast-small"
    assert passed == originals


def test_a_broken_answer_ends_with_an_error_event() -> None:
    writer = EventWriter(model="m", response_id="rec_1", created=1)
    writer.delta(Delta(text="x"))
    error = AttemptsFailedError("It broke.", advice="Try again.", attempts=[])
    name, data = writer.error(error).decode().strip().split("\n")
    event = json.loads(data.removeprefix("data: "))
    assert name == "event: error"
    assert (event["type"], event["code"], event["error"]["code"]) == ("error", "attempts_failed", "attempts_failed")
