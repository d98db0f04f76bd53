"""The seam to a database: what this package's statements may expect of SQLite and of PostgreSQL alike.

A statement is written once, in the SQL that both speak, with `?` or `:name` for values. Where the two differ it is
written twice, by dialect, beside the function that asks it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Protocol

from weighbridge.domain.errors import InvalidFieldError, StoreError

Value = str | int | float | bytes | Sequence[str] | Sequence[float] | None
Parameters = Sequence[Value] | Mapping[str, Value]

NONE_OF_TEXT = "(SELECT CAST(NULL AS TEXT) WHERE false)"


class Dialect(StrEnum):
    """Whose SQL it is."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class Rows(Protocol):
    """What a statement found, or changed."""

    @property
    def rowcount(self) -> int:
        """Rows that were changed."""
        ...

    def fetchone(self) -> Any:
        """The next row as a tuple, or `None`."""
        ...

    def fetchall(self) -> list[Any]:
        """All that are left."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Row by row."""
        ...


class Session(Protocol):
    """One connection, used by one thread at a time. A statement outside of `begin` is a transaction by itself."""

    @property
    def dialect(self) -> Dialect:
        """Whose SQL it speaks."""
        ...

    @property
    def in_transaction(self) -> bool:
        """Whether `begin` was called, and neither `commit` nor `rollback` since."""
        ...

    def begin(self) -> None:
        """Begin to write: one at a time, over all processes that share the database."""
        ...

    def commit(self) -> None:
        """All of it happened."""
        ...

    def rollback(self) -> None:
        """Nothing of it happened."""
        ...

    def execute(self, statement: str, parameters: Parameters = (), /) -> Rows:
        """One statement. Raises the driver's error."""
        ...

    def executemany(self, statement: str, rows: Iterable[Parameters], /) -> object:
        """The same statement for each row. Raises the driver's error."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class Database(Protocol):
    """An open database: who writes, who reads, and what its errors mean."""

    @property
    def writer(self) -> Session:
        """For the writing thread."""
        ...

    @property
    def reader(self) -> Session:
        """For the reading thread; it cannot write."""
        ...

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the driver raises."""
        ...

    @property
    def item_errors(self) -> tuple[type[Exception], ...]:
        """Those that are the fault of what was written, and nobody else's."""
        ...

    @property
    def is_away(self) -> bool:
        """The database was lost and did not answer since."""
        ...

    def store_error(self, error: Exception) -> StoreError:
        """What a driver's error means to an operator."""
        ...

    def awaits(self, error: Exception) -> bool:
        """In the writing thread: whether the connection was lost, nothing was committed, and after some waiting the
        database is there again, so that the same can be tried anew."""
        ...

    def move(self) -> None:
        """Upkeep in the reading thread after some writing. Never raises."""
        ...

    def empty_log(self) -> int:
        """In the writing thread: leave nothing of what was deleted in a log; 0 when that has to be tried again."""
        ...

    def close(self) -> None:
        """End what is left once the writer is closed."""
        ...


@contextmanager
def transaction(store: Session) -> Iterator[None]:
    """All or nothing."""
    store.begin()
    try:
        yield
        store.commit()
    except BaseException:
        if store.in_transaction:
            store.rollback()
        raise


@contextmanager
def one_moment(store: Session) -> Iterator[None]:
    """What is read inside is of one moment."""
    store.execute("BEGIN" if store.dialect is Dialect.SQLITE else "BEGIN ISOLATION LEVEL REPEATABLE READ")
    try:
        yield
    finally:
        store.execute("COMMIT")


@contextmanager
def told(database: Database) -> Iterator[None]:
    """Turns the driver's errors into StoreError with condition and advice, and a text that no database holds into
    InvalidFieldError."""
    try:
        yield
    except UnicodeEncodeError:
        raise InvalidFieldError(
            "A text cannot be looked for: it holds half of a surrogate pair.",
            advice="Send text that was decoded with its own encoding, as UTF-8 for example.",
        ) from None
    except database.errors as error:
        raise database.store_error(error) from error


def any_of(names: Sequence[str]) -> str:
    """The right side of `IN` and `NOT IN` for so many values, none included."""
    return f"({', '.join('?' * len(names))})" if names else NONE_OF_TEXT
