import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.domain.errors import InvalidFieldError
from weighbridge.validation.schema import check_schema, compile_schema
from weighbridge.validation.structure import schema_findings


def nested(levels: int) -> object:
    schema: object = {"type": "string"}
    for _ in range(levels):
        schema = {"items": schema}
    return schema


def fan_out(levels: int) -> dict[str, object]:
    """Each level asks for the next one twice: 2 ** levels checks of one value."""
    parts: dict[str, object] = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(levels)}
    return {"$defs": {**parts, f"a{levels}": {"type": "string"}}, "$ref": "#/$defs/a0"}


TREE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["name"],
}


OLD: dict[str, Any] = {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 5, "exclusiveMinimum": True}


def test_a_schema_of_draft_4_means_what_draft_4_says() -> None:
    validator = compile_schema(json.dumps(OLD)).validator
    assert not validator.is_valid(5)
    assert validator.is_valid(6)


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"type": "object"},
        TREE,
        {"pattern": "^a+$"},
        {"$schema": "http://json-schema.org/draft-07/schema#"},
        OLD,
    ],
)
def test_an_ordinary_schema_is_accepted(schema: object) -> None:
    check_schema(json.dumps(schema))


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"$ref": "http://127.0.0.1:1/x"}, "leaves the schema"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "leaves the schema"),
        ({"$id": "http://a/b", "$ref": "c"}, "leaves the schema"),
        ({"$schema": "http://127.0.0.1:1/x"}, "Unknown meta-schema"),
        ({"$schema": "http://json-schema.org/draft-03/schema#"}, "a draft before 4"),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "items": {"id": "http://a/b"}}, "an id below the top"),
        ({"$dynamicRef": "#a"}, "not supported"),
        ({"items": {"$id": "http://a/b"}}, "an \\$id below the top"),
        ({"$ref": "#/$defs/none"}, "does not exist"),
        ({"type": "nope"}, "is not valid"),
        ({"pattern": "(?=a)"}, 'is not a "regex"'),
        ({"pattern": r"(a)\1"}, 'is not a "regex"'),
        ({"properties": {str(n): {"pattern": "a"} for n in range(40)}}, "40 patterns"),
        ([], "neither an object nor a boolean"),
        (nested(65), "nested deeper than 64"),
    ],
)
def test_a_schema_that_is_wrong_or_reaches_out_is_refused_before_any_call(schema: object, reason: str) -> None:
    with pytest.raises(InvalidFieldError, match=reason) as caught:
        check_schema(json.dumps(schema))
    assert caught.value.param == "response_format"


@pytest.mark.parametrize("text", ["", "{", '{"a": 1, "a": 2}', "[" * 5_000, '"' + "a" * 70_000 + '"', "\ud800"])
def test_a_schema_that_is_no_json_or_too_large_is_refused(text: str) -> None:
    with pytest.raises(InvalidFieldError):
        check_schema(text)


def test_a_refused_schema_is_quoted_only_in_part() -> None:
    with pytest.raises(InvalidFieldError) as caught:
        check_schema(json.dumps({"type": "x" * 10_000}))
    assert len(caught.value.condition) < 300


def test_a_schema_is_compiled_once() -> None:
    text = json.dumps(TREE)
    assert compile_schema(text) is compile_schema(text)


def test_a_recursive_answer_is_checked_to_its_depth() -> None:
    good = {"name": "a", "children": [{"name": "b", "children": [{"name": "c"}]}]}
    bad = {"name": "a", "children": [{"name": "b", "children": [{"name": 3}]}]}
    assert list(schema_findings(good, json.dumps(TREE))) == []
    assert [finding.place for finding in schema_findings(bad, json.dumps(TREE))] == ["/children/0/children/0/name"]


def test_references_that_multiply_are_weighed_before_they_are_followed() -> None:
    (finding,) = schema_findings("x", json.dumps(fan_out(40)))
    assert "more than 50000 steps" in finding.message


def test_references_that_multiply_a_little_are_checked() -> None:
    assert list(schema_findings("x", json.dumps(fan_out(11)))) == []


def test_a_deep_answer_cannot_multiply_a_recursive_schema() -> None:
    schema = json.dumps({"properties": {"n": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}, "type": "object"})
    answer: object = 1
    for _ in range(40):
        answer = {"n": answer}
    (finding,) = schema_findings(answer, schema)
    assert "more than 50000 steps" in finding.message


@pytest.mark.parametrize(("items", "findings"), [(100, 100), (2_000, 1), (10_000, 1)])
def test_a_large_wrong_answer_names_as_many_places_as_it_can_afford(items: int, findings: int) -> None:
    found = list(schema_findings([1] * items, json.dumps({"items": {"type": "string"}})))
    assert len(found) == findings
    assert all(finding.message for finding in found)


def test_formats_are_checked() -> None:
    assert list(schema_findings("tomorrow", json.dumps({"format": "date"})))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
KEYWORDS = [
    "$ref",
    "type",
    "items",
    "allOf",
    "properties",
    "pattern",
    "$id",
    "enum",
    "not",
    "prefixItems",
    "additionalProperties",
]
keywords = st.sampled_from(KEYWORDS)
schemas = st.recursive(
    st.sampled_from([True, {}, {"$ref": "#"}, {"type": "object"}, "#", "#/items", "string"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keywords, inner, max_size=4),
    max_leaves=12,
)


@given(schemas, json_values)
def test_any_schema_is_refused_or_judges_any_answer(schema: object, answer: object) -> None:
    text = json.dumps(schema)
    try:
        check_schema(text)
    except InvalidFieldError:
        return
    list(schema_findings(answer, text))
