"""A small answer that fits a JSON Schema: enough for the schemas people ask models for, not a solver.

Follows type, enum, const, properties, required, items, minItems, lengths of texts, bounds of numbers, anyOf, oneOf,
allOf and local references. What it does not know it leaves out, so that validation may well find fault with the answer.
"""

from collections.abc import Mapping
from typing import cast

import orjson

Schema = Mapping[str, object]
DEEPEST = 8
MOST_VALUES = 1000
"""In one answer: a schema of a few lines can ask for more than there are atoms."""
MOST_ITEMS = 20
LONGEST_TEXT = 200


def example_json(schema_json: str | None, words: str) -> str:
    """JSON text for the schema; `words` fill its free texts. Without a usable schema an object with one field."""
    try:
        root = orjson.loads(schema_json or "null")
    except orjson.JSONDecodeError:
        root = None
    answer = _Maker(root, words).make(root, 0) if isinstance(root, dict) else {"answer": words}
    return orjson.dumps(answer).decode()


class _Maker:
    """Makes the values of one answer."""

    def __init__(self, root: Schema, words: str) -> None:
        self._root, self._words = root, words
        self._left = MOST_VALUES

    def make(self, schema: object, depth: int) -> object:
        """A value for `schema`; null when there is no room for more."""
        self._left -= 1
        if not isinstance(schema, Mapping) or depth > DEEPEST or self._left < 0:
            return None
        schema = _resolved(schema, self._root)
        if "const" in schema:
            return schema["const"]
        options = schema.get("enum") or schema.get("examples")
        if isinstance(options, list) and options:
            return next((option for option in options if self._names(option)), options[0])
        branches = schema.get("anyOf") or schema.get("oneOf")
        if isinstance(branches, list) and branches:
            return self.make(branches[0], depth + 1)
        return self._by_type(schema, depth)

    def _names(self, option: object) -> bool:
        return isinstance(option, str) and option.lower() in self._words.lower()

    def _by_type(self, schema: Schema, depth: int) -> object:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((item for item in kind if item != "null"), "null")
        if kind == "object" or "properties" in schema:
            return self._object(schema, depth)
        if kind == "array" or "items" in schema:
            count = min(max(_whole(schema, "minItems", 1), 1), MOST_ITEMS)
            return [self.make(schema.get("items", {}), depth + 1) for _ in range(count)]
        if kind in {"integer", "number"}:
            return _number(schema, is_whole=kind == "integer")
        if kind == "boolean":
            return True
        return None if kind == "null" else _text(schema, self._words)

    def _object(self, schema: Schema, depth: int) -> dict[str, object]:
        properties, required = schema.get("properties"), schema.get("required")
        known = properties if isinstance(properties, dict) else {}
        extra = [name for name in required if name not in known] if isinstance(required, list) else []
        return {str(name): self.make(known.get(name, {}), depth + 1) for name in (*known, *extra)}


def _resolved(schema: Schema, root: Schema) -> Schema:
    """Local references followed, and the parts of `allOf` laid over one another."""
    for _ in range(DEEPEST):
        reference = schema.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        schema = _at(root, reference)
    parts = schema.get("allOf")
    if isinstance(parts, list):
        for part in parts:
            schema = {**schema, **part} if isinstance(part, dict) else schema
    return schema


def _at(root: Schema, pointer: str) -> Schema:
    node: object = root
    for step in pointer[2:].split("/"):
        node = node.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def _number(schema: Schema, *, is_whole: bool) -> float:
    low, high = _bound(schema, "minimum"), _bound(schema, "maximum")
    above, below = _bound(schema, "exclusiveMinimum"), _bound(schema, "exclusiveMaximum")
    step = 1.0 if is_whole else 0.5
    least = low if low is not None else above + step if above is not None else None
    most = high if high is not None else below - step if below is not None else None
    number = least if least is not None else min(1.0, most) if most is not None else 1.0
    return int(number) if is_whole else number


def _bound(schema: Schema, key: str) -> float | None:
    value = schema.get(key)
    return float(cast("float", value)) if type(value) in {int, float} else None


def _text(schema: Schema, words: str) -> str:
    least, most = _whole(schema, "minLength", 0), _whole(schema, "maxLength", LONGEST_TEXT)
    text = words.strip() or "text"
    while len(text) < min(least, LONGEST_TEXT):
        text += f" {text}"
    return text[: max(0, min(most, LONGEST_TEXT))]


def _whole(schema: Schema, key: str, default: int) -> int:
    value = schema.get(key)
    return value if type(value) is int else default
