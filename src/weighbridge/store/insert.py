"""Writing a batch of rows in one transaction, and no row at the expense of its neighbours."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from weighbridge.domain.errors import StoreError
from weighbridge.store.codec import COLUMNS, Row
from weighbridge.store.connection import store_error

LARGEST_BATCH = 128
"""Rows in one transaction."""

_INSERT = (
    f"INSERT INTO records ({', '.join(COLUMNS)}) "  # noqa: S608 (our own column names)
    f"VALUES ({'?, ' * (len(COLUMNS) - 1)}CAST(? AS TEXT))"  # the body comes as bytes
)


def insert(connection: sqlite3.Connection, rows: Sequence[Row], path: Path) -> list[StoreError | None]:
    """Commit the rows, and by the table's trigger their spend; for each `None`, or the error that kept it out."""
    try:
        _commit(connection, rows)
    except (sqlite3.IntegrityError, sqlite3.DataError) as error:  # one of the rows is at fault: find it
        if len(rows) == 1:
            return [store_error(error, path)]
        return [outcome for row in rows for outcome in insert(connection, [row], path)]
    except sqlite3.Error as error:
        return [store_error(error, path) for _ in rows]
    return [None] * len(rows)


def _commit(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany(_INSERT, rows)
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:  # a full disk has rolled it back already
            connection.execute("ROLLBACK")
        raise
