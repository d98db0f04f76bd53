"""`StoredStates`: what stands for the older part of conversations, kept so that the next call does not pay again."""

from collections.abc import Sequence
from functools import partial

from weighbridge.domain.conversation import ConversationState
from weighbridge.store.records import StoredRecords
from weighbridge.store.session import Session, any_of

MOST_DELETED = 100
"""Expired ones that go with each new one."""


class StoredStates:
    """Satisfies `ports.States`, in the file and with the threads of the records."""

    def __init__(self, records: StoredRecords) -> None:
        self._records = records

    async def newest(self, prefixes: Sequence[str], now: str) -> ConversationState | None:
        """The state that covers most, of those kept under one of `prefixes` (digests); RFC 3339. Raises StoreError."""
        return await self._records.read(partial(_newest, prefixes, now))

    async def keep(self, prefix: str, state: ConversationState, now: str, expires_at: str) -> None:
        """Keep a state, and forget what has expired. Raises StoreError."""
        self._records.note_traces()
        await self._records.change(partial(_keep, prefix, state, now, expires_at))


def _newest(prefixes: Sequence[str], now: str, store: Session) -> ConversationState | None:
    row = store.execute(
        f"SELECT covered, state FROM conversation_states WHERE prefix IN {any_of(prefixes)} AND expires_at > ?"  # noqa: S608
        " ORDER BY covered DESC LIMIT 1",
        (*prefixes, now),
    ).fetchone()
    return None if row is None else ConversationState(row[0], row[1], is_reused=True)


def _keep(prefix: str, state: ConversationState, now: str, expires_at: str, store: Session) -> int:
    store.execute(
        "DELETE FROM conversation_states WHERE prefix IN"
        " (SELECT prefix FROM conversation_states WHERE expires_at <= ? LIMIT ?)",
        (now, MOST_DELETED),
    )
    store.execute(
        "INSERT INTO conversation_states (prefix, covered, state, expires_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (prefix) DO UPDATE"
        " SET covered = excluded.covered, state = excluded.state, expires_at = excluded.expires_at",
        (prefix, state.covered, state.state_json, expires_at),
    )
    return 1
