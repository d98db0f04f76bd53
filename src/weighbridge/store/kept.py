"""`StoredCache`: answers that are kept to be given again."""

from functools import cache, partial

from pydantic import TypeAdapter

from weighbridge.domain.kept import KeptAnswer
from weighbridge.store.records import StoredRecords
from weighbridge.store.session import Session

MOST_KEPT = 100_000
"""With more, those that expire first make room."""
MOST_DELETED = 200
"""Expired ones that go with each new one."""


class StoredCache:
    """Satisfies `ports.Cache`, in the file and with the threads of the records."""

    def __init__(self, records: StoredRecords) -> None:
        self._records = records

    async def get(self, key: str, now: float) -> KeptAnswer | None:
        """One that has not expired at `now` (seconds since the epoch). Raises StoreError."""
        return await self._records.read(partial(_get, key=key, now=now))

    async def put(self, key: str, answer: KeptAnswer, now: float, expires_at: float) -> None:
        """There for everybody when it returns. Raises StoreError."""
        self._records.note_traces()
        await self._records.work(partial(_put, key=key, answer=answer, now=now, expires_at=expires_at))


_PUT = (
    "INSERT INTO kept_answers (key, expires_at, body) VALUES (?, ?, ?)"
    " ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at, body = excluded.body"
)


@cache
def _codec() -> TypeAdapter[KeptAnswer]:
    return TypeAdapter(KeptAnswer)


def _get(store: Session, key: str, now: float) -> KeptAnswer | None:
    row = store.execute("SELECT body FROM kept_answers WHERE key = ? AND expires_at > ?", (key, now)).fetchone()
    return None if row is None else _codec().validate_json(row[0])


def _put(store: Session, key: str, answer: KeptAnswer, now: float, expires_at: float) -> None:
    body = _codec().dump_json(answer).decode()
    store.execute(_PUT, (key, expires_at, body))
    store.execute(
        "DELETE FROM kept_answers WHERE key IN (SELECT key FROM kept_answers WHERE expires_at <= ? LIMIT ?)",
        (now, MOST_DELETED),
    )
    over = store.execute("SELECT count(*) FROM kept_answers").fetchone()[0] - MOST_KEPT
    if over > 0:
        store.execute(
            "DELETE FROM kept_answers WHERE key IN (SELECT key FROM kept_answers ORDER BY expires_at LIMIT ?)", (over,)
        )
