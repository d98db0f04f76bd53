"""Writing what waits in one transaction, and no item at the expense of its neighbours."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from weighbridge.domain.audit import Deed
from weighbridge.domain.errors import StoreError
from weighbridge.domain.record import Record
from weighbridge.store.chain import REQUEST, append, digest_of
from weighbridge.store.codec import COLUMNS, Row, row_of
from weighbridge.store.connection import store_error

LARGEST_BATCH = 128
"""Items in one transaction."""

INSERT_RECORD = (
    f"INSERT INTO records ({', '.join(COLUMNS)}) "  # noqa: S608 (our own column names)
    f"VALUES ({'?, ' * (len(COLUMNS) - 1)}CAST(? AS TEXT))"  # the body comes as bytes
)

Work = Callable[[sqlite3.Connection], object]
"""Statements that belong in the same transaction; what they return is what came of them. Run again from the beginning
when a neighbour has to be written alone, so it changes nothing but the database."""
Step = Row | Work


def write(connection: sqlite3.Connection, items: Sequence[Record | Work], path: Path) -> list[object]:
    """Commit work in its order, then records, and by the table's trigger their spend; for each item what came of it
    (`None` for a record), or the StoreError that kept it out."""
    steps = [_step_or_error(item) for item in items]
    outcomes = iter(_write(connection, [step for step in steps if not isinstance(step, StoreError)], path))
    return [step if isinstance(step, StoreError) else next(outcomes) for step in steps]


def _step_or_error(item: Record | Work) -> Step | StoreError:
    if not isinstance(item, Record):
        return item
    try:
        return row_of(item)
    except StoreError as error:
        return error


def _write(connection: sqlite3.Connection, steps: Sequence[Step], path: Path) -> list[object]:
    try:
        return _commit(connection, steps)
    except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError) as error:  # one of them is at fault
        if len(steps) == 1:
            told = error if isinstance(error, sqlite3.Error) else sqlite3.DataError(str(error))
            return [store_error(told, path)]
        return [outcome for step in steps for outcome in _write(connection, [step], path)]
    except sqlite3.Error as error:
        return [store_error(error, path) for _ in steps]


def _commit(connection: sqlite3.Connection, steps: Sequence[Step]) -> list[object]:
    """Work first, in its order, so that a settlement goes before the record that follows it; then all records at
    once."""
    outcomes: list[object] = [None] * len(steps)
    if not steps:
        return outcomes
    connection.execute("BEGIN IMMEDIATE")
    try:
        rows = []
        for place, step in enumerate(steps):
            if isinstance(step, tuple):
                rows.append(step)
            else:
                outcomes[place] = step(connection)
        _insert(connection, rows)
        connection.execute("COMMIT")
    except (sqlite3.Error, OverflowError):
        if connection.in_transaction:  # a full disk has rolled it back already
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    if rows:
        connection.executemany(INSERT_RECORD, rows)
        append(connection, [_deed(row) for row in rows])


def insert_record(connection: sqlite3.Connection, record: Record) -> None:
    """One record and its entry in the audit log, inside somebody's transaction. Raises UnwritableRecordError."""
    _insert(connection, [row_of(record)])


_ID, _AT, _CALLER, _BODY = (COLUMNS.index(name) for name in ("id", "created_at", "caller", "body"))


def _deed(row: Row) -> tuple[str, Deed]:
    body = row[_BODY]
    digest = digest_of(body if isinstance(body, bytes) else b"")
    return str(row[_AT]), Deed(str(row[_CALLER]), REQUEST, str(row[_ID]), digest)
