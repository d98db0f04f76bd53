"""A stream, event by event: the host's bytes pass, the gateway reads along, and what it writes is in order."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.dialects.anthropic_messages.events import EventReader
from weighbridge.dialects.anthropic_messages.response import parse_response
from weighbridge.dialects.anthropic_messages.writer import EventWriter
from weighbridge.dialects.collector import Collector
from weighbridge.dialects.openai_chat.events import parse_event as parse_openai_event
from weighbridge.domain.errors import (
    AttemptsFailedError,
    ProviderAuthError,
    ProviderError,
    ProviderMalformedError,
    ProviderRateLimitedError,
    ProviderRejectedError,
    ProviderUnavailableError,
)
from weighbridge.domain.response import Delta, FinishReason, Response, ToolPiece
from weighbridge.domain.usage import Usage

Events = list[dict[str, Any]]


def event(kind: str, **fields: object) -> bytes:
    return json.dumps({"type": kind} | fields, separators=(",", ":")).encode()


def start(**fields: object) -> bytes:
    return event("message_start", message={"id": "msg_1", "model": "upstream", "content": []} | fields)


def written(*deltas: Delta) -> bytes:
    writer = EventWriter(model="fast-small", response_id="rec_1")
    return b"".join([writer.delta(delta) for delta in deltas]) + writer.finish()


def unframed(sent: bytes) -> Events:
    """The events' JSON; each is framed as its own type says."""
    found = []
    for frame in sent.decode().removesuffix("\n\n").split("\n\n"):
        first, second = frame.split("\n")
        found.append(json.loads(second.removeprefix("data: ")))
        assert first == f"event: {found[-1]['type']}"
    return found


def collected(events: list[bytes]) -> Response:
    reader, collector = EventReader(), Collector()
    for chunk in events:
        collector.add(reader.parse_event(chunk))
    return collector.response()


def assert_in_order(events: Events) -> None:
    """Begins and ends once; blocks are numbered in turn, and one is open at a time."""
    kinds = [item["type"] for item in events]
    assert (kinds[0], kinds[-2:]) == ("message_start", ["message_delta", "message_stop"])
    opened, is_open = -1, False
    for item in events[1:-2]:
        if item["type"] == "content_block_start":
            assert not is_open
            opened, is_open = opened + 1, True
        assert is_open
        assert item["index"] == opened
        is_open = item["type"] != "content_block_stop"
    assert not is_open


@pytest.mark.parametrize(
    "chunk",
    [
        b"",
        b"[DONE]",
        b"secret-page",
        b"[1]",
        b'{"a":"secret-page"}',
        b'{"type":["secret-page"]}',
        b'{"type":"content_block_delta","index":0}',
        b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":["secret-page"]}}',
        b'{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"a"}}',
        b'{"type":"content_block_delta","index":[],"delta":{"type":"input_json_delta"}}',
        b'{"type":"content_block_start","index":0}',
        b'{"type":"content_block_start","index":-1,"content_block":{"type":"tool_use"}}',
        b'{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","input":"secret-page"}}',
        b'{"type":"content_block_stop"}',
        b'{"type":"message_start"}',
        b'{"type":"message_start","message":{"model":1}}',
        b'{"type":"message_delta","delta":"secret-page"}',
    ],
)
def test_an_event_of_the_wrong_shape_is_malformed_and_not_repeated(chunk: bytes) -> None:
    with pytest.raises(ProviderMalformedError) as caught:
        EventReader().parse_event(chunk)
    assert "secret-page" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"type": "overloaded_error", "message": "secret-page"}, ProviderUnavailableError),
        ({"type": "api_error", "message": "secret-page"}, ProviderUnavailableError),
        ({"type": "rate_limit_error", "message": "secret-page"}, ProviderRateLimitedError),
        ({"type": "invalid_request_error", "message": "secret-page"}, ProviderRejectedError),
        ({"type": "authentication_error", "message": "secret-page"}, ProviderAuthError),
        ({"type": "secret page"}, ProviderUnavailableError),
        ("secret-page", ProviderUnavailableError),
        (None, ProviderUnavailableError),
    ],
)
def test_an_error_in_a_stream_is_raised_and_may_have_cost(fields: object, error: type[ProviderError]) -> None:
    with pytest.raises(error) as caught:
        EventReader().parse_event(event("error", error=fields))
    assert "secret" not in str(caught.value)
    assert caught.value.may_have_cost


def test_usage_of_the_end_is_joined_with_that_of_the_beginning() -> None:
    reader = EventReader()
    usage = {"input_tokens": 7, "cache_read_input_tokens": 3, "output_tokens": 1}
    assert reader.parse_event(start(usage=usage)).usage == Usage(7, 1, 3)
    end = event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 20})
    assert reader.parse_event(end).usage == Usage(7, 20, 3)


def test_a_stream_without_usage_has_none() -> None:
    assert collected([start(), event("message_delta", delta={"stop_reason": "end_turn"})]).usage is None


