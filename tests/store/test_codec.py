"""Every field of a record survives the way to the disk and back."""

import sqlite3
from types import MappingProxyType

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from make import a_classification, a_record
from weighbridge.domain.decision import Candidate
from weighbridge.domain.errors import StoreError
from weighbridge.domain.money import Money
from weighbridge.domain.record import Record
from weighbridge.domain.signals import Classification
from weighbridge.store.codec import COLUMNS, decode, encode, row_of

texts = st.text(st.characters(codec="utf-8"), max_size=20)
numbers = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)

signals = st.dictionaries(texts, st.one_of(st.booleans(), numbers, floats, texts), max_size=5)

st.register_type_strategy(str, texts)
st.register_type_strategy(int, numbers)
st.register_type_strategy(float, floats)


# A ChainMap, which hypothesis would make of a Mapping, is nothing that the gateway has.
st.register_type_strategy(Classification, st.builds(Classification, signals=signals))
st.register_type_strategy(
    Candidate, st.builds(Candidate, numbers=st.dictionaries(texts, st.one_of(numbers, texts), max_size=3))
)


@given(st.from_type(Record))
def test_every_field_comes_back(record: Record) -> None:
    assert decode(encode(record).decode()) == record


@given(signals)
def test_a_signal_keeps_its_type(signals: dict[str, bool | int | float | str]) -> None:
    record = a_record(classification=a_classification(signals=signals))
    back = decode(encode(record).decode()).classification
    assert back is not None
    assert [(name, type(value), value) for name, value in back.signals.items()] == [
        (name, type(value), value) for name, value in signals.items()
    ]


def test_a_read_only_mapping_is_written_like_a_dictionary() -> None:
    record = a_record(classification=a_classification(signals=MappingProxyType({"input_words": 3})))
    assert decode(encode(record).decode()) == record


def test_a_field_that_an_older_version_did_not_write_takes_its_default() -> None:
    written = orjson.loads(encode(a_record()))
    del written["content"], written["log_fields"]
    assert decode(orjson.dumps(written).decode()) == a_record()


@pytest.mark.parametrize("body", ["", "{", "null", '{"id": "rec_1"}'])
def test_text_that_is_no_record_says_so(body: str) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        decode(body)


@pytest.mark.parametrize("amount", [Money(2**63), Money(2**64)])
def test_money_beyond_sixty_four_bits_is_refused_and_not_rounded(amount: Money) -> None:
    with pytest.raises(StoreError, match="million dollars"):
        row_of(a_record(cost=amount))


def test_a_lone_surrogate_is_refused_before_the_database_sees_it() -> None:
    with pytest.raises(StoreError, match="rec_1"):
        row_of(a_record(caller="\ud800"))


def test_a_record_of_foreign_values_is_refused_like_any_other() -> None:
    with pytest.raises(StoreError, match="rec_1"):
        row_of(a_record(status="answered"))


def test_a_row_has_the_columns_of_the_table() -> None:
    row = dict(zip(COLUMNS, row_of(a_record()), strict=True))
    assert (row["id"], row["task"], row["status"], row["is_fallback"]) == (a_record().id, "tag", "answered", False)
    assert (row["cost_pico"], row["counted_pico"]) == (1_600_000, 1_600_000)


def test_the_body_can_be_asked_in_sql() -> None:
    (model,) = (
        sqlite3.connect(":memory:")
        .execute("SELECT json_extract(CAST(? AS TEXT), '$.served_model')", (encode(a_record()),))
        .fetchone()
    )
    assert model == "fast-small"
