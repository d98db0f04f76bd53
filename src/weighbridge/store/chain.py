"""Appending to the audit log, inside the transaction of what it tells of."""

import hashlib
from collections.abc import Sequence

from weighbridge.domain.audit import ORIGIN, Deed, chain
from weighbridge.store.session import Session

APPEND = "INSERT INTO audit (number, at, actor, action, subject, detail, chained) VALUES (?, ?, ?, ?, ?, ?, ?)"
REQUEST = "request"


def append(store: Session, deeds: Sequence[tuple[str, Deed]]) -> None:
    """Chain deeds, each with its time, to what is there."""
    newest = store.execute("SELECT number, chained FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    number, before = newest or (0, ORIGIN)
    rows = []
    for at, deed in deeds:
        number, before = number + 1, chain(before, at, deed)
        rows.append((number, at, deed.actor, deed.action, deed.subject, deed.detail, before))
    store.executemany(APPEND, rows)


def digest_of(body: bytes) -> str:
    """What an entry keeps of a record's body."""
    return hashlib.sha256(body).hexdigest()