def test_only_the_last_event_ends_a_stream() -> None:
    reader = EventReader()
    reader.parse_event(event("message_delta", delta={"stop_reason": "end_turn"}))
    assert not reader.has_ended
    reader.parse_event(event("message_stop"))
    assert reader.has_ended


@pytest.mark.parametrize(
    "chunk",
    [
        event("ping"),
        event("word_to_come", x=1),
        event("content_block_delta", index=9, delta={"type": "input_json_delta", "partial_json": "{}"}),
        event("content_block_stop", index=0),
    ],
)
def test_what_says_nothing_to_the_gateway_still_passes(chunk: bytes) -> None:
    delta = EventReader().parse_event(chunk)
    assert delta == Delta(wire=chunk)
    assert not delta.has_content


def test_the_host_s_bytes_pass_but_for_the_model_s_name() -> None:
    reader, writer = EventReader(), EventWriter(model="fast-small", response_id="rec_1")
    spaced = b'{ "index":0, "delta":{"type":"text_delta","text":"a"},\n "type":"content_block_delta" }'
    first = writer.delta(reader.parse_event(start(custom=1.5)))
    assert unframed(first)[0]["message"] == {"id": "msg_1", "model": "fast-small", "content": [], "custom": 1.5}
    sent = writer.delta(reader.parse_event(spaced))
    assert sent == b"event: content_block_delta\ndata: %b\n\n" % spaced.replace(b"\n", b"\ndata: ")
    assert writer.delta(reader.parse_event(event("word_to_come"))).startswith(b"event: word_to_come\n")


def test_a_host_s_last_event_waits_for_the_end() -> None:
    reader, writer = EventReader(), EventWriter(model="m", response_id="rec_1")
    writer.delta(reader.parse_event(start()))
    assert writer.delta(reader.parse_event(event("message_stop"))) == b""
    assert writer.finish() == b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


def test_a_type_cannot_break_out_of_its_line() -> None:
    writer = EventWriter(model="m", response_id="rec_1")
    writer.delta(Delta(wire=start()))
    assert writer.delta(Delta(wire=b'{"x":1,"type":"a\\nevent: b"}')).count(b"\n") == 3


