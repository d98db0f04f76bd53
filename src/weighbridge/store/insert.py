"""Writing what waits in one transaction, and no item at the expense of its neighbours."""

from collections.abc import Callable, Sequence

from weighbridge.domain.audit import Deed
from weighbridge.domain.errors import StoreError, UnwritableRecordError
from weighbridge.domain.record import Record
from weighbridge.store.chain import REQUEST, append, digest_of
from weighbridge.store.codec import COLUMNS, Row, row_of
from weighbridge.store.session import Database, Session, transaction

LARGEST_BATCH = 128
"""Items in one transaction."""
MOST_TRIES = 3
"""Of what a lost connection has undone."""

INSERT_RECORD = f"INSERT INTO records ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 (our own names)

Work = Callable[[Session], object]
"""Statements that belong in the same transaction; what they return is what came of them. Run again from the beginning
when a neighbour has to be written alone, so it changes nothing but the database."""
Step = Row | Work


def write(database: Database, items: Sequence[Record | Work]) -> list[object]:
    """Commit work in its order, then records, and by the table's trigger their spend; for each item what came of it
    (`None` for a record), or the StoreError that kept it out."""
    steps = [_step_or_error(item) for item in items]
    outcomes = iter(_write(database, [step for step in steps if not isinstance(step, StoreError)]))
    return [step if isinstance(step, StoreError) else next(outcomes) for step in steps]


def _step_or_error(item: Record | Work) -> Step | StoreError:
    if not isinstance(item, Record):
        return item
    try:
        return row_of(item)
    except StoreError as error:
        return error


def _write(database: Database, steps: Sequence[Step], tries: int = MOST_TRIES) -> list[object]:
    at_fault: tuple[type[Exception], ...] = (*database.item_errors, OverflowError)
    try:
        return _commit(database.writer, steps)
    except at_fault as error:  # one of them is at fault
        if len(steps) == 1:
            return [_odd(database.store_error(error))]
        return [outcome for step in steps for outcome in _write(database, [step])]
    except database.errors as error:
        if tries > 1 and database.awaits(error):
            return _write(database, steps, tries - 1)
        return [database.store_error(error) for _ in steps]


def _odd(error: StoreError) -> UnwritableRecordError:
    """The database is well, and others are served."""
    return UnwritableRecordError(error.condition, advice=error.advice)


def _commit(store: Session, steps: Sequence[Step]) -> list[object]:
    """Work first, in its order, so that a settlement goes before the record that follows it; then all records at
    once."""
    outcomes: list[object] = [None] * len(steps)
    if not steps:
        return outcomes
    with transaction(store):
        rows = []
        for place, step in enumerate(steps):
            if isinstance(step, tuple):
                rows.append(step)
            else:
                outcomes[place] = step(store)
        _insert(store, rows)
    return outcomes


def _insert(store: Session, rows: Sequence[Row]) -> None:
    if rows:
        store.executemany(INSERT_RECORD, rows)
        append(store, [_deed(row) for row in rows])


def insert_record(store: Session, record: Record) -> None:
    """One record and its entry in the audit log, inside somebody's transaction. Raises UnwritableRecordError."""
    _insert(store, [row_of(record)])


_ID, _AT, _CALLER, _BODY = (COLUMNS.index(name) for name in ("id", "created_at", "caller", "body"))


def _deed(row: Row) -> tuple[str, Deed]:
    return str(row[_AT]), Deed(str(row[_CALLER]), REQUEST, str(row[_ID]), digest_of(str(row[_BODY]).encode()))
