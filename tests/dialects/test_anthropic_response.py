"""A host's whole answer: read strictly, and written so that Anthropic's official clients accept it."""

import json
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from make import a_response
from weighbridge.dialects.anthropic_messages.response import parse_response, render_response, render_token_count
from weighbridge.dialects.anthropic_messages.usage import parse_usage, render_usage
from weighbridge.domain.errors import ProviderError, ProviderMalformedError, ProviderUnavailableError
from weighbridge.domain.request import ToolCall
from weighbridge.domain.response import Choice, FinishReason, Response
from weighbridge.domain.usage import Usage


def answer(*content: object, **fields: object) -> bytes:
    whole = {"type": "message", "model": "m", "content": list(content), "stop_reason": "end_turn"}
    return json.dumps(whole | fields).encode()


def rendered(response: Response) -> dict[str, Any]:
    wire: dict[str, Any] = json.loads(render_response(response, model="fast-small", created=7, response_id="rec_1"))
    return wire


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><h1>502 Bad Gateway: secret-page</h1></html>",
        b'"secret-page"',
        b"\xff\xfe",
        b"{}",
        b'{"content":null}',
        b'{"content":{"secret-page":1}}',
        b'{"content":["secret-page"]}',
        b'{"content":[{"type":"text","text":5}]}',
        b'{"content":[{"type":"tool_use","id":"a","input":["secret-page"]}]}',
        b'{"content":[{"type":"tool_use","id":1,"input":{}}]}',
        b'{"content":[{"type":"tool_use","id":"a","input":%s}]}' % (b'{"a":' * 300 + b"1" + b"}" * 300),
        b'{"model":7,"content":[]}',
    ],
)
def test_an_answer_of_the_wrong_shape_is_malformed_and_not_repeated(body: bytes) -> None:
    with pytest.raises(ProviderMalformedError) as caught:
        parse_response(body)
    assert "secret-page" not in str(caught.value)
    assert caught.value.may_have_cost


def test_an_error_inside_a_success_is_an_error() -> None:
    with pytest.raises(ProviderUnavailableError) as caught:
        parse_response(b'{"type":"error","error":{"type":"overloaded_error","message":"secret-page"}}')
    assert caught.value.may_have_cost
    assert "secret-page" not in str(caught.value)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", FinishReason.STOP),
        ("stop_sequence", FinishReason.STOP),
        ("max_tokens", FinishReason.LENGTH),
        ("model_context_window_exceeded", FinishReason.LENGTH),
        ("tool_use", FinishReason.TOOL_CALLS),
        ("refusal", FinishReason.CONTENT_FILTER),
        ("pause_turn", FinishReason.UNKNOWN),
        ("word_to_come", FinishReason.UNKNOWN),
        (None, FinishReason.UNKNOWN),
        (5, FinishReason.UNKNOWN),
    ],
)
def test_a_stop_reason_has_its_meaning(word: object, reason: FinishReason) -> None:
    assert parse_response(answer(stop_reason=word)).choices[0].finish_reason is reason


def test_blocks_that_are_neither_text_nor_calls_stay_in_the_body() -> None:
    thinking = {"type": "thinking", "thinking": "hm", "signature": "s=="}
    response = parse_response(answer(thinking, {"type": "text", "text": "in"}, {"type": "text", "text": "voice"}))
    assert response.text == "invoice"
    assert rendered(response)["content"][0] == thinking


@pytest.mark.parametrize("reported", [None, [], {}, {"input_tokens": 1}, {"input_tokens": "1", "output_tokens": 1}])
def test_usage_that_cannot_be_read_is_unknown_not_zero(reported: object) -> None:
    assert parse_usage(reported) is None


@pytest.mark.parametrize(
    ("later", "usage"),
    [
        ({"output_tokens": 9}, Usage(5, 9, 3, 2)),
        ({"output_tokens": 9, "input_tokens": 0, "cache_read_input_tokens": None}, Usage(5, 9, 3, 2)),
        ({"output_tokens": 9, "input_tokens": 40, "cache_read_input_tokens": 60}, Usage(40, 9, 60, 2)),
        (None, Usage(5, 1, 3, 2)),
    ],
)
def test_a_later_count_adds_to_what_was_known(later: object, usage: Usage) -> None:
    assert parse_usage(later, Usage(5, 1, 3, 2)) == usage


COUNTS = st.integers(0, 2000)


@given(st.builds(Usage, COUNTS, st.integers(100, 2000), COUNTS, COUNTS, st.integers(0, 100)))
def test_usage_survives_the_round_trip(usage: Usage) -> None:
    assert parse_usage(render_usage(usage)) == usage


