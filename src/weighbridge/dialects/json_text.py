"""Reads a body as strict JSON (RFC 8259, and RFC 7493 for I-JSON): what two parsers could read apart is refused."""

import re
from typing import Never, cast

from jiter import from_json

from weighbridge.domain.errors import MalformedBodyError

DEEPEST_NESTING = 100
"""Objects and lists inside one another; real requests stay below 20."""
LARGEST_INT, SMALLEST_INT = 2**63 - 1, -(2**63)

_SHAPE_OF_NUMBERS = bytes.maketrans(b"0123456789E", b"0000000000e")
_MANY_DIGITS = b"0" * 19
_SHOWN_KEY_CHARS = 60
_PLACE = re.compile(r" at (line \d+ column \d+)$")

_ADVICE = {
    "invalid_json": "Send one JSON value in UTF-8; a JSON library writes it correctly.",
    "duplicate_key": "Send each key of an object once.",
    "nesting_too_deep": "Flatten the body.",
    "number_out_of_range": "Send integers within 64 bits and finite numbers, or send the number as text.",
    "invalid_text": "Send whole characters in UTF-8, without NUL and without half of a surrogate pair.",
}


def parse_json(body: bytes) -> object:
    """The value of a JSON text.

    Raises MalformedBodyError with code invalid_json, duplicate_key, nesting_too_deep (over 100), number_out_of_range
    (an integer beyond 64 bits, a number that is not finite) or invalid_text (not UTF-8, a lone surrogate, NUL).
    """
    try:
        value = from_json(body, allow_inf_nan=False, cache_mode="keys", catch_duplicate_keys=True)
    except ValueError as error:
        _refuse_syntax(str(error))
    if _is_suspect(body):
        _check_values(value)
    return value


def parse_object(body: bytes) -> dict[str, object]:
    """The same for a body that must be a JSON object."""
    value = parse_json(body)
    if type(value) is not dict:
        _refuse("invalid_json", "The body is not a JSON object.")
    return cast("dict[str, object]", value)


def _is_suspect(body: bytes) -> bool:
    """Could hold what the parser lets pass. Five scans at memory speed, so that a clean body costs no walk."""
    if body.count(b"[") + body.count(b"{") > DEEPEST_NESTING or b"\\u0000" in body:
        return True
    shape = body.translate(_SHAPE_OF_NUMBERS)
    return _MANY_DIGITS in shape or b"0e" in shape


def _check_values(value: object) -> None:
    level, depth = [value], 0
    while level:
        if depth >= DEEPEST_NESTING and any(isinstance(item, dict | list) for item in level):
            _refuse("nesting_too_deep", f"The body is nested deeper than {DEEPEST_NESTING} levels.")
        level = [inner for item in level for inner in _inside(item)]
        depth += 1


def _inside(item: object) -> list[object]:
    if isinstance(item, dict):
        return [*item, *item.values()]
    if isinstance(item, list):
        return item
    if isinstance(item, str):
        if "\0" in item:
            _refuse("invalid_text", "A text in the body holds a NUL character.")
    elif isinstance(item, int):
        if not SMALLEST_INT <= item <= LARGEST_INT:
            _refuse("number_out_of_range", "The body holds an integer beyond 64 bits.")
    elif isinstance(item, float) and item in _INFINITE:
        _refuse("number_out_of_range", "The body holds a number too large to be finite.")
    return []


_INFINITE = (float("inf"), float("-inf"))


def _refuse_syntax(reason: str) -> Never:
    found = _PLACE.search(reason)
    place = found[1] if found else "an unknown place"
    what = reason[: found.start()] if found else reason
    if what.startswith("Detected duplicate key"):
        key = what.removeprefix('Detected duplicate key "').removesuffix('"')[:_SHOWN_KEY_CHARS]
        _refuse("duplicate_key", f"The key {key!r} occurs twice in one object, at {place}.")
    if what == "recursion limit exceeded":
        _refuse("nesting_too_deep", f"The body is nested deeper than {DEEPEST_NESTING} levels.")
    if what == "number out of range":
        _refuse("number_out_of_range", f"There is a number beyond 64 bits at {place}.")
    if what == "invalid unicode code point":
        _refuse("invalid_text", f"The body is not UTF-8 at {place}.")
    if "surrogate" in what or what == "unexpected end of hex escape":
        _refuse("invalid_text", f"There is half of a surrogate pair at {place}.")
    _refuse("invalid_json", f"The body is not JSON: {what} at {place}.")


def _refuse(code: str, condition: str) -> Never:
    raise MalformedBodyError(condition, advice=_ADVICE[code], code=code)
