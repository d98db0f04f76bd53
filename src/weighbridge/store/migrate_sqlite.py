"""Bringing a SQLite file to the version that this code speaks. Safe when several processes open it at once."""

import sqlite3
from collections.abc import Iterator, Sequence

from weighbridge.domain.errors import StoreError
from weighbridge.store.scripts import newer, scripts

APPLICATION_ID = 0x57424447
"""`WBDG` in the file's header, so that `file` and we know whose database it is."""


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the migrations that are missing, all or none. Raises StoreError on a foreign or newer database."""
    if _version(connection) == len(migrations()) and _number(connection, "application_id") == APPLICATION_ID:
        return
    connection.execute("BEGIN IMMEDIATE")  # one opener migrates, the others wait here and then find it done
    try:
        _refuse_foreign(connection)
        _refuse_newer(connection)
        for script in migrations()[_version(connection) :]:
            for statement in statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(migrations())}")
        connection.execute("COMMIT")
    except (sqlite3.Error, StoreError):
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


class Tables:
    """An open file that is not brought forward. Satisfies `back.Place`."""

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def version(self) -> int:
        """Of its tables; 0 without any. Raises StoreError for another program's file, and for one that a newer
        Weighbridge wrote."""
        _refuse_foreign(self._connection)
        _refuse_newer(self._connection)
        return _version(self._connection)

    def step_back(self, version: int, steps: Sequence[str]) -> None:
        """Undo the newest migrations, all or none, so that `version` is left. Raises the driver's error."""
        self._connection.execute("BEGIN EXCLUSIVE")
        try:
            for script in steps:
                for statement in statements(script):
                    self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {version}")
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def migrations() -> tuple[str, ...]:
    """The SQL scripts in order."""
    return scripts("sqlite")


def statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: the driver's own way to run a script would commit in between."""
    lines: list[str] = []
    for line in script.splitlines():
        lines.append(line)
        if sqlite3.complete_statement("\n".join(lines)):
            yield "\n".join(lines)
            lines.clear()


def _refuse_foreign(connection: sqlite3.Connection) -> None:
    is_empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if not is_empty and _number(connection, "application_id") != APPLICATION_ID:
        raise StoreError("The file is another program's database.", advice="Point `store.path` at another file.")


def _refuse_newer(connection: sqlite3.Connection) -> None:
    version, known = _version(connection), len(migrations())
    if version > known:
        raise newer(version, known, "store.path")


def _version(connection: sqlite3.Connection) -> int:
    return _number(connection, "user_version")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
