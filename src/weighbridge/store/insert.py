"""Writing a batch of records in one transaction, and no record at the expense of its neighbours."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from weighbridge.domain.errors import StoreError
from weighbridge.domain.record import Record
from weighbridge.store.codec import COLUMNS, Row, row_of
from weighbridge.store.connection import store_error

LARGEST_BATCH = 128
"""Records in one transaction."""

INSERT_RECORD = (
    f"INSERT INTO records ({', '.join(COLUMNS)}) "  # noqa: S608 (our own column names)
    f"VALUES ({'?, ' * (len(COLUMNS) - 1)}CAST(? AS TEXT))"  # the body comes as bytes
)


def insert(connection: sqlite3.Connection, records: Sequence[Record], path: Path) -> list[StoreError | None]:
    """Commit records, and by the table's trigger their spend; for each `None`, or the error that kept it out."""
    rows = [_row_or_error(record) for record in records]
    outcomes = iter(_insert(connection, [row for row in rows if not isinstance(row, StoreError)], path))
    return [row if isinstance(row, StoreError) else next(outcomes) for row in rows]


def _row_or_error(record: Record) -> Row | StoreError:
    try:
        return row_of(record)
    except StoreError as error:
        return error


def _insert(connection: sqlite3.Connection, rows: Sequence[Row], path: Path) -> list[StoreError | None]:
    try:
        _commit(connection, rows)
    except (sqlite3.IntegrityError, sqlite3.DataError) as error:  # one of the rows is at fault
        if len(rows) == 1:
            return [store_error(error, path)]
        return [outcome for row in rows for outcome in _insert(connection, [row], path)]
    except sqlite3.Error as error:
        return [store_error(error, path) for _ in rows]
    return [None] * len(rows)


def _commit(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany(INSERT_RECORD, rows)
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:  # a full disk has rolled it back already
            connection.execute("ROLLBACK")
        raise
