"""Opening the database file: who may read it, how it is written, and what its errors mean to an operator."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from weighbridge.domain.errors import StoreError

BUSY_TIMEOUT_S = 5.0
"""How long a connection waits for another process to finish its transaction."""

CHECKPOINT_PAGES = 4_000
"""Pages in the write-ahead log before they move to the database: fewer, larger pauses of the writer thread."""

_WRITING = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",  # survives the death of the process, not of the machine: see SqliteRecords
    "PRAGMA secure_delete = ON",
    f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
)

_REASONS = {
    sqlite3.SQLITE_FULL: ("the disk is full", "Free some space; writing goes on by itself."),
    sqlite3.SQLITE_READONLY: ("it may not be written", "Make the file and its folder writable for this user."),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", "Create its folder and make it writable for this user."),
    sqlite3.SQLITE_BUSY: ("another program holds it locked", "End long transactions of other programs on this file."),
    sqlite3.SQLITE_IOERR: ("the disk reports an error", "Check the disk and the file system."),
    sqlite3.SQLITE_CORRUPT: ("it is damaged", "Stop the gateway and restore the file from a copy."),
    sqlite3.SQLITE_NOTADB: ("it is not a database", "Point `store.path` at another file."),
}


def connect(path: Path) -> sqlite3.Connection:
    """A connection for writing; creates the file for this user only. Raises StoreError."""
    with told(path):
        _create_private(path)
        return _prepared(_connect(str(path)), _WRITING)


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises StoreError."""
    with told(path):
        return _prepared(_connect(f"{path.absolute().as_uri()}?mode=ro", is_uri=True), ("PRAGMA query_only = ON",))


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turns the database's own errors into StoreError with condition and advice."""
    try:
        yield
    except sqlite3.Error as error:
        raise store_error(error, path) from error


def store_error(error: sqlite3.Error, path: Path) -> StoreError:
    """What the error means to an operator."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    condition, advice = _REASONS.get(code, (str(error), "Nothing else is affected; the log has the details."))
    return StoreError(f"The record database {path.name!r} failed: {condition}.", advice=advice)


def _connect(target: str, *, is_uri: bool = False) -> sqlite3.Connection:
    return sqlite3.connect(
        target,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,  # no hidden BEGIN: a statement is a transaction unless we say otherwise
        check_same_thread=False,  # opened in one thread, then owned by another
        uri=is_uri,
    )


def _prepared(connection: sqlite3.Connection, pragmas: Iterable[str]) -> sqlite3.Connection:
    try:
        for pragma in pragmas:
            connection.execute(pragma)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _create_private(path: Path) -> None:
    # Exclusive: closing a second descriptor of a file that this process has open would drop SQLite's locks on it.
    # SQLite gives its log and shared memory the same permissions. Any other reason to fail is better told by SQLite.
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
