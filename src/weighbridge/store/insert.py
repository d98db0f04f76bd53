"""Writing a batch of rows: one statement, one transaction, and no row at the expense of its neighbours.

A single statement matters beside a busy event loop: the driver gives up the interpreter lock around each step it makes
and has to queue for it afterwards, up to 5 ms each time. A row each in `executemany` queues once a row; one `INSERT` of
all rows queues once a batch. See docs/explanation/decisions/004-sqlite-writer.md for the figures.
"""

import sqlite3
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from weighbridge.domain.errors import StoreError
from weighbridge.store.codec import COLUMNS, Row
from weighbridge.store.connection import store_error

LARGEST_BATCH = 128
"""Rows in one statement."""

_NOTHING: Row = (None,) * len(COLUMNS)


def insert(connection: sqlite3.Connection, rows: Sequence[Row], path: Path) -> list[StoreError | None]:
    """Commit the rows; for each `None`, or the error that kept it out. At most `LARGEST_BATCH` rows."""
    try:
        _insert(connection, rows)
    except (sqlite3.IntegrityError, sqlite3.DataError) as error:
        if len(rows) == 1:
            return [store_error(error, path)]
        return [outcome for row in rows for outcome in insert(connection, [row], path)]
    except sqlite3.Error as error:
        return [store_error(error, path) for _ in rows]
    return [None] * len(rows)


def _insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    places = 1 << (len(rows) - 1).bit_length()
    padded = [*rows, *[_NOTHING] * (places - len(rows))]
    connection.execute(_statement(places), [value for row in padded for value in row])


@cache
def _statement(places: int) -> str:
    """For a power of two of rows, so that the driver's cache of prepared statements holds them all."""
    values = ", ".join(["(" + ", ".join("?" * len(COLUMNS)) + ")"] * places)
    picked = ", ".join(f"column{number}" for number in range(1, len(COLUMNS)))
    return (
        f"INSERT INTO records ({', '.join(COLUMNS)}) "  # noqa: S608 (our own column names)
        f"SELECT {picked}, CAST(column{len(COLUMNS)} AS TEXT) FROM (VALUES {values}) WHERE column1 IS NOT NULL"
    )
