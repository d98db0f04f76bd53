"""What webhooks have still to be told, and what was said of records: rows beside the reviews."""

import orjson

from weighbridge.domain.errors import UnwritableRecordError
from weighbridge.domain.feedback import Feedback
from weighbridge.domain.notice import Notice
from weighbridge.store.session import Session

MOST_REMARKS = 200
"""On one record."""
MOST_EACH = 5
"""Of one task at a time: a receiver that hangs keeps no other task's waiting."""

_COLUMNS = "id, task, due_at, body, attempts, fault"
_DUE = f"""
SELECT {_COLUMNS} FROM (
    SELECT *, row_number() OVER (PARTITION BY task ORDER BY due_at, id) AS place FROM notices WHERE due_at <= ?
) AS ranked WHERE place <= {MOST_EACH} ORDER BY due_at, id LIMIT ?
"""  # noqa: S608 (our own column names)
_REMARK = f"""
INSERT INTO feedback SELECT :id, :record, :at, :body
WHERE EXISTS (SELECT 1 FROM records WHERE id = :record)
AND (SELECT count(*) FROM feedback WHERE record_id = :record) < {MOST_REMARKS}
"""  # noqa: S608 (our own limit)


def insert_notice(notice: Notice, store: Session) -> None:
    """Within the transaction of the decision."""
    row = (notice.id, notice.task, notice.due_at, notice.body, notice.attempts, notice.fault)
    store.execute(f"INSERT INTO notices ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", row)  # noqa: S608 (see above)


def due_notices(now: str, limit: int, store: Session) -> list[Notice]:
    """The longest due first, a few of each task."""
    return [Notice(*row) for row in store.execute(_DUE, (now, limit))]


def find_notice(notice_id: str, store: Session) -> Notice | None:
    """One that waits or was given up."""
    row = store.execute(f"SELECT {_COLUMNS} FROM notices WHERE id = ?", (notice_id,)).fetchone()  # noqa: S608
    return None if row is None else Notice(*row)


def take_notice(tried: Notice, store: Session) -> int:
    """1 when nobody else began this try in the meantime: the count of tries is still the one before."""
    row = (tried.due_at, tried.attempts, tried.id, tried.attempts - 1)
    return store.execute("UPDATE notices SET due_at = ?, attempts = ? WHERE id = ? AND attempts = ?", row).rowcount


def put_off_notice(notice: Notice, store: Session) -> int:
    """Keep what came of a try, unless a later one has begun."""
    row = (notice.due_at, notice.fault, notice.id, notice.attempts)
    return store.execute("UPDATE notices SET due_at = ?, fault = ? WHERE id = ? AND attempts = ?", row).rowcount


def drop_notice(notice_id: str, store: Session) -> int:
    """It was delivered, or nobody wants it any more."""
    return store.execute("DELETE FROM notices WHERE id = ?", (notice_id,)).rowcount


def insert_feedback(feedback: Feedback, store: Session) -> int:
    """1 when it was kept; 0 when the record is gone or has all the remarks it may have."""
    row = {"id": feedback.id, "record": feedback.record_id, "at": feedback.created_at, "body": written(feedback)}
    return store.execute(_REMARK, row).rowcount


def written(value: object) -> str:
    """As JSON. Raises UnwritableRecordError on what JSON cannot hold, such as half of a surrogate pair."""
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise UnwritableRecordError(
            f"A review or remark cannot be written: {error}.", advice="Send whole characters; nothing was changed."
        ) from error
