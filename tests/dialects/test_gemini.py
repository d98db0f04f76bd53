"""Gemini's generateContent, as hosts speak it: requests of any caller, whole answers, streams, errors."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from make import a_model, a_request
from weighbridge.dialects.collector import Collector
from weighbridge.dialects.gemini.errors import parse_error
from weighbridge.dialects.gemini.events import EventReader
from weighbridge.dialects.gemini.request import render_request
from weighbridge.dialects.gemini.response import parse_response
from weighbridge.dialects.gemini.signatures import NONE, parted, with_signature
from weighbridge.domain.errors import (
    ContentPolicyError,
    ContextTooLongError,
    InvalidFieldError,
    ProviderAuthError,
    ProviderMalformedError,
    ProviderOverloadedError,
    ProviderRateLimitedError,
    ProviderRejectedError,
)
from weighbridge.domain.reasoning import Reasoning, ReasoningStyle
from weighbridge.domain.request import (
    File,
    Image,
    Message,
    OutputFormat,
    Role,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    say,
)
from weighbridge.domain.response import FinishReason
from weighbridge.domain.usage import Usage

MODEL = a_model(upstream_name="gemini-small")
USAGE = {
    "promptTokenCount": 30,
    "cachedContentTokenCount": 20,
    "toolUsePromptTokenCount": 2,
    "candidatesTokenCount": 9,
    "thoughtsTokenCount": 4,
    "totalTokenCount": 45,
}


def sent(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(render_request(a_request(**changes), MODEL, wants_logprobs=False))
    return body


def an_answer(*parts: Mapping[str, object], finish: str | None = "STOP", **fields: object) -> bytes:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": finish}
    body = {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "gemini-small-001", "responseId": "r1"}
    return json.dumps(body | fields).encode()


def test_system_text_has_its_own_place_and_turns_of_one_side_are_one() -> None:
    messages = (
        say(Role.SYSTEM, "Be brief."),
        say(Role.USER, "look"),
        Message(Role.USER, (Image("data:image/png;base64,AAAA"), Image("https://x/y.png"))),
        say(Role.ASSISTANT, "yes"),
    )
    body = sent(messages=messages)
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert body["contents"] == [
        {
            "role": "user",
            "parts": [
                {"text": "look"},
                {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
                {"fileData": {"fileUri": "https://x/y.png"}},
            ],
        },
        {"role": "model", "parts": [{"text": "yes"}]},
    ]


def test_tools_their_calls_and_their_results_are_carried() -> None:
    calls = (ToolCall(with_signature("c1", "sig=="), "look", '{"q":1}'), ToolCall("c2", "find", ""))
    messages = (
        say(Role.USER, "go"),
        Message(Role.ASSISTANT, (Text("Looking."), *calls)),
        Message(Role.TOOL, (ToolResult(calls[0].id, '{"found": true}'),)),
        Message(Role.TOOL, (ToolResult("c2", "nothing"),)),
    )
    tool = Tool("look", "Looks.", '{"type":"object"}')
    body = sent(messages=messages, tools=(tool,), tool_choice=ToolChoice("tool", "look"))
    assert body["contents"][1]["parts"] == [
        {"text": "Looking."},
        {"functionCall": {"id": "c1", "name": "look", "args": {"q": 1}}, "thoughtSignature": "sig=="},
        {"functionCall": {"id": "c2", "name": "find", "args": {}}},
    ]
    assert body["contents"][2] == {
        "role": "user",
        "parts": [
            {"functionResponse": {"id": "c1", "name": "look", "response": {"found": True}}},
            {"functionResponse": {"id": "c2", "name": "find", "response": {"result": "nothing"}}},
        ],
    }
    declared = {"name": "look", "description": "Looks.", "parametersJsonSchema": {"type": "object"}}
    assert body["tools"] == [{"functionDeclarations": [declared]}]
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["look"]}}


def test_a_call_of_another_model_goes_out_with_the_value_for_no_signature() -> None:
    call = Message(Role.ASSISTANT, (ToolCall("c1", "look", "{}"),))
    body = sent(messages=(say(Role.USER, "go"), call, Message(Role.TOOL, (ToolResult("c1", "x"),))))
    assert body["contents"][1]["parts"][0]["thoughtSignature"] == NONE


@pytest.mark.parametrize("signature", ["a", "ab==", "x" * 300, "é/+"])
def test_a_signature_comes_back_out_of_an_id(signature: str) -> None:
    assert parted(with_signature("call_1", signature)) == ("call_1", signature)


def test_an_id_without_a_signature_or_with_a_broken_one_has_none() -> None:
    assert parted("call_1") == ("call_1", None)
    assert parted("call_1__thought__%%%") == ("call_1", None)
    assert with_signature("call_1", None) == "call_1"


def test_limits_and_sampling_and_shape_stand_in_the_generation_config() -> None:
    output = OutputFormat("json_schema", '{"type":"object","additionalProperties":false}')
    sampling = Sampling(temperature=0.2, top_p=0.9, seed=7, stop=("END",))
    request = a_request(max_output_tokens=9, output=output, sampling=sampling, choices=2)
    body = json.loads(render_request(request, MODEL, wants_logprobs=True))
    assert body["generationConfig"] == {
        "maxOutputTokens": 9,
        "temperature": 0.2,
        "topP": 0.9,
        "seed": 7,
        "stopSequences": ["END"],
        "candidateCount": 2,
        "responseLogprobs": True,
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object", "additionalProperties": False},
    }


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"choices": 2, "is_stream": True}, "n"),
        ({"tool_choice": ToolChoice("auto", may_be_parallel=False)}, "parallel_tool_calls"),
        ({"messages": (Message(Role.ASSISTANT, (ToolCall("c", "x", "no"),)),)}, "messages"),
        ({"messages": (Message(Role.TOOL, (ToolResult("orphan", "x"),)),)}, "messages"),
        ({"messages": (Message(Role.USER, (Image("data:;base64,"),)),)}, "messages"),
    ],
)
def test_what_has_no_place_is_refused_by_name(changes: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidFieldError) as raised:
        sent(**changes)
    assert raised.value.param == param


def test_a_whole_answer_is_understood_and_thoughts_are_not_shown() -> None:
    call = {"functionCall": {"name": "look", "args": {"q": 1}}, "thoughtSignature": "sig=="}
    found = parse_response(an_answer({"text": "Hm.", "thought": True}, {"text": "Looking."}, call))
    choice = found.choices[0]
    assert (found.text, found.model, found.provider_id) == ("Looking.", "gemini-small-001", "r1")
    assert choice.tool_calls == (ToolCall(with_signature("call_r1_0", "sig=="), "look", '{"q":1}'),)
    assert choice.finish_reason is FinishReason.TOOL_CALLS
    assert found.usage == Usage(12, 13, cache_read_tokens=20, reasoning_tokens=4)


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("STOP", FinishReason.STOP),
        ("MAX_TOKENS", FinishReason.LENGTH),
        ("SAFETY", FinishReason.CONTENT_FILTER),
        ("MALFORMED_FUNCTION_CALL", FinishReason.UNKNOWN),
        (None, FinishReason.UNKNOWN),
    ],
)
def test_only_stop_is_a_stop(finish: str | None, reason: FinishReason) -> None:
    assert parse_response(an_answer({"text": "x"}, finish=finish)).choices[0].finish_reason is reason


def test_log_probabilities_are_read_or_none() -> None:
    def candidate(*figures: object) -> bytes:
        chosen = [{"token": "x", "logProbability": figure} for figure in figures]
        body = {"candidates": [{"content": {"parts": [{"text": "x"}]}, "logprobsResult": {"chosenCandidates": chosen}}]}
        return json.dumps(body).encode()

    assert parse_response(candidate(-0.5, -1)).choices[0].logprobs == (-0.5, -1.0)
    assert parse_response(candidate(-0.5, None)).choices[0].logprobs is None


def test_an_answer_without_parts_is_an_empty_one() -> None:
    body = {"candidates": [{"finishReason": "SAFETY"}]}
    assert parse_response(json.dumps(body).encode()).text == ""


@pytest.mark.parametrize(
    "body",
    [
        b"no",
        b"[]",
        b"{}",
        b'{"candidates": {}}',
        b'{"candidates": [1]}',
        b'{"candidates": [{"content": {"parts": 3}}]}',
        b'{"candidates": [{"content": {"parts": [{"text": 3}]}}]}',
        b'{"candidates": [{"content": {"parts": [{"functionCall": 3}]}}]}',
        b'{"candidates": [{"content": {"parts": [{"functionCall": {"name": "x", "args": 3}}]}}]}',
    ],
)
def test_what_is_no_answer_is_malformed(body: bytes) -> None:
    with pytest.raises(ProviderMalformedError):
        parse_response(body)


def test_a_blocked_prompt_is_a_refusal_of_content() -> None:
    with pytest.raises(ContentPolicyError):
        parse_response(b'{"promptFeedback": {"blockReason": "SAFETY"}}')


def test_a_stream_is_understood() -> None:
    call = {"functionCall": {"id": "own", "name": "look", "args": {}}}
    chunks = [
        an_answer({"text": "Hm", "thought": True}, finish=None),
        an_answer({"text": "Loo"}, finish=None),
        an_answer({"text": "king."}, finish=None),
        an_answer(call, finish=None),
        an_answer(call | {"functionCall": {"id": "two", "name": "find", "args": {"z": 1}}}, finish="STOP"),
    ]
    reader, collector = EventReader(), Collector()
    deltas = [reader.parse_event(chunk) for chunk in chunks]
    assert [delta.has_content for delta in deltas] == [True, True, True, True, True]
    for delta in deltas:
        collector.add(delta)
    found = collector.response()
    assert (found.text, reader.has_ended, found.model) == ("Looking.", True, "gemini-small-001")
    assert found.choices[0].tool_calls == (ToolCall("own", "look", "{}"), ToolCall("two", "find", '{"z":1}'))
    assert found.choices[0].finish_reason is FinishReason.TOOL_CALLS
    assert found.usage == Usage(12, 13, cache_read_tokens=20, reasoning_tokens=4)


def test_a_stream_without_an_end_was_cut_and_one_with_an_error_is_an_error() -> None:
    reader = EventReader()
    reader.parse_event(an_answer({"text": "x"}, finish=None))
    assert not reader.has_ended
    with pytest.raises(ProviderOverloadedError) as raised:
        reader.parse_event(b'{"error": {"code": 503, "status": "UNAVAILABLE", "message": "secret"}}')
    assert raised.value.may_have_cost
    assert "secret" not in str(raised.value)


def page(code: int, status: str, message: str = "secret prompt", **details: object) -> bytes:
    return json.dumps({"error": {"code": code, "status": status, "message": message, **details}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, page(400, "INVALID_ARGUMENT"), ProviderRejectedError),
        (
            400,
            page(400, "INVALID_ARGUMENT", "The input token count (9) exceeds the maximum number of tokens (8)."),
            ContextTooLongError,
        ),
        (400, page(400, "INVALID_ARGUMENT", details=[{"reason": "API_KEY_INVALID"}]), ProviderAuthError),
        (403, page(403, "PERMISSION_DENIED"), ProviderAuthError),
        (429, page(429, "RESOURCE_EXHAUSTED"), ProviderRateLimitedError),
        (503, b"[" + page(503, "UNAVAILABLE") + b"]", ProviderOverloadedError),
        (400, b"<html>secret prompt</html>", ProviderRejectedError),
    ],
)
def test_errors_mean_what_they_mean_and_repeat_nothing(status: int, body: bytes, kind: type[Exception]) -> None:
    found = parse_error(status, None, body)
    assert type(found) is kind
    assert "secret" not in str(found)


GOLDEN = Path(__file__).parent / "golden" / "gemini"
"""Written and read by Google's own SDK: tests/clients/google_genai_calls.py."""


