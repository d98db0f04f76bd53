"""The native call: strict about its keys, so that a misspelt risk is never a forgotten one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.dialects.native.request import KEYS, parse_risk, parse_run
from weighbridge.domain.errors import EmptyInputError, InvalidFieldError, RequestError
from weighbridge.domain.levels import Risk
from weighbridge.domain.request import OutputFormat, Role, say


def run(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_a_run_is_a_task_and_its_input() -> None:
    body = run(input="Classify this.", risk="high", metadata={"team": "billing"}, max_output_tokens=20)
    request = parse_run(body, "tag")
    assert request.messages == (say(Role.USER, "Classify this."),)
    assert (request.task, request.model, request.dialect) == ("tag", "task/tag", "native")
    assert (request.risk, request.max_output_tokens, request.metadata) == (Risk.HIGH, 20, {"team": "billing"})
    assert request.body is None


def test_an_unstated_risk_is_unknown() -> None:
    assert parse_run(run(input="x"), "tag").risk is None


def test_a_conversation_can_stand_for_the_input() -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    assert [message.text for message in parse_run(run(messages=turns), "tag").messages] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("wanted", "output"),
    [
        (None, OutputFormat("text")),
        ({"type": "text"}, OutputFormat("text")),
        ({"type": "json_object"}, OutputFormat("json_object")),
        ({"type": "json_schema", "schema": {"type": "object"}}, OutputFormat("json_schema", '{"type":"object"}')),
    ],
)
def test_the_wanted_output_is_read(wanted: object, output: OutputFormat) -> None:
    assert parse_run(run(input="x", output=wanted), "tag").output == output


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "input"),
        ({"input": 5}, "input"),
        ({"input": "x", "messages": [{"role": "user", "content": "y"}]}, "messages"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"input": "x", "max_output_tokens": 0}, "max_output_tokens"),
        ({"input": "x", "metadata": {"a": None}}, "metadata.a"),
        ({"input": "x", "output": "json"}, "output"),
        ({"input": "x", "output": {"type": "yaml"}}, "output.type"),
        ({"input": "x", "output": {"type": "json_schema"}}, "output.schema"),
    ],
)
def test_a_field_at_fault_is_named(fields: dict[str, object], param: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        parse_run(run(**fields), "tag")
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("key", "near"), [("risk_level", "`risk`"), ("imput", "`input`"), ("zzz", "max_output_tokens")]
)
def test_an_unknown_key_is_an_error_with_the_nearest_name(key: str, near: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        parse_run(run(input="x", **{key: "low"}), "tag")
    assert caught.value.param == key
    assert near in caught.value.advice


@pytest.mark.parametrize("risk", ["Low", "none", "", 1, ["low"]])
def test_an_unknown_risk_lists_the_levels(risk: object) -> None:
    with pytest.raises(InvalidFieldError, match="low, medium, high") as caught:
        parse_risk(risk, "risk")
    assert caught.value.param == "risk"


@pytest.mark.parametrize("text", ["", " \n "])
def test_blank_input_is_empty(text: str) -> None:
    with pytest.raises(EmptyInputError):
        parse_run(run(input=text), "tag")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "schema"]), inner, max_size=2),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), ANYTHING, max_size=4))
def test_any_json_gives_a_request_or_a_typed_refusal(fields: dict[str, object]) -> None:
    try:
        request = parse_run(json.dumps(fields).encode(), "tag")
    except RequestError:
        return
    assert request.text.strip()
