"""`PostgresqlDatabase`: one database for gateways on several machines."""

import logging
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import lru_cache
from threading import Event
from typing import Any, Self

import psycopg
from psycopg import conninfo

from weighbridge.domain.errors import StoreError
from weighbridge.domain.secret import Secret
from weighbridge.store.migrate_postgresql import Tables, migrate
from weighbridge.store.session import Dialect, Parameters, Rows

log = logging.getLogger("weighbridge.store")

PATIENCE_S = 10.0
"""So long what is about to be written waits for a database that was lost: a restart, or a change of its leader."""
LOCK_TIMEOUT_S = 5
"""How long a writer waits for its turn."""
SILENT_S = 2
"""How long a writer may keep its turn without a word, before the database takes it away."""
_PAUSE_S = 0.2
_NETWORK = {
    "connect_timeout": "3",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "application_name": "weighbridge",
}
"""Where the address says nothing else: a peer that vanished is noticed within seconds."""
_WRITING = f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'; SET idle_in_transaction_session_timeout = '{SILENT_S}s'"
_READING = "SET default_transaction_read_only = on"
_BEGIN = "BEGIN; LOCK TABLE turn IN EXCLUSIVE MODE; SELECT CAST(pg_current_xact_id() AS TEXT)"
_ENDED = "SELECT pg_xact_status(CAST(%s AS xid8))"
_MARK = re.compile(r"\?|:([a-z_]+)\b|%")

_OWN_SCHEMA = "Give the gateway's user a schema of its own, and name that in `store.url` as the how-to says."
_REASONS = {
    "3F": ("it has no schema for the tables", _OWN_SCHEMA),
    "42501": ("its user may not make or use the tables", _OWN_SCHEMA),
    "42": ("its tables are not as expected", "Let the gateway own its schema, and run no two versions that far apart."),
    "25006": ("it may not be written", "Name the leader in `store.url`, or add target_session_attrs=read-write."),
    "53100": ("its disk is full", "Free some space; writing goes on by itself."),
    "53300": ("it takes no more connections", "Raise max_connections: each gateway uses two."),
    "55P03": ("another program holds it locked", "End long transactions of other programs in this database."),
    "25P03": ("this gateway was silent while it wrote", "Nothing has to be done; look at the machine's load."),
}
"""By SQLSTATE, or by its class."""


class _UncertainCommit(psycopg.OperationalError):
    """The connection was lost while committing, and nobody could tell in time whether it was done."""


class _AbortedCommit(psycopg.OperationalError):
    """The connection was lost while committing, and nothing of it was done."""


class PostgresqlSession:
    """Satisfies `Session`. A connection that was lost is made anew with the next statement outside a transaction."""

    dialect = Dialect.POSTGRESQL

    def __init__(self, address: Secret, set_up: str, *, can_repeat: bool) -> None:
        """`can_repeat`: it only reads, so a statement whose connection was lost may be asked again."""
        self._address, self._set_up, self._can_repeat = address, set_up, can_repeat
        self._connection = _connect(address, set_up)
        self.in_transaction = False
        self._transaction_id = ""
        self.is_away = False
        self._not_before = 0.0

    def begin(self) -> None:
        """Begin to write: one at a time, over all gateways that share the database."""
        connection = self._live()
        try:
            answers = connection.execute(_BEGIN)
        except psycopg.Error:
            self.rollback()
            raise
        self.in_transaction = True
        answers.nextset()
        answers.nextset()
        (self._transaction_id,) = answers.fetchone() or ("",)

    def commit(self) -> None:
        """All of it happened. Raises _AbortedCommit when nothing did, and _UncertainCommit when that cannot be
        known."""
        self.in_transaction = False
        if self._connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
            self.rollback()  # COMMIT would do the same, and say that all is well
            raise psycopg.InternalError("a statement failed, so nothing is committed")
        try:
            self._connection.commit()
        except psycopg.OperationalError as error:
            if not self._connection.closed:
                raise
            if not self._was_committed():
                raise _AbortedCommit("the connection was lost while committing") from error

    def rollback(self) -> None:
        """Nothing of it happened; a lost connection has seen to that by itself."""
        self.in_transaction = False
        try:
            self._connection.rollback()
        except psycopg.Error:
            if not self._connection.closed:
                raise

    def execute(self, statement: str, parameters: Parameters = (), /) -> Rows:
        """One statement. Raises the driver's error."""
        spelled, connection = _spelled(statement), self._live()
        can_repeat = self._can_repeat and connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
        try:
            return connection.execute(spelled, parameters)
        except psycopg.OperationalError:
            if not (can_repeat and connection.closed):
                raise
            return self._live().execute(spelled, parameters)

    def executemany(self, statement: str, rows: Iterable[Parameters], /) -> None:
        """The same statement for each row, in one round trip. Raises the driver's error."""
        with self._live().cursor() as cursor:
            cursor.executemany(_spelled(statement), rows)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    @property
    def is_lost(self) -> bool:
        """The connection is gone, and with it what was not committed."""
        return self._connection.closed

    def returns_within(self, patience_s: float) -> bool:
        """Wait for a database that was lost; False when it does not answer in time."""
        deadline = time.monotonic() + patience_s
        while True:
            try:
                self._live()
            except psycopg.Error:
                if time.monotonic() > deadline:
                    return False
                Event().wait(_PAUSE_S)
            else:
                return True

    def _live(self) -> "psycopg.Connection[Any]":
        if not self._connection.closed:
            return self._connection
        if self.in_transaction or time.monotonic() < self._not_before:
            raise psycopg.OperationalError("the connection was lost")
        try:
            self._connection = _connect(self._address, self._set_up)
        except psycopg.Error as error:
            self._not_before = time.monotonic() + _PAUSE_S  # who waits behind this one is told at once
            if not self.is_away:
                log.warning("PostgreSQL is away: %s", _told(error))
            self.is_away = True
            raise
        log.log(logging.WARNING if self.is_away else logging.INFO, "a lost connection to PostgreSQL was made anew")
        self.is_away = False
        return self._connection

    def _was_committed(self) -> bool:
        deadline = time.monotonic() + PATIENCE_S
        while (left_s := deadline - time.monotonic()) > 0 and self.returns_within(left_s):
            try:
                (state,) = self._connection.execute(_ENDED, (self._transaction_id,)).fetchone() or (None,)
            except psycopg.OperationalError:
                continue  # lost once more
            except psycopg.Error:
                break  # another server, which has never heard of it
            if state in {"committed", "aborted"}:
                return bool(state == "committed")
            Event().wait(_PAUSE_S)  # its old connection is not through with it
        raise _UncertainCommit("the connection was lost while committing")


