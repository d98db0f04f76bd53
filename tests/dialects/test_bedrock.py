"""Bedrock's Converse, as hosts speak it. What goes out is held against the model of the API that botocore carries."""

import json
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from make import a_model, a_request
from weighbridge.dialects.bedrock.contents import render_turns
from weighbridge.dialects.bedrock.errors import EXCEPTIONS, parse_error
from weighbridge.dialects.bedrock.events import EventReader
from weighbridge.dialects.bedrock.request import render_request
from weighbridge.dialects.bedrock.response import parse_response
from weighbridge.dialects.collector import Collector
from weighbridge.domain.errors import (
    ContextTooLongError,
    InvalidFieldError,
    ProviderAuthError,
    ProviderError,
    ProviderMalformedError,
    ProviderOverloadedError,
    ProviderRateLimitedError,
    ProviderRejectedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from weighbridge.domain.request import (
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

MODEL = a_model(upstream_name="anthropic.some-model-v1:0")
API = botocore.session.Session().get_service_model("bedrock-runtime")
LOOK = Tool("look", "Looks.", '{"type":"object","properties":{"q":{"type":"integer"}}}')
USAGE = {
    "inputTokens": 12,
    "outputTokens": 9,
    "totalTokens": 48,
    "cacheReadInputTokens": 20,
    "cacheWriteInputTokens": 7,
    "cacheDetails": [{"ttl": "1h", "inputTokens": 3}, {"ttl": "5m", "inputTokens": 4}],
}


def sent(**changes: Any) -> dict[str, Any]:
    """The body, which the API's own model has to find nothing wrong with."""
    body: dict[str, Any] = json.loads(render_request(a_request(**changes), MODEL, wants_logprobs=False))
    shape = API.operation_model("Converse").input_shape
    report = ParamValidator().validate({"modelId": MODEL.upstream_name, **body}, shape)
    assert not report.has_errors(), report.generate_report()
    return body


def an_answer(*blocks: object, stop: str | None = "end_turn", **fields: object) -> bytes:
    message = {"role": "assistant", "content": list(blocks)}
    return json.dumps({"output": {"message": message}, "stopReason": stop, "usage": USAGE} | fields).encode()


def test_system_text_has_its_own_place_and_turns_of_one_side_are_one() -> None:
    messages = (
        say(Role.SYSTEM, "Be brief."),
        say(Role.DEVELOPER, "Be kind."),
        say(Role.USER, "look"),
        Message(Role.USER, (Text(" "), Image("data:image/jpeg;base64,AAAA"))),
        say(Role.ASSISTANT, "yes"),
        say(Role.USER, "and?"),
    )
    body = sent(messages=messages)
    assert body["system"] == [{"text": "Be brief."}, {"text": "Be kind."}]
    assert body["messages"] == [
        {"role": "user", "content": [{"text": "look"}, {"image": {"format": "jpeg", "source": {"bytes": "AAAA"}}}]},
        {"role": "assistant", "content": [{"text": "yes"}]},
        {"role": "user", "content": [{"text": "and?"}]},
    ]


def test_tools_their_calls_and_their_results_are_carried() -> None:
    long_id = "call_1__thought__" + "x" * 100
    calls = (ToolCall("c1", "look", '{"q": 1}'), ToolCall(long_id, "find", ""))
    messages = (
        say(Role.USER, "go"),
        Message(Role.ASSISTANT, (Text("Looking."), *calls)),
        Message(Role.TOOL, (ToolResult("c1", "found"),)),
        Message(Role.TOOL, (ToolResult(long_id, ""),)),
    )
    tools = (LOOK, Tool("find", None, None))
    body = sent(messages=messages, tools=tools, tool_choice=ToolChoice("tool", "look"))
    uses = [block["toolUse"] for block in body["messages"][1]["content"] if "toolUse" in block]
    assert uses[0] == {"toolUseId": "c1", "name": "look", "input": {"q": 1}}
    assert (uses[1]["name"], uses[1]["input"]) == ("find", {})
    results = [block["toolResult"] for block in body["messages"][2]["content"]]
    assert results == [
        {"toolUseId": "c1", "content": [{"text": "found"}]},
        {"toolUseId": uses[1]["toolUseId"], "content": []},
    ]
    assert body["toolConfig"]["toolChoice"] == {"tool": {"name": "look"}}
    assert [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]] == ["look", "find"]


@pytest.mark.parametrize(
    ("choice", "wire"),
    [(ToolChoice("auto"), {"auto": {}}), (ToolChoice("required"), {"any": {}}), (None, None)],
)
def test_the_choice_of_tools_is_carried(choice: ToolChoice | None, wire: object) -> None:
    assert sent(tools=(LOOK,), tool_choice=choice)["toolConfig"].get("toolChoice") == wire


def test_tools_that_may_not_be_used_are_not_told() -> None:
    assert "toolConfig" not in sent(tools=(LOOK,), tool_choice=ToolChoice("none"))


def test_limits_and_sampling_and_shape_are_carried() -> None:
    schema = '{"type":"object","additionalProperties":false}'
    sampling = Sampling(temperature=0.2, top_p=0.9, stop=("END",))
    body = sent(max_output_tokens=9, output=OutputFormat("json_schema", schema), sampling=sampling)
    assert body["inferenceConfig"] == {"maxTokens": 9, "temperature": 0.2, "topP": 0.9, "stopSequences": ["END"]}
    text_format = body["outputConfig"]["textFormat"]
    assert (text_format["type"], text_format["structure"]["jsonSchema"]["schema"]) == ("json_schema", schema)
    assert sent()["inferenceConfig"] == {"maxTokens": MODEL.max_output_tokens}


_USED = (say(Role.USER, "go"), Message(Role.ASSISTANT, (ToolCall("c", "look", "{}"),)))


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"choices": 2}, "n"),
        ({"sampling": Sampling(temperature=1.5)}, "temperature"),
        ({"sampling": Sampling(stop=("",))}, "stop"),
        ({"wants_logprobs": True}, "logprobs"),
        ({"output": OutputFormat("json_object")}, "response_format"),
        ({"tools": (LOOK,), "tool_choice": ToolChoice("auto", may_be_parallel=False)}, "parallel_tool_calls"),
        ({"messages": _USED}, "tools"),
        ({"messages": _USED, "tools": (LOOK,), "tool_choice": ToolChoice("none")}, "tool_choice"),
        ({"messages": (Message(Role.ASSISTANT, (ToolCall("c", "look", "no"),)),), "tools": (LOOK,)}, "messages"),
        ({"messages": (Message(Role.TOOL, (ToolResult("orphan", "x"),)),), "tools": (LOOK,)}, "messages"),
        ({"messages": (Message(Role.USER, (Image("https://x/y.png"),)),)}, "messages"),
        ({"messages": (Message(Role.USER, (Image("data:image/tiff;base64,AA"),)),)}, "messages"),
        ({"messages": (Message(Role.USER, (Image("data:;base64,"),)),)}, "messages"),
    ],
)
def test_what_has_no_place_is_refused_by_name(changes: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidFieldError) as raised:
        sent(**changes)
    assert raised.value.param == param


