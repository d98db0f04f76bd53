"""Which database it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weighbridge.domain.errors import StoreError
from weighbridge.domain.secret import Secret
from weighbridge.store.session import Database
from weighbridge.store.sqlite import SqliteDatabase


def open_database(place: Path | Secret) -> Database:
    """A file of SQLite, or the address of a database of PostgreSQL; created and brought to this version as needed.
    Raises StoreError."""
    if isinstance(place, Path):
        return SqliteDatabase.open(place)
    with postgresql_driver():
        from weighbridge.store.postgresql import PostgresqlDatabase
    return PostgresqlDatabase.open(place)


@contextmanager
def postgresql_driver() -> Iterator[None]:
    """Around an import that needs it. Raises StoreError where it is not installed."""
    try:
        yield
    except ImportError:
        raise StoreError(
            "A PostgreSQL store needs a driver that is not installed.",
            advice="Run pip install 'weighbridge[postgres]'.",
        ) from None
