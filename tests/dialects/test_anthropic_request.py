"""A Messages call: what is refused and where, what is kept, what goes out."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from make import a_model, a_request
from weighbridge.dialects.anthropic_messages.messages import OPENING
from weighbridge.dialects.anthropic_messages.request import parse_count_request, parse_request, render_request
from weighbridge.dialects.openai_chat.request import parse_request as parse_openai
from weighbridge.dialects.openai_chat.request import render_request as render_openai
from weighbridge.domain.errors import EmptyInputError, InvalidFieldError, RequestError
from weighbridge.domain.request import (
    Image,
    Message,
    OutputFormat,
    Request,
    Role,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    say,
)

HELLO = {"role": "user", "content": "hello"}
CALLING = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": {}}]}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "1"}


def call(**fields: object) -> bytes:
    return json.dumps({"model": "auto", "max_tokens": 50, "messages": [HELLO]} | fields).encode()


def user(*blocks: object) -> dict[str, object]:
    return {"role": "user", "content": list(blocks)}


def rendered(request: Request, *, wants_logprobs: bool = False) -> dict[str, Any]:
    wire: dict[str, Any] = json.loads(render_request(request, a_model(), wants_logprobs=wants_logprobs))
    return wire


def sent(body: bytes, **changes: Any) -> dict[str, Any]:
    return rendered(replace(parse_request(body), **changes))


def schema_format(**fields: object) -> dict[str, object]:
    return {"output_config": {"format": {"type": "json_schema"} | fields}}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "9"}, "max_tokens"),
        ({"messages": None}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": ["hello"]}, "messages[0]"),
        ({"messages": [{"content": "hello"}]}, "messages[0].role"),
        ({"messages": [{"role": ["user"], "content": "hello"}]}, "messages[0].role"),
        ({"messages": [{"role": "tool", "content": "hello"}]}, "messages[0].role"),
        ({"messages": [{"role": "assistant", "content": "hello"}]}, "messages[0].role"),
        ({"messages": [{"role": "system", "content": "a"}, CALLING]}, "messages[1].role"),
        ({"messages": [HELLO, {"role": "assistant"}]}, "messages[1].content"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [user()]}, "messages[0].content"),
        ({"messages": [user("x")]}, "messages[0].content[0]"),
        ({"messages": [user({"type": "video"})]}, "messages[0].content[0].type"),
        ({"messages": [user({"type": "thinking"})]}, "messages[0].content[0].type"),
        ({"messages": [user({"type": ["text"]})]}, "messages[0].content[0].type"),
        ({"messages": [user({"type": "text"})]}, "messages[0].content[0].text"),
        ({"messages": [user({"type": "image"})]}, "messages[0].content[0].source"),
        ({"messages": [user({"type": "image", "source": {"type": "file"}})]}, "messages[0].content[0].source.type"),
        (
            {"messages": [user({"type": "image", "source": {"type": "base64", "data": "aa"}})]},
            "messages[0].content[0].source.media_type",
        ),
        (
            {"messages": [user({"type": "image", "source": {"type": "url", "url": "http://a"}})]},
            "messages[0].content[0].source.url",
        ),
        ({"messages": [HELLO, CALLING, user({"type": "tool_result"})]}, "messages[2].content[0].tool_use_id"),
        ({"messages": [HELLO, CALLING, user(RESULT | {"content": 1})]}, "messages[2].content[0].content"),
        ({"messages": [HELLO, CALLING, user(RESULT | {"is_error": 1})]}, "messages[2].content[0].is_error"),
        (
            {"messages": [HELLO, CALLING, user(RESULT | {"content": [{"type": "video"}]})]},
            "messages[2].content[0].content[0].type",
        ),
        ({"messages": [HELLO, {"role": "assistant", "content": [RESULT]}]}, "messages[1].content[0].type"),
        (
            {"messages": [HELLO, {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f"}]}]},
            "messages[1].content[0].input",
        ),
        (
            {"messages": [HELLO, {"role": "assistant", "content": [{"type": "thinking", "thinking": 1}]}]},
            "messages[1].content[0].thinking",
        ),
        (
            {"messages": [HELLO, {"role": "assistant", "content": [{"type": "redacted_thinking", "data": 1}]}]},
            "messages[1].content[0].data",
        ),
        ({"messages": [user(RESULT)]}, "messages[0].content[0]"),
        ({"messages": [HELLO, CALLING, user({"type": "text", "text": "a"}, RESULT, RESULT)]}, "messages[2].content[2]"),
        ({"messages": [HELLO, CALLING, HELLO]}, "messages[1].content[0]"),
        ({"messages": [HELLO, CALLING, HELLO, CALLING]}, "messages[1].content[0]"),
        ({"messages": [HELLO, CALLING, user(RESULT | {"tool_use_id": "t2"})]}, "messages[2].content[0]"),
        ({"system": 1}, "system"),
        ({"system": ["a"]}, "system[0]"),
        ({"system": [{"type": "image"}]}, "system[0].type"),
        ({"temperature": 1.5}, "temperature"),
        ({"top_p": -1}, "top_p"),
        ({"top_k": 1.5}, "top_k"),
        ({"stop_sequences": "a"}, "stop_sequences"),
        ({"stop_sequences": ["a", 1]}, "stop_sequences[1]"),
        ({"stream": "yes"}, "stream"),
        ({"metadata": {"user_id": 1}}, "metadata.user_id"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"input_schema": {}}]}, "tools[0].name"),
        ({"tools": [{"name": "f"}]}, "tools[0].input_schema"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"tool_choice": {"type": "required"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"tool_choice": {"type": "auto", "disable_parallel_tool_use": 1}}, "tool_choice.disable_parallel_tool_use"),
        ({"output_config": []}, "output_config"),
        ({"output_config": {"format": {"type": "xml"}}}, "output_config.format.type"),
        (schema_format(), "output_config.format.schema"),
        ({"output_format": {"type": "json_schema"}}, "output_format.schema"),
    ],
)
def test_a_field_at_fault_is_named(fields: dict[str, object], param: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        parse_request(call(**fields))
    assert caught.value.param == param
    assert f"`{param}`" in caught.value.condition
    assert caught.value.advice


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "system", "content": "Tag."}]}, "messages"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages[0].content"),
        ({"messages": [HELLO, {"role": "assistant", "content": " \n"}]}, "messages[1].content"),
        ({"messages": [HELLO, HELLO, user({"type": "text", "text": ""})]}, "messages[2].content[0]"),
        ({"system": " "}, "system"),
        ({"system": [{"type": "text", "text": " "}]}, "system[0]"),
    ],
)
def test_a_turn_or_block_of_nothing_but_space_is_empty(fields: dict[str, object], param: str) -> None:
    with pytest.raises(EmptyInputError) as caught:
        parse_request(call(**fields))
    assert caught.value.param == param


@pytest.mark.parametrize("content", ["", []])
def test_only_the_last_turn_of_the_assistant_may_be_empty(content: object) -> None:
    empty = {"role": "assistant", "content": content}
    assert parse_request(call(messages=[HELLO, empty])).messages[1] == Message(Role.ASSISTANT, ())
    with pytest.raises(RequestError):
        parse_request(call(messages=[HELLO, empty, HELLO]))


def test_tokens_are_counted_without_an_output_limit() -> None:
    body = json.dumps({"model": "auto", "messages": [HELLO], "system": "Tag."}).encode()
    assert parse_count_request(body).text == "Tag.\nhello"
    assert parse_count_request(body).max_output_tokens is None


@pytest.mark.parametrize("system", [None, "", []])
def test_no_instructions_are_no_message(system: object) -> None:
    assert parse_request(call(system=system)).messages == (say(Role.USER, "hello"),)


def test_results_alone_are_the_tool_s_turn_and_the_user_said_something_before() -> None:
    request = parse_request(call(messages=[HELLO, CALLING, user(RESULT)]))
    assert request.messages[2] == Message(Role.TOOL, (ToolResult("t1", "1"),))
    assert request.user_text == "hello"


def test_calls_of_turns_in_a_row_are_answered_together() -> None:
    other = {"role": "assistant", "content": [{"type": "tool_use", "id": "t2", "name": "f", "input": {}}]}
    turns = [HELLO, CALLING, other, user(RESULT), user(RESULT | {"tool_use_id": "t2", "content": None}), HELLO]
    assert parse_request(call(messages=turns)).messages[4].parts == (ToolResult("t2", ""),)


def test_a_user_id_may_be_null() -> None:
    assert parse_request(call(metadata={"user_id": None})).metadata == {}


def test_the_format_is_read_under_its_older_name() -> None:
    request = parse_request(call(output_format={"type": "json_schema", "schema": {"type": "object"}}))
    assert request.output == OutputFormat("json_schema", '{"type":"object"}')


@pytest.mark.parametrize(
    ("wire", "choice"),
    [
        ({"type": "auto"}, ToolChoice("auto")),
        ({"type": "any", "disable_parallel_tool_use": True}, ToolChoice("required", may_be_parallel=False)),
        ({"type": "none"}, ToolChoice("none")),
        ({"type": "tool", "name": "f"}, ToolChoice("tool", "f")),
    ],
)
def test_a_tool_choice_survives_the_round_trip(wire: object, choice: ToolChoice) -> None:
    request = parse_request(call(tool_choice=wire, tools=[{"name": "f", "input_schema": {"type": "object"}}]))
    assert request.tool_choice == choice
    assert rendered(replace(request, body=None))["tool_choice"] == wire


def test_unknown_fields_go_on_to_the_host_in_their_place() -> None:
    wire = sent(call(top_k=5, new_knob={"deep": [1]}))
    assert list(wire) == ["model", "max_tokens", "messages", "top_k", "new_knob"]


def test_the_caller_s_body_is_not_touched() -> None:
    request = parse_request(call(stream=True, system="a"))
    before = json.dumps(request.body)
    rendered(
        replace(request, max_output_tokens=3, is_stream=False, messages=(say(Role.SYSTEM, "b"), *request.messages))
    )
    assert json.dumps(request.body) == before


def test_added_instructions_leave_the_caller_s_own_in_their_form() -> None:
    own = [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}]
    for system, kept in ((own, own), ("Be kind.", [{"type": "text", "text": "Be kind."}]), (None, [])):
        request = parse_request(call(system=system))
        packed = (say(Role.SYSTEM, "Tag."), *request.messages)
        assert rendered(replace(request, messages=packed))["system"] == [{"type": "text", "text": "Tag."}, *kept]


def test_what_was_dropped_or_rewritten_leaves_the_other_turns_in_their_form() -> None:
    thinking = {"type": "thinking", "thinking": "hm", "signature": "s=="}
    own = [
        HELLO,
        {"role": "assistant", "content": [thinking, {"type": "text", "text": "b"}]},
        user({"type": "text", "text": "secret", "cache_control": {"type": "ephemeral"}}),
        {"role": "assistant", "content": [{"type": "text", "text": "d"}]},
        HELLO,
    ]
    request = parse_request(call(messages=own))
    packed = (request.messages[1], say(Role.USER, "***"), *request.messages[3:])
    wire = rendered(replace(request, messages=packed))
    assert wire["messages"] == [OPENING, own[1], {"role": "user", "content": "***"}, *own[3:]]


def test_a_thinking_budget_that_the_output_limit_has_no_room_for_is_refused() -> None:
    body = call(max_tokens=5000, thinking={"type": "enabled", "budget_tokens": 2000})
    assert sent(body)["thinking"]["budget_tokens"] == 2000
    with pytest.raises(InvalidFieldError) as caught:
        sent(body, max_output_tokens=1500)
    assert caught.value.param == "thinking.budget_tokens"


def test_a_native_request_is_built_from_its_meaning() -> None:
    request = a_request(
        "hi",
        sampling=Sampling(temperature=0.0, top_p=1.0, stop=("END",)),
        tools=(Tool("f", "does f", '{"type":"object"}'), Tool("g", None, '{"type":"object"}')),
        output=OutputFormat("json_schema", '{"type":"object","additionalProperties":false}'),
        is_stream=True,
    )
    wire = rendered(request)
    again = parse_request(json.dumps(wire).encode())
    for name in ("messages", "sampling", "tools", "output", "is_stream"):
        assert getattr(again, name) == getattr(request, name)
    assert wire["max_tokens"] == a_model().max_output_tokens


def test_a_tool_without_a_schema_takes_any_object() -> None:
    tools = (Tool("f", None, None), Tool("g", None, "{}"))
    assert [tool["input_schema"] for tool in rendered(a_request("hi", tools=tools))["tools"]] == [
        {"type": "object"}
    ] * 2


def test_open_objects_of_a_schema_are_closed() -> None:
    inner = {"type": "object", "properties": {"type": {"type": "string"}}}
    schema = {
        "type": "object",
        "properties": {"a": inner, "b": {"type": "array", "items": inner}, "c": {"anyOf": [inner, {"type": "null"}]}},
        "$defs": {"d": inner | {"additionalProperties": True}},
    }
    request = a_request("hi", output=OutputFormat("json_schema", json.dumps(schema)))
    closed = rendered(request)["output_config"]["format"]["schema"]
    shut = inner | {"additionalProperties": False}
    assert closed["properties"] == {
        "a": shut,
        "b": {"type": "array", "items": shut},
        "c": {"anyOf": [shut, {"type": "null"}]},
    }
    assert closed["additionalProperties"] is False
    assert closed["$defs"]["d"]["additionalProperties"] is True


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"choices": 2}, "n"),
        ({"sampling": Sampling(temperature=1.2)}, "temperature"),
        ({"sampling": Sampling(stop=("a", "\n"))}, "stop"),
        ({"wants_logprobs": True}, "logprobs"),
        ({"output": OutputFormat("json_object")}, "output"),
        ({"output": OutputFormat("json_object"), "dialect": "openai_chat"}, "response_format"),
        ({"messages": (Message(Role.SYSTEM, (Image("https://a"),)), say(Role.USER, "a"))}, "messages"),
        ({"messages": (Message(Role.USER, (Image("data:image/png,abc"),)),)}, "messages"),
        ({"messages": (Message(Role.ASSISTANT, (ToolCall("c", "sql", "select 1"),)),)}, "messages"),
        ({"messages": (Message(Role.ASSISTANT, (ToolCall("c", "f", "[1]"),)),)}, "messages"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_name(changes: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        rendered(a_request(**changes))
    assert caught.value.param == param
    assert caught.value.advice


def test_log_probabilities_that_the_gateway_wants_are_refused_too() -> None:
    with pytest.raises(InvalidFieldError):
        rendered(parse_request(call()), wants_logprobs=True)


@pytest.mark.parametrize(
    "body",
    [
        {"frequency_penalty": 0, "presence_penalty": 0.0, "logit_bias": {}, "modalities": ["text"]},
        {"tool_choice": "auto", "parallel_tool_calls": True, "reasoning_effort": None, "user": "u"},
    ],
)
def test_wishes_for_what_happens_anyway_are_no_obstacle(body: dict[str, object]) -> None:
    assert set(rendered(a_request(body=body, dialect="openai_chat"))) == {"model", "max_tokens", "messages"}


def test_a_carried_tool_choice_is_no_obstacle() -> None:
    tools = (Tool("f", None, None),)
    request = a_request(body={"tool_choice": "required"}, tools=tools, tool_choice=ToolChoice("required"))
    assert rendered(request)["tool_choice"] == {"type": "any"}


def test_instructions_are_lifted_and_turns_in_a_row_become_one() -> None:
    messages = (
        say(Role.SYSTEM, "a"),
        say(Role.USER, "b"),
        say(Role.DEVELOPER, "c"),
        say(Role.USER, " "),
        Message(Role.ASSISTANT, (ToolCall("t1", "f", '{"x": 1.50}'), ToolCall("t2", "f", ""))),
        say(Role.USER, "d"),
        Message(Role.TOOL, (ToolResult("t1", "1"),)),
        Message(Role.TOOL, (ToolResult("t2", ""),)),
    )
    body = render_request(a_request(messages=messages), a_model(), wants_logprobs=False)
    wire = json.loads(body)
    assert wire["system"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "c"}]
    assert wire["messages"][0] == {"role": "user", "content": "b"}
    assert [block["type"] for block in wire["messages"][2]["content"]] == ["tool_result", "tool_result", "text"]
    assert b'"input":{"x": 1.50}' in body


def test_instructions_alone_become_the_user_s_turn() -> None:
    wire = rendered(a_request(messages=(say(Role.SYSTEM, "Tell a joke."),)))
    assert wire["messages"] == [{"role": "user", "content": "Tell a joke."}]
    assert "system" not in wire


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
NAMES = TEXTS.filter(lambda text: text.strip())
IMAGES = NAMES.map(lambda name: Image(f"https://{name}")) | st.just(Image("data:image/png;base64,aGk="))
SAID = st.lists(NAMES.map(Text) | IMAGES, min_size=1, max_size=3)
ARGUMENTS = st.dictionaries(TEXTS, st.none() | st.integers(-9, 9) | TEXTS, max_size=2).map(
    lambda value: orjson.dumps(value).decode()
)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """Turns that alternate, each call with its result: what the format can hold without rearranging."""
    messages = [Message(Role.SYSTEM, (Text(text),)) for text in draw(st.lists(NAMES, max_size=1))]
    messages.append(Message(Role.USER, tuple(draw(SAID))))
    for round_number in range(draw(st.integers(0, 3))):
        ids = [f"t{round_number}_{index}" for index in range(draw(st.integers(0, 2)))]
        calls = [ToolCall(call_id, draw(NAMES), draw(ARGUMENTS)) for call_id in ids]
        texts = draw(st.lists(NAMES.map(Text), min_size=0 if calls else 1, max_size=2))
        results = [ToolResult(call_id, draw(TEXTS)) for call_id in ids]
        said = draw(SAID) if not results or draw(st.booleans()) else []
        messages.append(Message(Role.ASSISTANT, (*texts, *calls)))
        messages.append(Message(Role.USER if said else Role.TOOL, (*results, *said)))
    return tuple(messages)


@given(conversations())
def test_messages_survive_the_round_trip(messages: tuple[Message, ...]) -> None:
    body = render_request(a_request(messages=messages), a_model(), wants_logprobs=False)
    assert parse_request(body).messages == messages


@given(conversations())
def test_a_conversation_of_openai_s_keeps_its_text_and_its_tools(messages: tuple[Message, ...]) -> None:
    from_openai = parse_openai(render_openai(a_request(messages=messages), a_model(), wants_logprobs=False))
    body = render_request(from_openai, a_model(), wants_logprobs=False)
    again = parse_request(body).messages
    assert [part for message in again for part in message.parts] == [
        part for message in messages for part in message.parts
    ]


WORDS = ["user", "assistant", "system", "text", "image", "tool_use", "tool_result", "thinking", "base64", "json_schema"]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(WORDS)
KEYS = st.sampled_from(
    ["role", "content", "type", "text", "source", "url", "media_type", "id", "name", "input", "tool_use_id"]
) | st.sampled_from(["is_error", "thinking", "data", "schema", "format", "input_schema", "budget_tokens"])
FIELDS = st.sampled_from(
    ["messages", "model", "system", "tools", "tool_choice", "stop_sequences", "stream", "metadata", "max_tokens"]
) | st.sampled_from(["output_config", "output_format", "thinking", "temperature", "top_k", "other"])
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
BLOCKS = st.fixed_dictionaries(
    {"type": st.sampled_from(WORDS)},
    optional={"text": SCALARS, "id": SCALARS, "name": SCALARS, "input": ANYTHING, "tool_use_id": SCALARS}
    | {"content": ANYTHING, "source": ANYTHING, "thinking": SCALARS, "data": SCALARS},
)


def read_and_send(body: bytes) -> None:
    """Whatever is not refused as the caller's fault can be sent, in its own form and anew."""
    try:
        request = parse_request(body)
        wire = render_request(request, a_model(), wants_logprobs=False)
    except RequestError:
        return
    assert parse_request(wire).messages == request.messages
    render_request(replace(request, body=None), a_model(), wants_logprobs=False)


