"""Answers made from a JSON Schema are valid for it."""

import json
from typing import Any

import pytest
from jsonschema_rs import is_valid

from weighbridge.providers.simulated_json import example_json

SCHEMAS: dict[str, object] = {
    "an object": {
        "type": "object",
        "properties": {
            "label": {"enum": ["invoice", "legal"]},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        },
        "required": ["label", "confidence"],
        "additionalProperties": False,
    },
    "nested lists": {
        "type": "array",
        "minItems": 3,
        "items": {"type": "array", "items": {"type": "integer", "minimum": 5}},
    },
    "references": {
        "$defs": {"item": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}},
        "type": "object",
        "properties": {"items": {"type": "array", "items": {"$ref": "#/$defs/item"}}},
        "required": ["items"],
    },
    "a constant": {"const": {"a": [1, None]}},
    "alternatives": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    "parts": {"allOf": [{"type": "integer"}, {"minimum": 7}]},
    "a type or null": {"type": ["null", "boolean"]},
    "null": {"type": "null"},
    "exclusive bounds": {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
    "an upper bound": {"type": "number", "maximum": -2},
    "short and long text": {
        "type": "object",
        "properties": {"a": {"type": "string", "maxLength": 3}, "b": {"type": "string", "minLength": 50}},
        "required": ["a", "b"],
    },
    "a required field that nothing describes": {"type": "object", "required": ["x"]},
    "anything": {},
}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_the_answer_fits_the_schema(schema: Any) -> None:
    answer = json.loads(example_json(json.dumps(schema), "Attached invoice."))
    assert is_valid(schema, answer), answer


def test_an_allowed_value_that_the_prompt_names_is_chosen() -> None:
    assert example_json('{"enum": ["invoice", "legal"]}', "a LEGAL matter") == '"legal"'
    assert example_json('{"enum": ["invoice", "legal"]}', "something") == '"invoice"'


@pytest.mark.parametrize("schema", [None, "", "no json", "[1]", "true"])
def test_without_a_usable_schema_it_is_an_object(schema: str | None) -> None:
    assert json.loads(example_json(schema, "hello")) == {"answer": "hello"}


@pytest.mark.parametrize(
    "schema",
    [
        '{"$ref": "#"}',
        '{"$ref": "#/a", "a": {"$ref": "#/a"}}',
        '{"type": "object", "properties": {"a": {"$ref": "#/properties/a"}}}',
        '{"$defs": {"t": {"type": "array", "minItems": 1000, "items": {"$ref": "#/$defs/t"}}}, "$ref": "#/$defs/t"}',
        '{"type": 5, "enum": {}, "required": "x", "properties": [], "minItems": "y", "allOf": [1], "anyOf": [1]}',
        '{"type": "string", "minLength": 1e9, "maxLength": -5}',
        '{"type": "array", "minItems": 999999999}',
    ],
)
def test_a_hostile_schema_ends_soon(schema: str) -> None:
    assert len(example_json(schema, "hello")) < 200_000
