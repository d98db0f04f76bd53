"""A chat call: what is refused and where, what is kept, what goes out."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make import a_model, a_request
from weighbridge.dialects.openai_chat.request import parse_request, render_request
from weighbridge.domain.errors import EmptyInputError, InvalidFieldError, RequestError
from weighbridge.domain.request import (
    Image,
    Message,
    OutputFormat,
    Role,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    say,
)

HELLO = [{"role": "user", "content": "hello"}]


def call(**fields: object) -> bytes:
    return json.dumps({"model": "auto", "messages": HELLO} | fields).encode()


def sent(body: bytes, **changes: Any) -> dict[str, object]:
    request = replace(parse_request(body), **changes)
    wire: dict[str, object] = json.loads(render_request(request, a_model(), wants_logprobs=False))
    return wire


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"model": " "}, "model"),
        ({"model": 1}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": ["hello"]}, "messages[0]"),
        ({"messages": [{"content": "hello"}]}, "messages[0].role"),
        ({"messages": [{"role": ["user"], "content": "hello"}]}, "messages[0].role"),
        ({"messages": [{"role": "wizard", "content": "hello"}]}, "messages[0].role"),
        ({"messages": [{"role": "function", "name": "f", "content": "1"}]}, "messages[0].role"),
        ({"messages": [*HELLO, {"role": "user"}]}, "messages[1].content"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "video_url"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0].image_url"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///a"}}]}]},
            "messages[0].content[0].image_url.url",
        ),
        ({"messages": [{"role": "tool", "content": "1"}]}, "messages[0].tool_call_id"),
        ({"messages": [{"role": "assistant"}]}, "messages[0].content"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"id": "a"}]}]}, "messages[0].tool_calls[0].function"),
        ({"messages": [{"role": "assistant", "function_call": {}}]}, "messages[0].function_call"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": "9"}, "max_completion_tokens"),
        ({"temperature": 3}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": -1}, "top_p"),
        ({"seed": 1.5}, "seed"),
        ({"stop": 1}, "stop"),
        ({"stop": ["a", 1]}, "stop"),
        ({"n": 0}, "n"),
        ({"n": 1000}, "n"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": []}, "stream_options"),
        ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
        ({"logprobs": 3}, "logprobs"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "retrieval"}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"functions": []}, "functions"),
        ({"function_call": "auto"}, "function_call"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}},
            "response_format.json_schema.schema",
        ),
    ],
)
def test_a_field_at_fault_is_named(fields: dict[str, object], param: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        parse_request(call(**fields))
    assert caught.value.param == param
    assert f"`{param}`" in caught.value.condition
    assert caught.value.advice


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "user", "content": ""}],
        [{"role": "user", "content": " \n\t\u2003"}],
        [{"role": "user", "content": [{"type": "text", "text": " "}]}],
        [{"role": "system", "content": "You tag tickets."}, {"role": "user", "content": " "}],
        [{"role": "system", "content": " "}],
    ],
)
def test_a_prompt_of_nothing_but_space_is_empty(messages: list[object]) -> None:
    with pytest.raises(EmptyInputError):
        parse_request(call(messages=messages))


def test_instructions_alone_are_a_prompt() -> None:
    assert parse_request(call(messages=[{"role": "system", "content": "Tell a joke."}])).text == "Tell a joke."


def test_a_picture_alone_is_a_prompt() -> None:
    part = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    request = parse_request(call(messages=[{"role": "user", "content": [part]}]))
    assert request.messages[0].parts == (Image("https://example.org/a.png"),)


def test_the_lower_of_two_output_limits_holds() -> None:
    assert parse_request(call(max_tokens=50, max_completion_tokens=20)).max_output_tokens == 20


def test_an_earlier_refusal_is_part_of_the_conversation() -> None:
    turns = [{"role": "assistant", "content": None, "refusal": "No."}, *HELLO]
    assert parse_request(call(messages=turns)).messages[0] == say(Role.ASSISTANT, "No.")


def test_custom_tools_and_their_calls_are_read() -> None:
    custom = {"id": "c", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}
    request = parse_request(
        call(
            tools=[{"type": "custom", "custom": {"name": "sql"}}],
            messages=[*HELLO, {"role": "assistant", "tool_calls": [custom]}],
        )
    )
    assert request.tools == (Tool("sql", None, None),)
    assert request.messages[1].parts == (ToolCall("c", "sql", "select 1"),)


def test_unknown_fields_go_on_to_the_host_in_their_place() -> None:
    wire = sent(call(new_knob={"deep": [1]}, store=True))
    assert list(wire) == ["model", "messages", "new_knob", "store"]
    assert wire["new_knob"] == {"deep": [1]}


def test_the_model_goes_out_under_its_upstream_name() -> None:
    request = parse_request(call())
    wire = json.loads(render_request(request, a_model(upstream_name="vendor/small"), wants_logprobs=False))
    assert wire["model"] == "vendor/small"


def test_the_bound_goes_out_under_the_name_that_the_caller_used() -> None:
    assert sent(call(max_completion_tokens=500), max_output_tokens=90)["max_completion_tokens"] == 90
    assert sent(call(max_tokens=500), max_output_tokens=90)["max_tokens"] == 90
    assert sent(call(), max_output_tokens=90)["max_tokens"] == 90


def test_usage_is_asked_for_whenever_a_call_streams() -> None:
    assert sent(call(stream=True))["stream_options"] == {"include_usage": True}
    assert sent(call(stream=True, stream_options={"include_usage": False}))["stream_options"] == {"include_usage": True}


def test_a_call_that_no_longer_streams_has_no_stream_options() -> None:
    wire = sent(call(stream=True, stream_options={"include_usage": True}), is_stream=False)
    assert "stream" not in wire
    assert "stream_options" not in wire


def test_the_caller_s_body_is_not_touched() -> None:
    request = parse_request(call(stream=True, max_tokens=9))
    before = json.dumps(request.body)
    render_request(replace(request, max_output_tokens=3), a_model(), wants_logprobs=True)
    assert json.dumps(request.body) == before


def test_log_probabilities_are_asked_for_when_the_gateway_needs_them() -> None:
    assert json.loads(render_request(parse_request(call()), a_model(), wants_logprobs=True))["logprobs"] is True


def test_added_instructions_leave_the_caller_s_messages_in_their_own_form() -> None:
    own = [
        {"role": "user", "name": "ann", "content": "a"},
        {"role": "assistant", "content": "b", "audio": {"id": "x"}},
        {"role": "user", "content": [{"type": "text", "text": "c", "cache_control": {"type": "ephemeral"}}]},
    ]
    request = parse_request(call(messages=own))
    packed = (say(Role.SYSTEM, "Tag."), *request.messages[1:])
    wire = json.loads(render_request(replace(request, messages=packed), a_model(), wants_logprobs=False))
    assert wire["messages"] == [{"role": "system", "content": "Tag."}, *own[1:]]


def test_a_native_request_is_built_from_its_meaning() -> None:
    request = a_request(
        "hi",
        max_output_tokens=20,
        sampling=Sampling(temperature=0.0, top_p=1.0, seed=3, stop=("END",)),
        tools=(Tool("f", "does f", '{"type":"object"}'), Tool("g", None, None)),
        output=OutputFormat("json_schema", '{"type":"object"}'),
        choices=2,
        is_stream=True,
    )
    wire = json.loads(render_request(request, a_model(), wants_logprobs=True))
    again = parse_request(json.dumps(wire).encode())
    assert again.messages == request.messages
    assert (again.sampling, again.tools, again.output) == (request.sampling, request.tools, request.output)
    assert (again.choices, again.max_output_tokens, again.is_stream) == (2, 20, True)
    assert wire["logprobs"] is True


def test_json_mode_is_built_without_a_schema() -> None:
    request = a_request("hi", output=OutputFormat("json_object"))
    assert json.loads(render_request(request, a_model(), wants_logprobs=False))["response_format"] == {
        "type": "json_object"
    }


def test_tool_results_in_one_turn_become_a_message_each() -> None:
    turn = Message(Role.USER, (ToolResult("a", "1"), ToolResult("b", "2"), Text("Go on.")))
    wire = json.loads(render_request(a_request(messages=(turn,)), a_model(), wants_logprobs=False))
    assert [message["role"] for message in wire["messages"]] == ["tool", "tool", "user"]


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
NAMES = TEXTS.filter(lambda text: text.strip())
SPOKEN = TEXTS.map(Text) | NAMES.map(lambda name: Image(f"https://{name}"))
MESSAGES = st.lists(
    st.builds(
        Message,
        st.sampled_from([Role.SYSTEM, Role.DEVELOPER, Role.USER]),
        st.lists(SPOKEN, min_size=1, max_size=3).map(tuple),
    )
    | st.builds(lambda call, text: Message(Role.TOOL, (ToolResult(call, text),)), NAMES, TEXTS)
    | st.builds(
        lambda texts, calls: Message(Role.ASSISTANT, (*texts, *calls)),
        st.lists(NAMES.map(Text), max_size=2),
        st.lists(st.builds(ToolCall, NAMES, NAMES, TEXTS), min_size=1, max_size=2),
    )
    | st.builds(lambda text: say(Role.ASSISTANT, text), NAMES),
    min_size=1,
    max_size=4,
).map(tuple)


@given(MESSAGES)
def test_messages_survive_the_round_trip(messages: tuple[Message, ...]) -> None:
    body = render_request(a_request(messages=(*messages, say(Role.USER, "ok"))), a_model(), wants_logprobs=False)
    assert parse_request(body).messages == (*messages, say(Role.USER, "ok"))


WORDS = ["user", "assistant", "tool", "text", "image_url", "function", "json_schema", "https://example.org"]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(WORDS)
KEYS = st.sampled_from(
    ["role", "content", "type", "text", "image_url", "url", "tool_calls", "id", "function", "name", "arguments"]
) | st.sampled_from(
    ["refusal", "tool_call_id", "json_schema", "schema", "include_usage", "parameters", "custom", "input"]
)
FIELDS = st.sampled_from(
    ["messages", "model", "tools", "response_format", "stop", "n", "stream", "stream_options", "metadata"]
) | st.sampled_from(["max_tokens", "temperature", "logprobs", "top_logprobs", "seed", "other"])
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def read_and_send(body: bytes) -> None:
    """Whatever is not refused as the caller's fault can be sent."""
    try:
        request = parse_request(body)
    except RequestError:
        return
    assert parse_request(render_request(request, a_model(), wants_logprobs=False)).messages == request.messages


@given(st.dictionaries(FIELDS, ANYTHING, max_size=4), st.booleans())
def test_any_json_gives_a_request_or_a_typed_refusal(fields: dict[str, object], is_whole: bool) -> None:
    body = json.dumps(({"model": "auto", "messages": HELLO} if is_whole else {}) | fields).encode()
    read_and_send(body)


@given(st.lists(st.dictionaries(KEYS, ANYTHING, max_size=4), max_size=3))
def test_any_messages_give_a_request_or_a_typed_refusal(messages: list[object]) -> None:
    read_and_send(call(messages=messages))


@given(st.binary(max_size=60))
def test_any_bytes_give_a_typed_refusal(body: bytes) -> None:
    with pytest.raises(RequestError):
        parse_request(body)
