"""`StoredReviews`: what people have to decide, what they said, and what webhooks have still to be told."""

from functools import cache, partial
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from weighbridge.domain.errors import InvalidFieldError, OverloadedError, ReviewConflictError, StoreError
from weighbridge.domain.feedback import Feedback
from weighbridge.domain.notice import Notice
from weighbridge.domain.record import Record
from weighbridge.domain.review import ReviewFilter, ReviewItem
from weighbridge.store.insert import insert_record
from weighbridge.store.notices import (
    MOST_REMARKS,
    drop_notice,
    due_notices,
    find_notice,
    insert_feedback,
    insert_notice,
    put_off_notice,
    take_notice,
    written,
)
from weighbridge.store.queries import moment_of
from weighbridge.store.records import StoredRecords
from weighbridge.store.session import Dialect, Session, any_of, transaction

UNDECIDED = "state IN ('open', 'claimed')"
LARGEST_PAGE = 200

T = TypeVar("T")


class StoredReviews:
    """Satisfies `ports.Reviews`, in the file and with the threads of the records. Several processes may share it."""

    def __init__(self, records: StoredRecords, most_undecided: int = 10_000) -> None:
        self._records, self._most_undecided = records, most_undecided

    async def open(self, record: Record, item: ReviewItem) -> None:
        """Both are on disk when it returns, or neither. Raises OverloadedError when too many wait, else StoreError."""
        opened = await self._records.change(partial(_open, record, item, self._most_undecided))
        if not opened:
            raise OverloadedError(
                f"The review queue is full ({self._most_undecided} answers wait for a person).",
                advice="Let reviewers catch up, or raise store.review_limit.",
            )

    async def get(self, review_id: str) -> ReviewItem | None:
        """One item. Raises StoreError."""
        return await self._records.read(partial(_get, review_id))

    async def find(self, wanted: ReviewFilter) -> list[ReviewItem]:
        """Newest first. Raises InvalidFieldError when `since` is no RFC 3339 time, else StoreError."""
        return await self._records.read(partial(_find, wanted))

    async def overdue(self, now: str, limit: int = 100) -> list[ReviewItem]:
        """Undecided items whose deadline (RFC 3339) has passed, the longest overdue first."""
        return await self._records.read(partial(_overdue, now, limit))

    async def lapsed(self, now: str, limit: int = 100) -> list[ReviewItem]:
        """Claimed items whose claim has run out by `now` (RFC 3339)."""
        return await self._records.read(partial(_lapsed, now, limit))

    async def replace(self, item: ReviewItem, notice: Notice | None = None) -> None:
        """Keep `item` in place of the version before it, and what its webhook is to be told, or neither.

        Raises ReviewConflictError when somebody else was quicker, else StoreError.
        """
        if not await self._records.change(partial(_replace, item, notice)):
            raise ReviewConflictError(
                f"Review {item.id!r} was changed in the meantime.", advice="Look at it again, then decide."
            )
        if not item.has_content:
            self._records.note_traces()

    async def add_feedback(self, feedback: Feedback) -> None:
        """On disk when it returns. Raises InvalidFieldError when the record takes no more of it, else StoreError."""
        if not await self._records.change(partial(insert_feedback, feedback)):
            raise InvalidFieldError(
                f"Record {feedback.record_id!r} takes no more feedback: it has {MOST_REMARKS} remarks, or is gone.",
                advice="Nothing has to be done.",
                param="record",
            )

    async def feedback(self, record_id: str) -> list[Feedback]:
        """What was said of a record, oldest first, at most 200."""
        return await self._records.read(partial(_feedback, record_id))

    async def due_notices(self, now: str, limit: int = 20) -> list[Notice]:
        """What is to be delivered by `now` (RFC 3339), the longest due first, a few of each task."""
        return await self._records.read(partial(due_notices, now, limit))

    async def notice(self, notice_id: str) -> Notice | None:
        """One that waits or was given up; `None` once delivered."""
        return await self._records.read(partial(find_notice, notice_id))

    async def take_notice(self, tried: Notice) -> bool:
        """Count a try and keep others away until `due_at`; False when another process was quicker."""
        return bool(await self._records.change(partial(take_notice, tried)))

    async def put_off(self, notice: Notice) -> None:
        """Keep what came of a try that failed, and when to try next."""
        await self._records.change(partial(put_off_notice, notice))

    async def drop_notice(self, notice_id: str) -> None:
        """It was delivered, or nobody wants it any more."""
        await self._records.change(partial(drop_notice, notice_id))