class PostgresqlDatabase:
    """Satisfies `Database`: two connections, one that writes and one that reads."""

    errors: tuple[type[Exception], ...] = (psycopg.Error,)
    item_errors: tuple[type[Exception], ...] = (
        psycopg.DataError,
        psycopg.IntegrityError,
        psycopg.errors.ProgramLimitExceeded,
    )

    def __init__(self, writer: PostgresqlSession, reader: PostgresqlSession) -> None:
        self.writer, self.reader = writer, reader

    @classmethod
    def open(cls, address: Secret) -> Self:
        """Connect, and bring the tables to this version. Raises StoreError when it cannot be used."""
        try:
            migrate(address, _connect)
            with ExitStack() as opened:
                writer = opened.enter_context(closing(PostgresqlSession(address, _WRITING, can_repeat=False)))
                reader = opened.enter_context(closing(PostgresqlSession(address, _READING, can_repeat=True)))
                opened.pop_all()
            return cls(writer, reader)
        except psycopg.Error as error:
            raise _store_error(error) from None

    @property
    def is_away(self) -> bool:
        """The database was lost and did not answer since."""
        return self.writer.is_away or self.reader.is_away

    def store_error(self, error: Exception) -> StoreError:
        """What the error means to an operator."""
        return _store_error(error)

    def awaits(self, error: Exception) -> bool:
        """Whether the connection was lost, nothing was committed, and after some waiting the database is back."""
        is_undone = self.writer.is_lost or isinstance(error, _AbortedCommit)
        if not is_undone or isinstance(error, _UncertainCommit):
            return False
        log.warning("PostgreSQL was lost (%s); what is to be written waits up to %g s", _told(error), PATIENCE_S)
        return self.writer.returns_within(PATIENCE_S)

    def move(self) -> None:
        """Nothing: PostgreSQL writes its log into its tables by itself."""

    def empty_log(self) -> int:
        """Nothing that could be done from here: deleted rows stand in the files until they are vacuumed."""
        return 1

    def close(self) -> None:
        """End what is left once the writer is closed."""
        self.reader.close()


@contextmanager
def opened_as_it_is(address: Secret) -> Iterator[Tables]:
    """A database that is not brought forward. Raises StoreError."""
    try:
        with closing(_connect(address, _WRITING)) as connection:
            yield Tables(connection)
    except psycopg.Error as error:
        raise _store_error(error) from None


def _connect(address: Secret, set_up: str) -> "psycopg.Connection[Any]":
    try:
        given = conninfo.conninfo_to_dict(address.value)
    except psycopg.ProgrammingError:
        raise psycopg.ProgrammingError(f"{address.reference} is no address of a database") from None
    connection = psycopg.connect(conninfo.make_conninfo("", **(_NETWORK | given)), autocommit=True)
    connection.execute(set_up)
    return connection


def _store_error(error: Exception) -> StoreError:
    state = getattr(error, "sqlstate", None) or ""
    is_away = not state and isinstance(error, psycopg.OperationalError)
    if isinstance(error, _UncertainCommit):
        condition, advice = "it was lost in the middle of a commit", "What was written may be there: look, then repeat."
    elif "FATAL" in str(error) and not state:  # while connecting the driver has no SQLSTATE
        condition = "it lets nobody in"
        advice = "Check user, password and database in `store.url`; the gateway's log has its words."
    elif is_away or state.startswith("57"):
        condition, advice = "it does not answer", "Start it, or check `store.url`; writing goes on by itself."
    else:
        told = (_told(error), "Nothing else is affected; try again, and restart the gateway if it stays.")
        condition, advice = _REASONS.get(state) or _REASONS.get(state[:2]) or told
    if not is_away:  # that is logged once, and not by everybody who waits
        log.warning("PostgreSQL: %s", _told(error))
    return StoreError(f"The record database failed: {condition}.", advice=advice)


def _told(error: Exception) -> str:
    """Without the details, which may quote what was to be written."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return primary or str(error).partition("\n")[0]


@lru_cache(maxsize=512)
def _spelled(statement: str) -> str:
    """With the driver's marks for values."""
    return _MARK.sub(_mark, statement)


def _mark(found: "re.Match[str]") -> str:
    if found[0] == "%":
        return "%%"
    return "%s" if found[1] is None else f"%({found[1]})s"
