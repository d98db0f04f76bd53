"""Reads a body as strict JSON (RFC 8259, and RFC 7493 for I-JSON): what two parsers could read apart is refused."""

import re
from collections.abc import Iterable
from itertools import accumulate
from typing import Never, cast

from jiter import from_json

from weighbridge.domain.errors import MalformedBodyError

DEEPEST_NESTING = 100
"""Objects and lists inside one another; real requests stay below 20."""
LARGEST_INT, SMALLEST_INT = 2**63 - 1, -(2**63)

_SHAPE_OF_NUMBERS = bytes.maketrans(b"0123456789E", b"0000000000e")
_MANY_DIGITS = b"0" * 19
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_DEPTH_CHANGE = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
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
    _check(body, value)
    return value


def parse_object(body: bytes) -> dict[str, object]:
    """The same for a body that must be a JSON object."""
    value = parse_json(body)
    if type(value) is not dict:
        _refuse("invalid_json", "The body is not a JSON object.")
    return cast("dict[str, object]", value)


def _check(body: bytes, value: object) -> None:
    """Refuse what the parser lets pass. Scans bytes at memory speed, so that a clean body costs no walk."""
    may_be_deep = body.count(b"[") + body.count(b"{") > DEEPEST_NESTING
    may_have_nul = b"\\u0000" in body
    may_be_large = _has_large_number(body)
    if not (may_be_deep or may_have_nul or may_be_large):
        return
    escaped = body.replace(rb"\\", b"")
    if may_have_nul and b"\\u0000" in escaped:
        _refuse("invalid_text", "A text in the body holds a NUL character.")
    outside_texts = b"".join(escaped.replace(b'\\"', b"").split(b'"')[::2])
    if may_be_deep and _depth(outside_texts) > DEEPEST_NESTING:
        _refuse("nesting_too_deep", f"The body is nested deeper than {DEEPEST_NESTING} levels.")
    if may_be_large and _has_large_number(outside_texts):
        _check_numbers(value)


def _has_large_number(text: bytes) -> bool:
    """True for digits enough to leave 64 bits, or any exponent."""
    shape = text.translate(_SHAPE_OF_NUMBERS)
    return _MANY_DIGITS in shape or b"0e" in shape


def _depth(text: bytes) -> int:
    return max(accumulate(map(_DEPTH_CHANGE.__getitem__, text.translate(None, _NOT_BRACKETS))), default=0)


def _check_numbers(value: object) -> None:
    level = [value]
    while level:
        level = [inner for item in level for inner in _inside(item)]


def _inside(item: object) -> Iterable[object]:
    if isinstance(item, dict):
        return item.values()
    if isinstance(item, list):
        return item
    if isinstance(item, int) and not SMALLEST_INT <= item <= LARGEST_INT:
        _refuse("number_out_of_range", "The body holds an integer beyond 64 bits.")
    if isinstance(item, float) and item in _INFINITE:
        _refuse("number_out_of_range", "The body holds a number too large to be finite.")
    return ()


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