@pytest.mark.parametrize("name", ["tooluse_Ab-1.x:y", "x" * 64])
def test_an_id_that_bedrock_takes_stays_as_it_is(name: str) -> None:
    (turn,) = render_turns((Message(Role.ASSISTANT, (ToolCall(name, "look", ""),)),))
    assert turn["content"] == [{"toolUse": {"toolUseId": name, "name": "look", "input": {}}}]


def test_a_whole_answer_is_understood() -> None:
    call = {"toolUse": {"toolUseId": "t1", "name": "look", "input": {"q": 1}}}
    thought = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}}
    found = parse_response(an_answer(thought, {"text": "Look"}, {"text": "ing."}, call, stop="tool_use"))
    (choice,) = found.choices
    assert choice.text == "Looking."
    assert choice.tool_calls == (ToolCall("t1", "look", '{"q":1}'),)
    assert choice.finish_reason is FinishReason.TOOL_CALLS
    assert found.usage == Usage(12, 9, cache_read_tokens=20, cache_write_tokens=7, cache_write_1h_tokens=3)
    assert found.usage.prompt_tokens + found.usage.output_tokens == USAGE["totalTokens"]


@pytest.mark.parametrize("word", API.shape_for("StopReason").enum)
def test_every_reason_to_stop_is_known_or_left_open(word: str) -> None:
    found = parse_response(an_answer({"text": "x"}, stop=word)).choices[0].finish_reason
    assert (found is FinishReason.STOP) == (word in {"end_turn", "stop_sequence"})
    assert (found is FinishReason.UNKNOWN) == word.startswith("malformed")


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"<html>",
        b"{}",
        b'{"output": {"message": {"content": {}}}}',
        an_answer({"text": 5}),
        an_answer({"toolUse": {"toolUseId": "t", "name": "look", "input": [1]}}),
        an_answer({"toolUse": {"toolUseId": 5, "name": "look", "input": {}}}),
    ],
)
def test_an_answer_that_breaks_the_format_is_malformed(body: bytes) -> None:
    with pytest.raises(ProviderMalformedError):
        parse_response(body)


