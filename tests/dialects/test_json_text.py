"""Strict JSON: what another parser could read differently is refused with its reason and place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.dialects.json_text import DEEPEST_NESTING, parse_json, parse_object
from weighbridge.domain.errors import MalformedBodyError

WHOLE_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WHOLE_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WHOLE_TEXT, inner, max_size=4),
    max_leaves=20,
)


def refusal_of(body: bytes) -> MalformedBodyError:
    with pytest.raises(MalformedBodyError) as caught:
        parse_json(body)
    assert caught.value.condition
    assert caught.value.advice
    return caught.value


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b'{"a":}', "invalid_json"),
        (b"[1] x", "invalid_json"),
        (b"[NaN]", "invalid_json"),
        (b"[-Infinity]", "invalid_json"),
        (b'"\x01"', "invalid_json"),
        (b'{"a":1,"a":2}', "duplicate_key"),
        (b'{"a":1,"\\u0061":2}', "duplicate_key"),
        (b'[{"b":{"a":1,"a":2}}]', "duplicate_key"),
        (b"[1e999]", "number_out_of_range"),
        (b"[-1E400]", "number_out_of_range"),
        (b"[9223372036854775808]", "number_out_of_range"),
        (b"[-9223372036854775809]", "number_out_of_range"),
        (b"1" * 5000, "number_out_of_range"),
        (b"1" * 400 + b".0", "number_out_of_range"),
        (b'"\\ud800"', "invalid_text"),
        (b'"\\udc00 and more"', "invalid_text"),
        (b'"\\ud800\\ud800"', "invalid_text"),
        (b'{"\\ud800":1}', "invalid_text"),
        (b'"\xff"', "invalid_text"),
        (b'"\xed\xa0\x80"', "invalid_text"),
        (b'["a\\u0000b"]', "invalid_text"),
        (b'{"a\\u0000b":1}', "invalid_text"),
    ],
)
def test_each_fault_has_its_code(body: bytes, code: str) -> None:
    assert refusal_of(body).code == code


def test_the_place_of_a_fault_is_named() -> None:
    assert "line 2 column 8" in str(refusal_of(b'{\n  "a": }'))


def test_the_key_that_occurs_twice_is_named() -> None:
    assert "'model'" in str(refusal_of(b'{"model":"a","model":"b"}'))


@pytest.mark.parametrize("depth", [DEEPEST_NESTING + 1, 150, 200, 201, 1000, 500_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_nesting_is_refused_at_any_depth(depth: int, opening: bytes, closing: bytes) -> None:
    inside = b"" if opening == b"[" else b"1"
    assert refusal_of(opening * depth + inside + closing * depth).code == "nesting_too_deep"


def test_the_deepest_allowed_nesting_is_read() -> None:
    assert parse_json(b"[" * DEEPEST_NESTING + b"]" * DEEPEST_NESTING)
    assert parse_json(b'{"a":' * DEEPEST_NESTING + b"1" + b"}" * DEEPEST_NESTING)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert parse_json(b"[" + b",".join([b"[]"] * 500) + b"]") == [[]] * 500


def test_brackets_in_texts_neither_hide_nor_make_depth() -> None:
    hidden = b'["]",' * 150 + b"1" + b',"["]' * 150
    assert refusal_of(hidden).code == "nesting_too_deep"
    assert parse_json(b'["' + b"[" * 500 + b'", "\\"[", "\\\\"]') == ["[" * 500, '"[', "\\"]


@pytest.mark.parametrize(
    "body", [b"9223372036854775807", b"-9223372036854775808", b"1e5", b"1.5e-300", b'"1e999"', b'["A1e9", 1E3]']
)
def test_numbers_within_range_are_read(body: bytes) -> None:
    assert parse_json(body) == json.loads(body)


def test_an_escaped_pair_of_surrogates_is_one_character() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


def test_text_that_only_mentions_an_escape_is_read() -> None:
    assert parse_json(rb'["\\u0000", "\\ud800"]') == [r"\u0000", r"\ud800"]


def test_a_body_must_be_an_object() -> None:
    with pytest.raises(MalformedBodyError, match="not a JSON object"):
        parse_object(b"[1]")
    assert parse_object(b"{}") == {}


@given(JSON_VALUES)
def test_what_json_writes_is_read_back(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=40) | st.text(r'[]{}",:\u0Dd8e19-. ', max_size=40).map(str.encode))
def test_any_bytes_give_a_value_or_a_typed_refusal(body: bytes) -> None:
    try:
        value = parse_json(body)
    except MalformedBodyError:
        return
    assert json.loads(body) == value
