"""`SqliteStates`: what stands for the older part of conversations, kept so that the next call does not pay again."""

import json
import sqlite3
from collections.abc import Sequence
from functools import partial

from weighbridge.domain.conversation import ConversationState
from weighbridge.store.records import SqliteRecords

MOST_DELETED = 100
"""Expired ones that go with each new one."""


class SqliteStates:
    """Satisfies `ports.States`, in the file and with the threads of the records."""

    def __init__(self, records: SqliteRecords) -> None:
        self._records = records

    async def newest(self, prefixes: Sequence[str], now: str) -> ConversationState | None:
        """The state that covers most, of those kept under one of `prefixes` (digests); RFC 3339. Raises StoreError."""
        return await self._records.read(partial(_newest, prefixes, now))

    async def keep(self, prefix: str, state: ConversationState, now: str, expires_at: str) -> None:
        """Keep a state, and forget what has expired. Raises StoreError."""
        self._records.note_traces()
        await self._records.change(partial(_keep, prefix, state, now, expires_at))


def _newest(prefixes: Sequence[str], now: str, store: sqlite3.Connection) -> ConversationState | None:
    row = store.execute(
        "SELECT covered, state FROM conversation_states"
        " WHERE prefix IN (SELECT value FROM json_each(?)) AND expires_at > ? ORDER BY covered DESC LIMIT 1",
        (json.dumps(prefixes), now),
    ).fetchone()
    return None if row is None else ConversationState(row[0], row[1], is_reused=True)


def _keep(prefix: str, state: ConversationState, now: str, expires_at: str, store: sqlite3.Connection) -> int:
    store.execute(
        "DELETE FROM conversation_states WHERE prefix IN"
        " (SELECT prefix FROM conversation_states WHERE expires_at <= ? LIMIT ?)",
        (now, MOST_DELETED),
    )
    store.execute(
        "INSERT OR REPLACE INTO conversation_states VALUES (?, ?, ?, ?)",
        (prefix, state.covered, state.state_json, expires_at),
    )
    return 1
