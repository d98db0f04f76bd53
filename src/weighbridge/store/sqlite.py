"""`SqliteDatabase`: one file, the default. Who may read it, how it is written, and what its errors mean."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Self

from weighbridge.domain.errors import StoreError
from weighbridge.store.migrate_sqlite import migrate
from weighbridge.store.session import Dialect

BUSY_TIMEOUT_S = 5.0
"""How long a connection waits for another process to finish its transaction."""

_PAUSE_S = 0.02

CHECKPOINT_PAGES = 4_000
"""Pages in the write-ahead log before they move to the database: fewer, larger pauses of the writer thread."""

_WRITING = (
    "PRAGMA synchronous = NORMAL",  # survives the death of the process, not of the machine: see StoredRecords
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


class SqliteSession(sqlite3.Connection):
    """Satisfies `Session`."""

    dialect = Dialect.SQLITE

    def begin(self) -> None:
        """Begin to write: one at a time, over all processes that share the file."""
        self.execute("BEGIN IMMEDIATE")


class SqliteDatabase:
    """Satisfies `Database`: three connections to the one file, each used by one thread at a time."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    item_errors: tuple[type[Exception], ...] = (sqlite3.IntegrityError, sqlite3.DataError)
    is_away = False

    def __init__(self, path: Path, writer: SqliteSession, mover: SqliteSession, reader: SqliteSession) -> None:
        self._path, self.writer, self._mover, self.reader = path, writer, mover, reader

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or create the file, and bring it to this version. Raises StoreError when it cannot be used."""
        with ExitStack() as opened, told_of(path):
            writer = opened.enter_context(closing(connect(path)))
            migrate(writer)
            mover = opened.enter_context(closing(connect(path)))
            reader = opened.enter_context(closing(connect_reader(path)))
            opened.pop_all()
        return cls(path, writer, mover, reader)

    def store_error(self, error: Exception) -> StoreError:
        """What the error means to an operator."""
        return store_error(error, self._path)

    def awaits(self, error: Exception) -> bool:  # noqa: ARG002 (the seam)
        """A file is not lost: waiting for a lock is done inside SQLite."""
        return False

    def move(self) -> None:
        """Move committed pages from the log into the database here, so that the writer seldom has to stop for it."""
        with suppress(sqlite3.Error):  # the writer does it at its own threshold, and its waiters hear what is wrong
            self._mover.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def empty_log(self) -> int:
        """Cut the write-ahead log, where deleted text may still stand; 0 when a reader is using it right now."""
        timeout_ms = self.writer.execute("PRAGMA busy_timeout").fetchone()[0]
        self.writer.execute("PRAGMA busy_timeout = 0")  # the next run tries again; records must not wait for a reader
        try:
            is_busy, _, _ = self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            self.writer.execute(f"PRAGMA busy_timeout = {timeout_ms}")
        return int(not is_busy)

    def close(self) -> None:
        """End what is left once the writer is closed."""
        self.reader.close()
        self._mover.close()


def connect(path: Path) -> SqliteSession:
    """A connection for writing; creates the file for this user only. Raises the driver's error."""
    _create_private(path)
    connection = _connect(str(path))
    with _closed_on_error(connection):
        _log_ahead(connection)
        for pragma in _WRITING:
            connection.execute(pragma)
    return connection


def connect_reader(path: Path) -> SqliteSession:
    """A connection that cannot write. Raises the driver's error."""
    connection = _connect(f"{path.absolute().as_uri()}?mode=ro", is_uri=True)
    with _closed_on_error(connection):
        connection.execute("PRAGMA query_only = ON")
    return connection


def store_error(error: Exception, path: Path) -> StoreError:
    """What the error means to an operator."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    condition, advice = _REASONS.get(
        code, (str(error), "Nothing else is affected; try again, and restart the gateway if it stays.")
    )
    return StoreError(f"The record database {path.name!r} failed: {condition}.", advice=advice)


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """Turns the driver's errors into StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        raise store_error(error, path) from error


def _connect(target: str, *, is_uri: bool = False) -> SqliteSession:
    return sqlite3.connect(
        target,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,  # no hidden BEGIN: a statement is a transaction unless we say otherwise
        check_same_thread=False,  # opened in one thread, then owned by another
        factory=SqliteSession,
        uri=is_uri,
    )


@contextmanager
def _closed_on_error(connection: SqliteSession) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error:
        connection.close()
        raise


def _log_ahead(connection: SqliteSession) -> None:
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