@given(st.dictionaries(FIELDS, ANYTHING, max_size=4), st.booleans())
def test_any_json_gives_a_request_or_a_typed_refusal(fields: dict[str, object], is_whole: bool) -> None:
    read_and_send(
        json.dumps(({"model": "auto", "messages": [HELLO], "max_tokens": 5} if is_whole else {}) | fields).encode()
    )


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), st.lists(BLOCKS, max_size=3)), max_size=3))
def test_any_blocks_give_a_request_or_a_typed_refusal(turns: list[tuple[str, list[object]]]) -> None:
    read_and_send(call(messages=[HELLO, *({"role": role, "content": blocks} for role, blocks in turns)]))


@given(st.binary(max_size=60))
def test_any_bytes_give_a_typed_refusal(body: bytes) -> None:
    with pytest.raises(RequestError):
        parse_request(body)


@given(
    st.lists(
        st.builds(
            Message,
            st.sampled_from(Role),
            st.lists(
                TEXTS.map(Text)
                | TEXTS.map(Image)
                | st.builds(ToolCall, TEXTS, TEXTS, TEXTS)
                | st.builds(ToolResult, TEXTS, TEXTS),
                max_size=3,
            ).map(tuple),
        ),
        max_size=4,
    ).map(tuple)
)
def test_any_messages_are_written_or_refused(messages: tuple[Message, ...]) -> None:
    with suppress(InvalidFieldError):
        render_request(a_request(messages=messages), a_model(), wants_logprobs=False)