def _open(record: Record, item: ReviewItem, most: int, store: Session) -> int:
    with transaction(store):
        (waiting,) = store.execute(f"SELECT count(*) FROM reviews WHERE {UNDECIDED}").fetchone()  # noqa: S608
        if waiting >= most:
            return 0
        insert_record(store, record)
        insert_item(item, store)
    return 1


def _replace(item: ReviewItem, notice: Notice | None, store: Session) -> int:
    with transaction(store):
        changed = store.execute(
            "UPDATE reviews SET state = ?, assignee = ?, version = ?, body = ? WHERE id = ? AND version = ?",
            (item.state.value, item.assignee, item.version, written(item), item.id, item.version - 1),
        ).rowcount
        if changed and notice is not None:
            insert_notice(notice, store)
    return changed


def insert_item(item: ReviewItem, store: Session) -> None:
    """Within the transaction of what it is about."""
    store.execute("INSERT INTO reviews VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(item))


def _get(review_id: str, store: Session) -> ReviewItem | None:
    row = store.execute("SELECT body FROM reviews WHERE id = ?", (review_id,)).fetchone()
    return None if row is None else _item(row[0])


def _find(wanted: ReviewFilter, store: Session) -> list[ReviewItem]:
    compared = {
        "task = ?": wanted.task,
        "state = ?": None if wanted.state is None else wanted.state.value,
        "assignee = ?": wanted.assignee,
        "caller = ?": wanted.caller,
        "id < ?": wanted.before_id,
        "created_at >= ?": None if wanted.since is None else moment_of(wanted.since),
    }
    stated: dict[str, str | None] = {condition: value for condition, value in compared.items() if value is not None}
    conditions, values = list(stated), list(stated.values())
    if wanted.tasks is not None:
        conditions.append(f"task IN {any_of(tuple(wanted.tasks))}")
        values += wanted.tasks
    where = " AND ".join(conditions) or "true"
    query = f"SELECT body FROM reviews WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 (our own conditions)
    limit = max(0, min(wanted.limit, LARGEST_PAGE))
    return [_item(body) for (body,) in store.execute(query, (*values, limit))]


def _overdue(now: str, limit: int, store: Session) -> list[ReviewItem]:
    query = f"SELECT body FROM reviews WHERE {UNDECIDED} AND deadline <= ? ORDER BY deadline, id LIMIT ?"  # noqa: S608
    return [_item(body) for (body,) in store.execute(query, (now, limit))]


def _lapsed(now: str, limit: int, store: Session) -> list[ReviewItem]:
    query = f"SELECT body FROM reviews WHERE state = 'claimed' AND {_LOCKED_UNTIL[store.dialect]} <= ? LIMIT ?"  # noqa: S608
    return [_item(body) for (body,) in store.execute(query, (now, limit))]


_LOCKED_UNTIL = {
    Dialect.SQLITE: "json_extract(body, '$.locked_until')",
    Dialect.POSTGRESQL: "CAST(body AS JSON) ->> 'locked_until'",
}


def _feedback(record_id: str, store: Session) -> list[Feedback]:
    query = "SELECT body FROM feedback WHERE record_id = ? ORDER BY id LIMIT ?"
    return [_read(_remarks(), body) for (body,) in store.execute(query, (record_id, LARGEST_PAGE))]


def _row(item: ReviewItem) -> tuple[str | int | None, ...]:
    return (
        item.id,
        item.record_id,
        item.created_at,
        item.deadline,
        item.task,
        item.caller,
        item.state.value,
        item.assignee,
        item.version,
        written(item),
    )


def _item(body: str) -> ReviewItem:
    return _read(_items(), body)


def _read(reader: TypeAdapter[T], body: str) -> T:
    try:
        return reader.validate_json(body)
    except ValidationError:
        raise StoreError(
            "A stored review or remark cannot be read.",
            advice="It was written by another version or damaged: restore the database from a copy.",
        ) from None


@cache
def _items() -> TypeAdapter[ReviewItem]:
    return TypeAdapter(ReviewItem)


@cache
def _remarks() -> TypeAdapter[Feedback]:
    return TypeAdapter(Feedback)
