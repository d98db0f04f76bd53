"""How much work a check would be, found out before it is done.

A schema of 1 kB whose references fan out (`allOf` of twice the next, twenty levels deep) keeps a validator busy for
minutes on a one-word answer. So the walk that a validator would make is made first, without any check, counting steps
up to a bound. It counts every branch, so it never says less than the validator may need.
"""

from collections.abc import Iterator
from urllib.parse import unquote

Node = tuple[object, object]
"""A sub-schema and the part of the answer that it judges."""

_MISSING = object()
_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLES = ("not", "if", "then", "else")


def is_expansion_within(document: object, most: int) -> bool:
    """True when the schema has at most `most` parts with every reference written out; a recursive one never has."""
    stack, steps = [document], 0
    while stack:
        node = stack.pop()
        steps += 1
        if steps > most:
            return False
        if isinstance(node, dict):
            stack.extend(child for child in node.values() if isinstance(child, dict | list))
            stack.extend(_referred(document, node))
        elif isinstance(node, list):
            stack.extend(child for child in node if isinstance(child, dict | list))
    return True


def is_check_within(document: object, answer: object, most: int) -> bool:
    """True when judging `answer` by the schema takes at most `most` steps."""
    stack: list[Node] = [(document, answer)]
    steps = 0
    while stack:
        schema, value = stack.pop()
        steps += 1
        if steps > most:
            return False
        if isinstance(schema, dict):
            stack.extend((target, value) for target in _referred(document, schema))
            stack.extend(_here(schema, value))
            if isinstance(value, dict):
                stack.extend(_below_object(schema, value))
            elif isinstance(value, list):
                stack.extend(_below_array(schema, value))
    return True


def _referred(document: object, schema: dict[str, object]) -> Iterator[object]:
    """What `$ref` points at (JSON Pointer, RFC 6901); nothing when it points nowhere."""
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return
    target = document
    for part in unquote(reference).split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(target, dict):
            target = target.get(name, _MISSING)
        elif isinstance(target, list) and name.isascii() and name.isdigit() and len(name) < 6:
            target = target[int(name)] if int(name) < len(target) else _MISSING
        else:
            return
    if target is not _MISSING:
        yield target


def _here(schema: dict[str, object], value: object) -> Iterator[Node]:
    for name in _LISTS:
        branches = schema.get(name)
        if isinstance(branches, list):
            yield from ((branch, value) for branch in branches)
    yield from ((schema[name], value) for name in _SINGLES if name in schema)
    for name in ("dependentSchemas", "dependencies"):
        dependent = schema.get(name)
        if isinstance(dependent, dict):
            yield from ((branch, value) for branch in dependent.values())


def _below_object(schema: dict[str, object], value: dict[str, object]) -> Iterator[Node]:
    named = schema.get("properties")
    if isinstance(named, dict):
        yield from ((named[key], value[key]) for key in named.keys() & value.keys())
    by_pattern = schema.get("patternProperties")
    if isinstance(by_pattern, dict):
        yield from ((branch, child) for branch in by_pattern.values() for child in value.values())
    for name in ("additionalProperties", "unevaluatedProperties"):
        if isinstance(schema.get(name), dict):
            yield from ((schema[name], child) for child in value.values())
    if isinstance(schema.get("propertyNames"), dict):
        yield from ((schema["propertyNames"], key) for key in value)


def _below_array(schema: dict[str, object], value: list[object]) -> Iterator[Node]:
    for name in ("prefixItems", "items"):
        by_place = schema.get(name)
        if isinstance(by_place, list):
            yield from zip(by_place, value, strict=False)
    for name in ("items", "additionalItems", "unevaluatedItems", "contains"):
        if isinstance(schema.get(name), dict):
            yield from ((schema[name], child) for child in value)
