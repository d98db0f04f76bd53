"""`StoredDrift`: what traffic has shown of proved models, in the file and with the threads of the records."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache, partial
from typing import Any

from pydantic import TypeAdapter, ValidationError

from weighbridge.domain.drift import Monitor, Watched
from weighbridge.domain.errors import StoreError
from weighbridge.domain.news import Hindsight, News
from weighbridge.domain.review import ReviewItem
from weighbridge.store.codec import decode
from weighbridge.store.records import StoredRecords
from weighbridge.store.reviews import insert_item
from weighbridge.store.session import Session, any_of, one_moment, transaction

LARGEST_PAGE = 200


class StoredDrift:
    """Satisfies `ports.Drift`. Several processes may share it: each thing that was written is looked at once."""

    def __init__(self, records: StoredRecords) -> None:
        self._records = records

    async def watched(self) -> list[Watched]:
        """Every model that is, or was, watched. Raises StoreError."""
        return await self._records.read(_watched)

    async def news(self, tasks: Collection[str], ignored: Collection[str]) -> News:
        """What was written of `tasks` and not looked at yet, at most 200 of each kind, without requests of the callers
        that are `ignored`. Raises StoreError."""
        return await self._records.read(partial(_news, tasks, ignored))

    async def keep(self, states: Sequence[Watched], opened: Sequence[ReviewItem], since: News) -> bool:
        """Keep what came of the news, and open review items, all or none; False when another process was quicker."""
        return bool(await self._records.change(partial(_keep, states, opened, since)))

    async def hindsight(self, task: str, monitor: Monitor) -> Mapping[str, float]:
        """Record → what turned out about its answer, for a task's newest 10,000. Raises StoreError."""
        return await self._records.read(partial(_hindsight, task, monitor))

    async def add(self, record_id: str, monitor: Monitor, value: float) -> None:
        """Something turned out about an answer; ignored once its record is gone. Raises StoreError."""
        await self._records.change(partial(_add, record_id, monitor, value))


def _watched(store: Session) -> list[Watched]:
    return [_read(body) for (body,) in store.execute("SELECT body FROM drift ORDER BY task, model")]


def _news(tasks: Collection[str], ignored: Collection[str], store: Session) -> News:
    with one_moment(store):  # states, positions and records: a state is never older than its position
        return _read_news(tasks, ignored, store)


def _read_news(tasks: Collection[str], ignored: Collection[str], store: Session) -> News:
    (records, hindsights) = store.execute("SELECT records, hindsights FROM drift_seen").fetchone()
    (newest,) = store.execute("SELECT coalesce(max(rowid), 0) FROM records").fetchone()
    listed = tuple(tasks), tuple(ignored)
    found = _page(store, _RECORDS, (records, newest), *listed)
    later = _page(store, _HINDSIGHTS, (hindsights,), *listed)
    is_all = len(found) < LARGEST_PAGE and len(later) < LARGEST_PAGE
    return News(
        records=tuple(decode(body) for _, body in found),
        hindsights=tuple(Hindsight(decode(body), Monitor(name), value) for _, name, value, body in later),
        watched=tuple(_watched(store)),
        begun=(records, hindsights),
        seen=(newest if len(found) < LARGEST_PAGE else found[-1][0], later[-1][0] if later else hindsights),
        is_all=is_all,
    )


_RECORDS = """
SELECT rowid, body FROM records WHERE rowid > ? AND rowid <= ?
AND task || '' IN {tasks} AND caller || '' NOT IN {ignored} ORDER BY rowid LIMIT ?
"""
_HINDSIGHTS = """
SELECT seq, monitor, value, body FROM hindsights JOIN records ON records.id = record_id WHERE seq > ?
AND task || '' IN {tasks} AND caller || '' NOT IN {ignored} ORDER BY seq LIMIT ?
"""


def _page(
    store: Session, statement: str, position: tuple[int, ...], tasks: Sequence[str], ignored: Sequence[str]
) -> list[Any]:
    # `|| ''` keeps the indexes of tasks and callers out of it: these feeds are read in their order.
    query = statement.format(tasks=any_of(tasks), ignored=any_of(ignored))
    return store.execute(query, (*position, *tasks, *ignored, LARGEST_PAGE)).fetchall()


def _hindsight(task: str, monitor: Monitor, store: Session) -> dict[str, float]:
    found = store.execute(
        "SELECT record_id, value FROM hindsights JOIN records ON records.id = record_id "
        "WHERE monitor = ? AND task || '' = ? ORDER BY seq DESC LIMIT 10000",
        (monitor.value, task),
    )
    return dict(found.fetchall())


def _keep(states: Sequence[Watched], opened: Sequence[ReviewItem], since: News, store: Session) -> int:
    with transaction(store):
        moved = store.execute(
            "UPDATE drift_seen SET records = ?, hindsights = ? WHERE records = ? AND hindsights = ?",
            (*since.seen, *since.begun),
        ).rowcount
        if moved != 1:
            return 0
        for state in states:
            row = state.task, state.model, _reader().dump_json(state).decode()
            store.execute(_PUT, row)
        for item in opened:
            insert_item(item, store)
    return 1


_PUT = (
    "INSERT INTO drift (task, model, body) VALUES (?, ?, ?)"
    " ON CONFLICT (task, model) DO UPDATE SET body = excluded.body"
)


def _add(record_id: str, monitor: Monitor, value: float, store: Session) -> int:
    return store.execute(
        "INSERT INTO hindsights (record_id, monitor, value) SELECT ?, ?, ? WHERE EXISTS "
        "(SELECT 1 FROM records WHERE id = ?)",
        (record_id, monitor.value, value, record_id),
    ).rowcount


def _read(body: str) -> Watched:
    try:
        return _reader().validate_json(body)
    except ValidationError:
        raise StoreError(
            "What is known of a model's drift cannot be read.",
            advice="It was written by another version or damaged: restore the database from a copy.",
        ) from None


@cache
def _reader() -> TypeAdapter[Watched]:
    return TypeAdapter(Watched)
