"""A host's whole answer: read strictly, and written so that the official clients accept it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make import a_response
from weighbridge.dialects.openai_chat.response import parse_response, render_response
from weighbridge.dialects.openai_chat.usage import parse_usage, render_usage
from weighbridge.domain.errors import (
    ProviderError,
    ProviderMalformedError,
    ProviderQuotaError,
    ProviderUnavailableError,
)
from weighbridge.domain.request import ToolCall
from weighbridge.domain.response import Choice, FinishReason, Response
from weighbridge.domain.usage import Usage


def answer(**message: object) -> bytes:
    return json.dumps({"model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()


def rendered(response: Response, **changes: Any) -> dict[str, Any]:
    names: dict[str, Any] = {"model": "fast-small", "created": 7, "response_id": "rec_1"} | changes
    wire: dict[str, Any] = json.loads(render_response(response, **names))
    return wire


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><h1>502 Bad Gateway: secret-page</h1></html>",
        b'"secret-page"',
        b"\xff\xfe",
        b"{}",
        b'{"choices":null}',
        b'{"choices":[]}',
        b'{"choices":{"secret-page":1}}',
        b'{"choices":["secret-page"]}',
        b'{"choices":[{"index":0}]}',
        b'{"choices":[{"message":"secret-page"}]}',
        b'{"choices":[{"message":{"content":5}}]}',
        b'{"choices":[{"message":{"content":"a","refusal":["secret-page"]}}]}',
        b'{"choices":[{"message":{"tool_calls":{"secret-page":1}}}]}',
        b'{"choices":[{"message":{"tool_calls":[{"id":"a"}]}}]}',
        b'{"choices":[{"message":{"tool_calls":[{"id":1,"function":{}}]}}]}',
        b'{"model":7,"choices":[{"message":{"content":"a"}}]}',
    ],
)
def test_an_answer_of_the_wrong_shape_is_malformed_and_not_repeated(body: bytes) -> None:
    with pytest.raises(ProviderMalformedError) as caught:
        parse_response(body)
    assert "secret-page" not in str(caught.value)
    assert caught.value.may_have_cost


def test_an_error_inside_a_success_is_an_error() -> None:
    with pytest.raises(ProviderUnavailableError) as caught:
        parse_response(b'{"error":{"code":502,"message":"secret-page"}}')
    assert caught.value.may_have_cost
    with pytest.raises(ProviderQuotaError):
        parse_response(b'{"error":{"code":"insufficient_quota"}}')


def test_content_in_parts_is_joined_without_the_thinking() -> None:
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "in"}, {"type": "text", "text": "voice"}]
    assert parse_response(answer(content=parts)).text == "invoice"


def test_a_custom_tool_call_is_read() -> None:
    call = {"id": "c", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}
    assert parse_response(answer(tool_calls=[call])).choices[0].tool_calls == (ToolCall("c", "sql", "select 1"),)


@pytest.mark.parametrize(
    "figures", [[], None, [{"logprob": None}], [{"logprob": -0.5}, {}], ["x"], [{"logprob": True}]]
)
def test_log_probabilities_with_a_gap_are_unknown(figures: object) -> None:
    body = {"choices": [{"message": {"content": "a"}, "logprobs": {"content": figures}}]}
    assert parse_response(json.dumps(body).encode()).choices[0].logprobs is None


@pytest.mark.parametrize(
    "reported",
    [
        None,
        [],
        {},
        {"prompt_tokens": 1},
        {"prompt_tokens": "1", "completion_tokens": 1},
        {"prompt_tokens": -1, "completion_tokens": 1},
    ],
)
def test_usage_that_cannot_be_read_is_unknown_not_zero(reported: object) -> None:
    assert parse_usage(reported) is None


COUNTS = st.none() | st.integers(0, 2000)


@given(st.integers(0, 2000), st.integers(0, 2000), COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_parts_of_usage_never_overlap(
    prompt: int, output: int, cached: int | None, written: int | None, reasoning: int | None, total: int | None
) -> None:
    usage = parse_usage(
        {
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "total_tokens": total,
            "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        }
    )
    assert usage is not None
    assert usage.prompt_tokens == prompt
    assert usage.output_tokens == max(output, (total or 0) - prompt)
    assert 0 <= usage.reasoning_tokens <= usage.output_tokens
    assert min(usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens) >= 0


@given(st.builds(Usage, *[st.integers(0, 2000)] * 4, reasoning_tokens=st.just(0)))
def test_usage_survives_the_round_trip(usage: Usage) -> None:
    assert parse_usage(render_usage(usage)) == usage


def test_a_built_answer_has_what_the_official_client_reads() -> None:
    wire = rendered(a_response("invoice", usage=Usage(3, 2)))
    assert {key: wire[key] for key in ("id", "object", "created", "model")} == {
        "id": "rec_1",
        "object": "chat.completion",
        "created": 7,
        "model": "fast-small",
    }
    assert wire["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "invoice", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    assert wire["usage"] == render_usage(Usage(3, 2))


def test_unknown_usage_is_absent() -> None:
    assert "usage" not in rendered(a_response())


def test_an_answer_that_may_be_cut_does_not_claim_to_be_whole() -> None:
    wire = rendered(a_response(choices=(Choice("inv", FinishReason.UNKNOWN),)))
    assert wire["choices"][0]["finish_reason"] == "length"


CHOICES = st.builds(
    Choice,
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    finish_reason=st.sampled_from([reason for reason in FinishReason if reason is not FinishReason.UNKNOWN]),
    tool_calls=st.lists(st.builds(ToolCall, *[st.text("ab{", max_size=4)] * 3), max_size=2).map(tuple),
    logprobs=st.none() | st.lists(st.floats(-50, 0), min_size=1, max_size=3).map(tuple),
) | st.builds(Choice, text=st.just(""), refusal=st.text("no", min_size=1, max_size=3))


@given(st.lists(CHOICES, min_size=1, max_size=3).map(tuple), st.none() | st.just(Usage(3, 2, 1)))
def test_a_built_answer_survives_the_round_trip(choices: tuple[Choice, ...], usage: Usage | None) -> None:
    wire = render_response(Response("m", choices, usage), model="m", created=1, response_id="rec_1")
    again = parse_response(wire)
    assert (again.choices, again.usage, again.model) == (choices, usage, "m")


def test_log_probabilities_that_only_the_gateway_wanted_are_left_out() -> None:
    built = a_response(choices=(Choice("a", logprobs=(-0.5,)),))
    passed_on = parse_response(render_response(built, model="m", created=1, response_id="rec_1"))
    for response in (built, passed_on):
        assert rendered(response)["choices"][0]["logprobs"]["content"][0]["logprob"] == -0.5
        assert rendered(response, shows_logprobs=False)["choices"][0]["logprobs"] is None


def test_a_body_of_another_dialect_is_not_passed_on() -> None:
    response = replace(a_response("invoice"), body={"type": "message", "content": []})
    assert rendered(response)["object"] == "chat.completion"


def test_a_body_too_deep_to_write_is_built_anew() -> None:
    extra = b"[" * 400 + b"]" * 400
    body = b'{"object":"chat.completion","choices":[{"message":{"content":"invoice"}}],"extra":%s}' % extra
    wire = rendered(parse_response(body))
    assert "extra" not in wire
    assert wire["choices"][0]["message"]["content"] == "invoice"


KEYS = st.sampled_from(
    ["choices", "message", "content", "tool_calls", "function", "logprobs", "logprob", "usage", "prompt_tokens"]
) | st.sampled_from(["completion_tokens", "error", "code", "model", "id", "finish_reason", "delta", "index"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=15,
)


@given(ANYTHING, ANYTHING)
def test_any_json_gives_a_response_or_a_provider_error(whole: object, choice: object) -> None:
    for page in (whole, {"choices": [choice]}, {"choices": [{"message": choice}]}):
        try:
            response = parse_response(json.dumps(page).encode())
        except ProviderError:
            continue
        rendered(response)
