"""The audit log: reading it, and walking its chain."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from weighbridge.domain.audit import ORIGIN, AuditEntry, Deed, chain
from weighbridge.store.chain import append, digest_of
from weighbridge.store.codec import LARGEST_INTEGER
from weighbridge.store.records import StoredRecords
from weighbridge.store.session import Session

_COLUMNS = "number, at, actor, action, subject, detail, chained"


class StoredAudit:
    """Satisfies `ports.Audit`."""

    def __init__(self, records: StoredRecords) -> None:
        self._records = records

    async def note(self, deed: Deed, at: str) -> None:
        """A deed that changes nothing in the store itself."""
        await self._records.work(lambda store: append(store, [(at, deed)]))

    async def entries(self, limit: int, before: int | None = None) -> list[AuditEntry]:
        """Newest first."""
        return await self._records.read(partial(_entries, limit=limit, before=before))

    async def verify(
        self, progress: Callable[[int, int], None] | None = None, head: str | None = None
    ) -> tuple[list[str], AuditEntry | None]:
        """Walk the whole chain, and hold each record that is still kept against its digest: a sentence for each fault,
        and the newest entry, whose hash stands for everything before it. `head` is such a hash of an earlier day."""
        return await self._records.read(partial(_verify, progress=progress, head=head))


def _entry(row: Sequence[object]) -> AuditEntry:
    number, at, actor, action, subject, detail, chained = row
    return AuditEntry(int(str(number)), str(at), Deed(str(actor), str(action), str(subject), str(detail)), str(chained))


def _entries(store: Session, limit: int, before: int | None) -> list[AuditEntry]:
    rows = store.execute(
        f"SELECT {_COLUMNS} FROM audit WHERE number < ? ORDER BY number DESC LIMIT ?",  # noqa: S608 (ours)
        (LARGEST_INTEGER if before is None else before, limit),
    )
    return [_entry(row) for row in rows]


MOST_FAULTS = 100
_PAGE = 1_000
_ENTRIES = (
    "SELECT a.number, a.at, a.actor, a.action, a.subject, a.detail, a.chained, r.body FROM audit AS a"
    " LEFT JOIN records AS r ON a.action = 'request' AND r.id = a.subject"
    " WHERE a.number > ? ORDER BY a.number LIMIT ?"
)
_UNTOLD = (
    "SELECT count(*) FROM records AS r"
    " LEFT JOIN (SELECT subject FROM audit WHERE action = 'request') AS a ON a.subject = r.id WHERE a.subject IS NULL"
    " AND r.created_at >= coalesce((SELECT min(at) FROM audit WHERE action = 'request'), '9')"
)


def _verify(
    store: Session, progress: Callable[[int, int], None] | None, head: str | None
) -> tuple[list[str], AuditEntry | None]:
    total = store.execute("SELECT count(*) FROM audit").fetchone()[0]
    faults: list[str] = []
    before, newest = ORIGIN, None
    for seen, (*row, body) in enumerate(_pages(store), 1):
        entry = _entry(row)
        faults += _faults(entry, seen, before, body)
        before, newest = entry.chained, entry
        if progress is not None and seen % _PAGE == 0:
            progress(seen, total)
    missing = store.execute(_UNTOLD).fetchone()[0]
    known = head is None or store.execute("SELECT 1 FROM audit WHERE chained = ?", (head,)).fetchone()
    if not known:
        faults.append(f"No entry has the hash {head}: the log was rewritten, or it is another one.")
    if missing:
        faults.append(f"{missing} records stand in no entry.")
    return faults[:MOST_FAULTS], newest


def _pages(store: Session) -> Iterator[Any]:
    """All entries with their records, a page at a time: a log is longer than a memory."""
    last = 0
    while page := store.execute(_ENTRIES, (last, _PAGE)).fetchall():
        yield from page
        last = page[-1][0]


def _faults(entry: AuditEntry, expected: int, before: str, body: str | None) -> list[str]:
    faults = []
    if entry.number != expected:
        faults.append(f"Entry {entry.number} stands where {expected} should: entries were taken out.")
    if chain(before, entry.at, entry.deed) != entry.chained:
        deed = entry.deed
        faults.append(f"Entry {entry.number} ({deed.action} {deed.subject}) does not fit the one before it.")
    if body is not None and digest_of(body.encode()) != entry.deed.detail:
        faults.append(f"Record {entry.deed.subject} is not what was written when entry {entry.number} was made.")
    return faults
