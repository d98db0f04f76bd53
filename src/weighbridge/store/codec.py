"""A record as a row of the database and back."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import orjson
from pydantic import TypeAdapter, ValidationError

from weighbridge.domain.errors import StoreError, UnwritableRecordError
from weighbridge.domain.record import Record
from weighbridge.store.spend import counted_pico

COLUMNS = (
    "id",
    "created_at",
    "expires_at",
    "caller",
    "task",
    "status",
    "served_model",
    "is_fallback",
    "cost_pico",
    "counted_pico",
    "body",
)
"""In the order of a `Row`."""

Row = tuple[str | int | None, ...]

LARGEST_INTEGER = 2**63 - 1


def row_of(record: Record) -> Row:
    """What the writer inserts. Raises UnwritableRecordError when the record cannot be written at all, and says why."""
    try:
        return _row_of(record)
    except (AttributeError, TypeError) as error:  # not built of the domain's types: must not stop the writer's thread
        raise _unwritable(record, str(error)) from error


def _row_of(record: Record) -> Row:
    cost, counted = record.cost, counted_pico(record)
    if counted > LARGEST_INTEGER:
        raise _unwritable(record, "it counts more than 9.2 million dollars")
    return (
        record.id,
        record.created_at,
        record.expires_at,
        record.caller,
        record.classification.task if record.classification else None,
        record.status.value,
        record.served_model,
        int(record.is_fallback),
        None if cost is None else cost.pico,
        counted,
        encode(record).decode(),
    )


def encode(record: Record) -> bytes:
    """The whole record as JSON, by field name. Raises TypeError on numbers over 64 bits and lone surrogates."""
    return orjson.dumps(record, default=_plain)


def decode(body: str) -> Record:
    """The record that `encode` wrote, by this version or an older one. Raises StoreError when it is no record."""
    try:
        return _reader().validate_json(body)
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, problem["loc"])) or "the text" for problem in error.errors()}))
        raise StoreError(
            f"A stored record cannot be read ({places}).",
            advice="It was written by another version or damaged: restore the database from a copy, or delete the row.",
        ) from None


@cache
def _reader() -> TypeAdapter[Record]:
    return TypeAdapter(Record)


def _plain(value: object) -> Mapping[object, object]:
    if isinstance(value, MappingProxyType):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} has no place in a record")


def _unwritable(record: Record, reason: str) -> UnwritableRecordError:
    return UnwritableRecordError(
        f"Record {record.id!r} cannot be written: {reason}.",
        advice="The answer is withheld because nothing would tell what it cost and why; nothing else is affected.",
    )