def test_a_built_answer_has_what_the_official_client_reads() -> None:
    assert rendered(a_response("invoice", usage=Usage(3, 2, 1))) == {
        "id": "rec_1",
        "type": "message",
        "role": "assistant",
        "model": "fast-small",
        "content": [{"type": "text", "text": "invoice"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 3,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 1,
            "output_tokens": 2,
        },
    }


def test_usage_that_nobody_knows_has_the_counts_that_clients_break_without() -> None:
    assert rendered(a_response())["usage"] == {"input_tokens": 0, "output_tokens": 0}


@pytest.mark.parametrize(
    ("choice", "word"),
    [
        (Choice("inv", FinishReason.UNKNOWN), "max_tokens"),
        (Choice("", FinishReason.STOP, refusal="No."), "refusal"),
        (Choice("", FinishReason.STOP, (ToolCall("c", "f", "{}"),)), "tool_use"),
        (Choice("", FinishReason.LENGTH, (ToolCall("c", "f", "{}"),)), "max_tokens"),
    ],
)
def test_the_stop_reason_says_what_the_caller_must_do(choice: Choice, word: str) -> None:
    assert rendered(a_response(choices=(choice,)))["stop_reason"] == word


def test_a_refusal_is_shown_as_text() -> None:
    wire = rendered(a_response(choices=(Choice("", refusal="No."),)))
    assert wire["content"] == [{"type": "text", "text": "No."}]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [("", {}), ('{"a":1}', {"a": 1}), ('{"a":', {"invalid_arguments": '{"a":'}), ("[1]", {"invalid_arguments": "[1]"})],
)
def test_arguments_that_are_no_object_are_shown_inside_one(arguments: str, shown: object) -> None:
    wire = rendered(a_response(choices=(Choice("", tool_calls=(ToolCall("c", "f", arguments),)),)))
    assert wire["content"] == [{"type": "tool_use", "id": "c", "name": "f", "input": shown}]


ARGUMENTS = st.dictionaries(st.text("ab", max_size=3), st.integers(0, 9), max_size=2).map(
    lambda value: orjson.dumps(value).decode()
)
CALLS = st.lists(st.builds(ToolCall, *[st.text("ab", max_size=3)] * 2, ARGUMENTS), min_size=1, max_size=2).map(tuple)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ENDS = st.sampled_from([FinishReason.STOP, FinishReason.LENGTH, FinishReason.CONTENT_FILTER])
CHOICES = st.builds(Choice, TEXTS, ENDS) | st.builds(Choice, TEXTS, st.just(FinishReason.TOOL_CALLS), CALLS)


@given(CHOICES, st.just(Usage(3, 2, 1)))
def test_a_built_answer_survives_the_round_trip(choice: Choice, usage: Usage) -> None:
    wire = render_response(Response("m", (choice,), usage), model="m", created=1, response_id="rec_1")
    again = parse_response(wire)
    assert (again.choices, again.usage, again.model) == ((choice,), usage, "m")


def test_a_body_of_another_dialect_is_not_passed_on() -> None:
    response = replace(a_response("invoice"), body={"object": "chat.completion", "choices": []})
    assert rendered(response)["type"] == "message"


def test_a_body_too_deep_to_write_is_built_anew() -> None:
    body = answer({"type": "text", "text": "invoice"})[:-1] + b',"extra":' + b"[" * 400 + b"]" * 400 + b"}"
    wire = rendered(parse_response(body))
    assert "extra" not in wire
    assert wire["content"] == [{"type": "text", "text": "invoice"}]


def test_a_count_is_an_object() -> None:
    assert json.loads(render_token_count(42)) == {"input_tokens": 42}


KEYS = st.sampled_from(["type", "content", "text", "input", "id", "name", "usage", "input_tokens", "output_tokens"]) | (
    st.sampled_from(["error", "model", "stop_reason", "output_tokens_details", "thinking_tokens", "message"])
)
WORDS = st.sampled_from(["message", "text", "tool_use", "error", "end_turn", "thinking"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=15,
)


@given(ANYTHING, ANYTHING)
def test_any_json_gives_a_response_or_a_provider_error(whole: object, block: object) -> None:
    for page in (whole, {"content": [block]}, {"content": [], "usage": block, "stop_reason": block}):
        try:
            response = parse_response(json.dumps(page).encode())
        except ProviderError:
            continue
        rendered(response)


def test_writes_for_an_hour_are_counted_apart() -> None:
    wire = {
        "input_tokens": 3,
        "output_tokens": 2,
        "cache_creation_input_tokens": 9,
        "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 5},
    }
    found = parse_usage(wire)
    assert found == Usage(3, 2, cache_write_tokens=9, cache_write_1h_tokens=5)
    assert parse_usage(render_usage(found)) == found
