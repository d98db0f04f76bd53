"""A stream, event by event: the host's bytes pass, the gateway reads along, and cuts lose nothing."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.dialects.collector import Collector
from weighbridge.dialects.openai_chat.events import (
    DONE,
    is_usage_only,
    parse_event,
    render_event,
    render_stream_error,
)
from weighbridge.dialects.openai_chat.response import parse_response
from weighbridge.domain.errors import (
    AttemptsFailedError,
    ProviderError,
    ProviderMalformedError,
    ProviderRateLimitedError,
    ProviderRejectedError,
    ProviderUnavailableError,
)
from weighbridge.domain.response import Delta, FinishReason, ToolPiece
from weighbridge.domain.usage import Usage


def event(delta: dict[str, object] | None = None, finish: str | None = None, **fields: object) -> bytes:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return json.dumps({"model": "upstream", "choices": [choice]} | fields, separators=(",", ":")).encode()


def shown(delta: Delta, model: str = "fast-small", *, is_first: bool = False) -> dict[str, Any]:
    wire = render_event(delta, model=model, created=7, response_id="rec_1", is_first=is_first)
    chunk: dict[str, object] = json.loads(wire)
    return chunk


@pytest.mark.parametrize(
    "chunk",
    [
        b"",
        b"[DONE]",
        b"secret-page",
        b"[1]",
        b'{"choices":{}}',
        b'{"choices":["secret-page"]}',
        b'{"choices":[{"delta":{"content":{"secret-page":1}}}]}',
        b'{"choices":[{"delta":{"refusal":1}}]}',
        b'{"choices":[{"delta":{"tool_calls":{"a":1}}}]}',
        b'{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}',
        b'{"choices":[{"delta":{"tool_calls":[{"index":"0","function":{}}]}}]}',
        b'{"choices":[{"delta":{"tool_calls":[{"index":-1,"function":{}}]}}]}',
        b'{"model":[],"choices":[]}',
    ],
)
def test_an_event_of_the_wrong_shape_is_malformed_and_not_repeated(chunk: bytes) -> None:
    with pytest.raises(ProviderMalformedError) as caught:
        parse_event(chunk)
    assert "secret-page" not in str(caught.value)


@pytest.mark.parametrize(
    ("chunk", "error"),
    [
        (b'{"error":{"message":"secret-page","code":429}}', ProviderRateLimitedError),
        (b'{"error":{"message":"secret-page","type":"rate_limit_error"}}', ProviderRateLimitedError),
        (b'{"error":{"message":"secret-page","type":"server_error","code":null}}', ProviderUnavailableError),
        (b'{"error":{"message":"secret-page","type":"invalid_request_error"}}', ProviderRejectedError),
        (b'{"object":"error","message":"secret-page","type":"BadRequestError","code":400}', ProviderRejectedError),
        (b'{"error":"secret-page"}', ProviderUnavailableError),
    ],
)
def test_an_error_in_a_stream_is_raised_and_may_have_cost(chunk: bytes, error: type[ProviderError]) -> None:
    with pytest.raises(error) as caught:
        parse_event(chunk)
    assert "secret-page" not in str(caught.value)
    assert caught.value.may_have_cost


def test_the_host_s_bytes_pass_but_for_the_model_s_name() -> None:
    chunk = event({"content": 'say "model":"upstream" twice'}, custom=[1.50])
    wire = render_event(parse_event(chunk), model="fast-small", created=7, response_id="rec_1", is_first=False)
    assert wire == chunk.replace(b'"model":"upstream","choices"', b'"model":"fast-small","choices"')


@pytest.mark.parametrize("name", ["up/stream", 'a"b', "modèle"])
def test_any_spelling_of_the_name_is_replaced(name: str) -> None:
    chunk = {"choices": [{"delta": {"content": "a"}}], "inner": {"model": name}, "model": name}
    for wire in (json.dumps(chunk), json.dumps(chunk, ensure_ascii=False), json.dumps(chunk, indent=1)):
        sent = shown(parse_event(wire.encode()))
        assert sent["model"] == "fast-small"
        assert sent["inner"] == {"model": name}


def test_only_an_event_without_choices_is_usage_only() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 1}
    assert is_usage_only(parse_event(b'{"choices": [], "usage": %s}' % json.dumps(usage).encode()))
    assert is_usage_only(Delta(usage=Usage(1, 1)))
    assert not is_usage_only(parse_event(event({"role": "assistant", "content": ""}, usage=usage)))
    assert not is_usage_only(parse_event(event({"content": "a"}, usage=usage)))
    assert not is_usage_only(parse_event(event({}, "stop", usage=usage)))
    assert not is_usage_only(parse_event(b'{"choices":[],"prompt_filter_results":[]}'))


def test_a_built_stream_begins_with_the_role_and_ends_with_usage() -> None:
    first = shown(Delta(text="in"), is_first=True)
    assert first["object"] == "chat.completion.chunk"
    assert first["choices"] == [
        {"index": 0, "delta": {"role": "assistant", "content": "in"}, "logprobs": None, "finish_reason": None}
    ]
    last = shown(Delta(finish_reason=FinishReason.STOP))
    assert last["choices"] == [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}]
    usage = shown(Delta(usage=Usage(3, 2)))
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] == 5


def test_a_broken_stream_ends_in_an_error_that_clients_raise_on() -> None:
    error = AttemptsFailedError("Every attempt failed.", advice="Try later.", attempts=[])
    error.record_id = "rec_1"
    fields = json.loads(render_stream_error(error))["error"]
    assert (fields["type"], fields["code"], fields["record"]) == ("server_error", "attempts_failed", "rec_1")
    assert DONE == b"[DONE]"


PIECES = st.builds(ToolPiece, st.integers(0, 2), st.just("id"), st.just("f"), st.text("{}", max_size=3))
DELTAS = st.builds(
    Delta,
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    refusal=st.sampled_from(["", "no"]),
    finish_reason=st.none() | st.just(FinishReason.STOP),
    logprobs=st.none() | st.just((-0.5, -1.0)),
    usage=st.none() | st.just(Usage(3, 2)),
    tool_pieces=st.lists(PIECES, max_size=2).map(tuple),
)


@given(DELTAS, st.booleans())
def test_a_built_event_survives_the_round_trip(delta: Delta, is_first: bool) -> None:
    again = parse_event(render_event(delta, model="m", created=1, response_id="r", is_first=is_first))
    for name in ("text", "refusal", "finish_reason", "usage", "tool_pieces"):
        assert getattr(again, name) == getattr(delta, name)
    assert again.logprobs == (None if is_usage_only(delta) else delta.logprobs)


WHOLE_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@st.composite
def cut(draw: st.DrawFn, text: str) -> list[str]:
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


@st.composite
def cut_call(draw: st.DrawFn, call: dict[str, Any]) -> list[dict[str, object]]:
    function = call["function"]
    first, *rest = draw(cut(function["arguments"]))
    opening = call | {"function": {"name": function["name"], "arguments": first}}
    return [opening, *({"index": call["index"], "function": {"arguments": piece}} for piece in rest)]


@given(st.data(), WHOLE_TEXT, st.lists(WHOLE_TEXT, max_size=3), st.sampled_from(["stop", "length", "tool_calls"]))
def test_a_stream_cut_anywhere_collects_to_the_whole(
    data: st.DataObject, text: str, arguments: list[str], finish: str
) -> None:
    calls = [
        {"index": index, "id": f"call_{index}", "function": {"name": "f", "arguments": value}}
        for index, value in enumerate(arguments)
    ]
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    message = {"content": text, "tool_calls": calls}
    whole = {"model": "upstream", "choices": [{"message": message, "finish_reason": finish}], "usage": usage}
    chunks = [event({"content": piece}) for piece in data.draw(cut(text))]
    for call in calls:
        chunks += [event({"tool_calls": [piece]}) for piece in data.draw(cut_call(call))]
    collector = Collector()
    for chunk in [*chunks, event({}, finish), event(choices=[], usage=usage)]:
        collector.add(parse_event(chunk))
    wanted, found = parse_response(json.dumps(whole).encode()), collector.response()
    assert (found.choices, found.usage, found.model) == (wanted.choices, wanted.usage, wanted.model)


@given(st.binary(max_size=40))
def test_any_bytes_give_a_delta_or_a_provider_error(chunk: bytes) -> None:
    try:
        delta = parse_event(chunk)
    except ProviderError:
        return
    assert delta.wire == chunk
