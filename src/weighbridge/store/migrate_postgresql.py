"""Bringing the tables of PostgreSQL to the version that this code speaks. Safe when several gateways start at once: one
migrates, the others wait and then find it done."""

from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from weighbridge.domain.secret import Secret
from weighbridge.store.scripts import newer, scripts

TURN = "SELECT pg_advisory_xact_lock(hashtext('weighbridge'), hashtext(current_schema()))"
# Read from the table of tables: `to_regclass` would answer from what this connection remembered before it had its turn.
_KNOWN = (
    "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'weighbridge_version')"
)


def migrate(address: Secret, connect: Callable[[Secret, str], "psycopg.Connection[Any]"]) -> None:
    """Apply the migrations that are missing, all or none. Raises StoreError on a newer database, else the driver's
    error."""
    missing = scripts("postgresql")
    with connect(address, "SET lock_timeout = '60s'") as connection:
        if _version(connection) == len(missing):
            return
        with connection.transaction():
            connection.execute(TURN)
            version = _version(connection)
            if version > len(missing):
                raise newer(version, len(missing), "store.url")
            for script in missing[version:]:
                connection.execute(script)
            connection.execute("UPDATE weighbridge_version SET version = %s", (len(missing),))


class Tables:
    """An open database that is not brought forward. Satisfies `back.Place`."""

    dialect = "postgresql"

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection

    def version(self) -> int:
        """Of its tables; 0 without any. Raises StoreError for one that a newer Weighbridge made."""
        version, known = _version(self._connection), len(scripts("postgresql"))
        if version > known:
            raise newer(version, known, "store.url")
        return version

    def step_back(self, version: int, steps: Sequence[str]) -> None:
        """Undo the newest migrations, all or none, so that `version` is left. Raises the driver's error."""
        with self._connection.transaction():
            self._connection.execute(TURN)
            self._connection.execute("LOCK TABLE turn IN EXCLUSIVE MODE")
            for script in steps:
                self._connection.execute(script)
            self._connection.execute("UPDATE weighbridge_version SET version = %s", (version,))


def _version(connection: "psycopg.Connection[Any]") -> int:
    (is_known,) = connection.execute(_KNOWN).fetchone() or (False,)
    row = connection.execute("SELECT version FROM weighbridge_version").fetchone() if is_known else None
    return 0 if row is None else int(row[0])
