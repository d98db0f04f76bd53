"""Opening the database file: who may read it, how it is written, and what its errors mean to an operator."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from weighbridge.domain.errors import InvalidFieldError, StoreError

BUSY_TIMEOUT_S = 5.0
"""How long a connection waits for another process to finish its transaction."""

_PAUSE_S = 0.02

CHECKPOINT_PAGES = 4_000
"""Pages in the write-ahead log before they move to the database: fewer, larger pauses of the writer thread."""

_WRITING = (
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
        connection = _connect(str(path))
        with _closed_on_error(connection):
            _log_ahead(connection)
            for pragma in _WRITING:
                connection.execute(pragma)
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises StoreError."""
    with told(path):
        connection = _connect(f"{path.absolute().as_uri()}?mode=ro", is_uri=True)
        with _closed_on_error(connection):
            connection.execute("PRAGMA query_only = ON")
    return connection


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turns the database's own errors into StoreError with condition and advice, and a text that no database holds into
    InvalidFieldError."""
    try:
        yield
    except UnicodeEncodeError:
        raise InvalidFieldError(
            "A text cannot be looked for: it holds half of a surrogate pair.",
            advice="Send text that was decoded with its own encoding, as UTF-8 for example.",
        ) from None
    except sqlite3.Error as error:
        raise store_error(error, path) from error


def store_error(error: sqlite3.Error, path: Path) -> StoreError:
    """What the error means to an operator."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    condition, advice = _REASONS.get(
        code, (str(error), "Nothing else is affected; try again, and restart the gateway if it stays.")
    )
    return StoreError(f"The record database {path.name!r} failed: {condition}.", advice=advice)


def _connect(target: str, *, is_uri: bool = False) -> sqlite3.Connection:
    return sqlite3.connect(
        target,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,  # no hidden BEGIN: a statement is a transaction unless we say otherwise
        check_same_thread=False,  # opened in one thread, then owned by another
        uri=is_uri,
    )


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error:
        connection.close()
        raise


def _log_ahead(connection: sqlite3.Connection) -> None:
    # This is the one statement at which SQLite does not wait for other processes, so openers of a new file do it here.
    for is_last in (*[False] * int(BUSY_TIMEOUT_S / _PAUSE_S), True):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if is_last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            Event().wait(_PAUSE_S)
        else:
            return


def _create_private(path: Path) -> None:
    # Exclusive: closing a second descriptor of a file that this process has open would drop SQLite's locks on it.
    # SQLite gives its log and shared memory the same permissions. Any other reason to fail is better told by SQLite.
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