def test_a_call_is_the_one_that_google_s_own_sdk_sends() -> None:
    schema = '{"type":"object","properties":{"q":{"type":"integer"}},"required":["q"],"additionalProperties":false}'
    attached = (Image("data:image/png;base64,iVBORy4uLi4="), File("data:application/pdf;base64,JVBERi0xLjc="))
    call_id = with_signature("c1", "c2ln")
    body = json.loads(
        render_request(
            a_request(
                messages=(
                    say(Role.SYSTEM, "Be brief."),
                    Message(Role.USER, (Text("look"), *attached)),
                    Message(Role.ASSISTANT, (ToolCall(call_id, "look", '{"q":1}'),)),
                    Message(Role.TOOL, (ToolResult(call_id, '{"found":true}'),)),
                ),
                sampling=Sampling(temperature=0.2, top_p=0.9, seed=7, stop=("END",)),
                max_output_tokens=900,
                tools=(Tool("look", "Looks.", schema),),
                tool_choice=ToolChoice("tool", "look"),
                reasoning=Reasoning(budget_tokens=8192),
                output=OutputFormat("json_schema", schema),
            ),
            a_model(upstream_name="gemini-small", reasoning=ReasoningStyle.BUDGET),
            wants_logprobs=False,
        )
    )
    wanted = json.loads((GOLDEN / "call.json").read_text())
    wanted["systemInstruction"].pop("role", None)  # the SDK states one, which the reference does not have
    assert body == wanted


def test_an_answer_is_understood_as_google_s_own_sdk_does() -> None:
    body, wanted = (GOLDEN / "answer.json").read_bytes(), json.loads((GOLDEN / "facts.json").read_text())
    reader, collector = EventReader(), Collector()
    collector.add(reader.parse_event(body))
    for found in (parse_response(body), collector.response()):
        (choice,), usage = found.choices, found.usage
        assert usage is not None
        assert {
            "text": choice.text,
            "thought": "".join(thought.text for thought in choice.thoughts),
            "calls": [[call.name, json.loads(call.arguments)] for call in choice.tool_calls],
            "prompt_tokens": usage.prompt_tokens,
            "cached_tokens": usage.cache_read_tokens,
            "output_tokens": usage.output_tokens,
            "model": found.model,
        } == wanted