def test_events_of_another_dialect_are_built_anew() -> None:
    chunk = b'{"id":"c","choices":[{"index":0,"delta":{"content":"hi"}}],"model":"gpt"}'
    events = unframed(
        written(parse_openai_event(chunk), Delta(finish_reason=FinishReason.STOP), Delta(usage=Usage(3, 2)))
    )
    assert_in_order(events)
    assert events[0]["message"]["model"] == "fast-small"
    assert events[2]["delta"] == {"type": "text_delta", "text": "hi"}
    assert events[-2]["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    assert events[-2]["usage"]["input_tokens"] == 3


def test_an_empty_answer_is_a_whole_stream() -> None:
    events = unframed(written())
    assert [item["type"] for item in events] == ["message_start", "message_delta", "message_stop"]


def test_a_refusal_is_shown_as_text_and_ends_as_one() -> None:
    events = unframed(written(Delta(refusal="No."), Delta(finish_reason=FinishReason.STOP)))
    assert events[2]["delta"]["text"] == "No."
    assert events[-2]["delta"]["stop_reason"] == "refusal"


def test_calls_one_after_another_are_sent_as_they_come() -> None:
    writer = EventWriter(model="m", response_id="rec_1")
    sent = [
        writer.delta(Delta(tool_pieces=(piece,)))
        for piece in (
            ToolPiece(0, "a", "f", '{"x":'),
            ToolPiece(0, arguments="1}"),
            ToolPiece(1, "b", "g", ""),
            ToolPiece(1, arguments="{}"),
        )
    ]
    assert all(b"content_block" in block for block in sent)
    assert sent[2].count(b"event: content_block_stop") == 1


def test_calls_that_alternate_wait_for_each_other() -> None:
    pieces = [
        ToolPiece(0, "a", "f", '{"x":'),
        ToolPiece(1, "b", "g", '{"y"'),
        ToolPiece(0, arguments='"}"'),
        ToolPiece(1, arguments=":2}"),
        ToolPiece(0, arguments="}"),
        ToolPiece(0, arguments=" "),
    ]
    events = unframed(written(*[Delta(tool_pieces=(piece,)) for piece in pieces], Delta(text="late")))
    assert_in_order(events)
    calls = collected([json.dumps(item).encode() for item in events]).choices[0].tool_calls
    assert [(call.id, call.arguments) for call in calls] == [("a", '{"x":"}"}'), ("b", '{"y":2}')]


def test_arguments_that_are_no_object_lose_nothing() -> None:
    pieces = (ToolPiece(0, "a", "f", "[1"), ToolPiece(1, "b", "g", "{}"), ToolPiece(0, arguments="]"))
    events = unframed(written(*[Delta(tool_pieces=(piece,)) for piece in pieces]))
    assert_in_order(events)
    calls = collected([json.dumps(item).encode() for item in events]).choices[0].tool_calls
    assert [(call.id, call.arguments) for call in calls] == [("a", "[1]"), ("b", "{}")]


def test_a_broken_stream_ends_in_an_error_that_clients_raise_on() -> None:
    error = AttemptsFailedError("Every attempt failed.", advice="Try later.", attempts=[])
    error.record_id = "rec_1"
    sent = unframed(EventWriter(model="m", response_id="rec_1").error(error))[0]
    assert sent["error"]["type"] == "api_error"
    assert (sent["error"]["code"], sent["request_id"]) == ("attempts_failed", "rec_1")


WHOLE_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
OBJECTS = st.dictionaries(st.text("ab}{", max_size=3), WHOLE_TEXT | st.text('\\"{}', max_size=6), max_size=2).map(
    lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
)


@st.composite
def cut(draw: st.DrawFn, text: str) -> list[str]:
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


@given(st.data(), WHOLE_TEXT, st.lists(OBJECTS, max_size=3), st.sampled_from(["end_turn", "max_tokens", "tool_use"]))
def test_a_stream_cut_anywhere_collects_to_the_whole(
    data: st.DataObject, text: str, arguments: list[str], stop: str
) -> None:
    calls = [{"type": "tool_use", "id": f"t{number}", "name": "f"} for number in range(len(arguments))]
    chunks = [start(), event("content_block_start", index=0, content_block={"type": "text", "text": ""})]
    chunks += [
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
        for piece in data.draw(cut(text))
    ]
    for index, (call, written_as) in enumerate(zip(calls, arguments, strict=True), 1):
        chunks.append(event("content_block_start", index=index, content_block=call | {"input": {}}))
        for piece in data.draw(cut(written_as)) if written_as != "{}" else []:
            delta = {"type": "input_json_delta", "partial_json": piece}
            chunks.append(event("content_block_delta", index=index, delta=delta))
        chunks.append(event("content_block_stop", index=index))
    usage = {"input_tokens": 5, "output_tokens": 3}
    chunks.append(event("message_delta", delta={"stop_reason": stop}, usage=usage))
    blocks = [call | {"input": json.loads(value)} for call, value in zip(calls, arguments, strict=True)]
    body = {"model": "upstream", "content": [{"type": "text", "text": text}, *blocks]}
    wanted = parse_response(json.dumps(body | {"stop_reason": stop, "usage": usage}).encode())
    found = collected(chunks)
    assert (found.choices, found.usage, found.model) == (wanted.choices, wanted.usage, wanted.model)


@given(st.data(), st.lists(OBJECTS, max_size=3), st.lists(WHOLE_TEXT, max_size=4))
def test_pieces_in_any_order_become_whole_blocks(data: st.DataObject, arguments: list[str], texts: list[str]) -> None:
    queues = [
        [ToolPiece(index, arguments=piece) for piece in data.draw(cut(value))] for index, value in enumerate(arguments)
    ]
    for index, queue in enumerate(queues):
        queue[0] = replace(queue[0], id=f"t{index}", name="f")
    order = data.draw(st.permutations([index for index, queue in enumerate(queues) for _ in queue]))
    deltas = [Delta(tool_pieces=(queues[index].pop(0),)) for index in order]
    for text in texts:
        deltas.insert(data.draw(st.integers(0, len(deltas))), Delta(text=text))
    said = "".join(delta.text for delta in deltas)
    events = unframed(written(*deltas, Delta(finish_reason=FinishReason.STOP, usage=Usage(3, 2))))
    assert_in_order(events)
    found = collected([json.dumps(item).encode() for item in events])
    assert found.text == said
    assert {call.id: call.arguments for call in found.choices[0].tool_calls} == {
        f"t{index}": value for index, value in enumerate(arguments)
    }
    assert found.choices[0].finish_reason is (FinishReason.TOOL_CALLS if arguments else FinishReason.STOP)
    assert found.usage == Usage(3, 2)


KEYS = st.sampled_from(
    ["index", "delta", "content_block", "message", "usage", "text", "partial_json", "model", "input"]
)
KINDS = st.sampled_from(["message_start", "content_block_start", "content_block_delta", "content_block_stop"]) | (
    st.sampled_from(["message_delta", "message_stop", "ping", "text", "tool_use", "text_delta", "input_json_delta"])
)
VALUES = st.recursive(
    st.none() | st.integers(-1, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


@given(
    st.lists(
        st.builds(
            lambda kind, inner, fields: {**fields, "type": kind, "delta": {"type": inner, **fields}},
            KINDS,
            KINDS,
            st.dictionaries(KEYS, VALUES, max_size=4),
        ),
        max_size=6,
    )
)
def test_any_events_give_deltas_that_can_be_written_or_a_provider_error(events: Events) -> None:
    reader, writer = EventReader(), EventWriter(model="m", response_id="rec_1")
    for item in events:
        try:
            delta = reader.parse_event(json.dumps(item).encode())
        except ProviderError:
            continue
        writer.delta(delta)
    writer.finish()


@given(st.binary(max_size=40))
def test_any_bytes_give_a_delta_or_a_provider_error(chunk: bytes) -> None:
    try:
        delta = EventReader().parse_event(chunk)
    except ProviderError:
        return
    assert delta.wire == chunk