@pytest.mark.parametrize("usage", [None, {}, {"inputTokens": 5}, {"inputTokens": "5", "outputTokens": 1}])
def test_usage_that_was_not_told_is_unknown_and_not_zero(usage: object) -> None:
    assert parse_response(an_answer({"text": "x"}, usage=usage)).usage is None


def test_a_stream_is_put_together() -> None:
    reader, collector = EventReader(), Collector()
    events: list[tuple[str, object]] = [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Look"}}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "ing."}}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "t1", "name": "look"}}}),
        ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '{"q"'}}}),
        ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": ":1}"}}}),
        ("contentBlockStop", {"contentBlockIndex": 1}),
        ("contentBlockStart", {"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "t2", "name": "find"}}}),
        ("contentBlockStop", {"contentBlockIndex": 2}),
        ("somethingNew", {"x": 1}),
        ("messageStop", {"stopReason": "tool_use"}),
        ("metadata", {"usage": USAGE, "metrics": {"latencyMs": 1}}),
    ]
    for kind, payload in events:
        collector.add(reader.parse_event(json.dumps({kind: payload}).encode()))
        assert reader.has_ended == (kind in {"messageStop", "metadata"})
    found = collector.response()
    assert found.text == "Looking."
    assert found.choices[0].tool_calls == (ToolCall("t1", "look", '{"q":1}'), ToolCall("t2", "find", "{}"))
    assert found.choices[0].finish_reason is FinishReason.TOOL_CALLS
    assert found.usage == Usage(12, 9, cache_read_tokens=20, cache_write_tokens=7, cache_write_1h_tokens=3)


@pytest.mark.parametrize(
    "event",
    [
        b"nothing",
        b'{"contentBlockDelta": 5}',
        b'{"contentBlockDelta": {"delta": {"text": "x"}}}',
        b'{"contentBlockDelta": {"contentBlockIndex": 0}}',
        b'{"contentBlockStart": {"contentBlockIndex": -1, "start": {"toolUse": {}}}}',
    ],
)
def test_an_event_that_breaks_the_format_is_malformed(event: bytes) -> None:
    with pytest.raises(ProviderMalformedError):
        EventReader().parse_event(event)


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "Malformed input request", ProviderRejectedError),
        (400, "Input is too long for requested model.", ContextTooLongError),
        (400, "The model returned: prompt is too long: 208310 tokens > 200000 maximum", ContextTooLongError),
        (403, "The security token included in the request is expired", ProviderAuthError),
        (404, "no such model", ProviderRejectedError),
        (408, "slow", ProviderTimeoutError),
        (424, "the model failed", ProviderUnavailableError),
        (429, "Too many requests", ProviderRateLimitedError),
        (500, "oops", ProviderUnavailableError),
        (503, "busy", ProviderOverloadedError),
    ],
)
def test_an_error_is_read_down_to_what_it_means(status: int, message: str, kind: type[ProviderError]) -> None:
    found = parse_error(status, 3.0, json.dumps({"message": message}).encode())
    assert type(found) is kind
    assert message not in str(found)


@pytest.mark.parametrize("page", [b"<html>", b"[]", b'{"message": 5}', b"{" + b" " * 70_000 + b"}"])
def test_a_page_that_is_no_error_of_bedrock_s_still_means_its_status(page: bytes) -> None:
    assert type(parse_error(400, None, page)) is ProviderRejectedError


def test_every_exception_that_a_stream_may_hold_ends_it() -> None:
    members = API.shape_for("ConverseStreamOutput").members
    told = {name for name, shape in members.items() if shape.metadata.get("exception")}
    assert told <= set(EXCEPTIONS)
    for name in EXCEPTIONS:
        with pytest.raises(ProviderError) as raised:
            EventReader().parse_event(json.dumps({name: {"message": "secret words"}}).encode())
        assert raised.value.may_have_cost
        assert "secret words" not in str(raised.value)
