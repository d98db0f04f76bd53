"""The audit log: whatever is changed, taken out or put in afterwards is found."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from databases import connected
from make import a_record
from weighbridge.domain.audit import ORIGIN, Deed, chain
from weighbridge.domain.secret import Secret
from weighbridge.store.audit import StoredAudit
from weighbridge.store.records import StoredRecords
from weighbridge.store.session import Dialect, Session

REFUSED = (sqlite3.IntegrityError, psycopg.IntegrityError)
AT = "2026-11-26T12:00:00.000000Z"


@pytest.fixture
async def audit(place: Path | Secret) -> AsyncIterator[StoredAudit]:
    records = await StoredRecords.open(place)
    log = StoredAudit(records)
    for number in range(1, 5):
        await records.append(a_record(f"rec_{number}"))
        await log.note(Deed("ann", "key.created", f"key{number}"), AT)
    yield log
    await records.close()


async def test_an_untouched_log_holds_and_gives_its_head(audit: StoredAudit) -> None:
    faults, newest = await audit.verify()
    assert faults == []
    assert newest is not None
    assert newest.number == 8
    assert (await audit.verify(head=newest.chained))[0] == []
    assert [entry.number for entry in await audit.entries(2, before=8)] == [7, 6]


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE audit SET actor = 'bob' WHERE number = 4", "Entry 4 .* does not fit"),
        ("UPDATE audit SET detail = '{}' WHERE number = 2", "Entry 2 .* does not fit"),
        ("DELETE FROM audit WHERE number = 3", "Entry 4 stands where 3 should"),
        ("UPDATE records SET body = replace(body, 'anonymous', 'somebody') WHERE id = 'rec_2'", "Record rec_2 is not"),
        ("DELETE FROM audit WHERE number = 7", "1 records stand in no entry"),
    ],
)
async def test_what_was_changed_is_found(audit: StoredAudit, place: Path | Secret, statement: str, fault: str) -> None:
    with connected(place) as connection:
        with pytest.raises(REFUSED, match="append-only") if "audit" in statement else nullcontext():
            connection.execute(statement)
        unlock(connection)
        connection.execute(statement)
    faults, _ = await audit.verify()
    assert any(_fits(fault, sentence) for sentence in faults), faults


async def test_what_was_taken_out_is_found_although_the_rest_was_numbered_anew(
    audit: StoredAudit, place: Path | Secret
) -> None:
    with connected(place) as connection:
        unlock(connection)
        connection.execute("DELETE FROM audit WHERE number = 4")
        for number in range(5, 9):
            connection.execute("UPDATE audit SET number = ? WHERE number = ?", (number - 1, number))
    faults, _ = await audit.verify()
    assert len(faults) == 1
    assert "Entry 4" in faults[0]
    assert "does not fit the one before it" in faults[0]


async def test_a_log_that_was_written_anew_does_not_hold_the_head_of_the_old_one(
    audit: StoredAudit, place: Path | Secret
) -> None:
    _, newest = await audit.verify()
    assert newest is not None
    with connected(place) as connection:
        unlock(connection)
        connection.execute("DELETE FROM records WHERE id = 'rec_4'")
        connection.execute("DELETE FROM audit WHERE number > 6")
    assert (await audit.verify())[0] == [], "the end of a chain can be cut off unseen"
    faults, _ = await audit.verify(head=newest.chained)
    assert len(faults) == 1
    assert "the log was rewritten" in faults[0]


async def test_a_deleted_record_leaves_its_entry(audit: StoredAudit, place: Path | Secret) -> None:
    with connected(place) as connection:
        connection.execute("DELETE FROM records")
    assert (await audit.verify())[0] == []


texts = st.text(max_size=8)
deeds = st.builds(Deed, texts, texts, texts, texts)


@given(texts, deeds, texts, deeds)
def test_no_two_entries_read_alike(at: str, deed: Deed, other_at: str, other: Deed) -> None:
    alike = chain(ORIGIN, at, deed) == chain(ORIGIN, other_at, other)
    assert alike == ((at, deed) == (other_at, other))
    assert chain("1" * 64, at, deed) != chain(ORIGIN, at, deed)


def unlock(connection: Session) -> None:
    """As somebody would who owns the database."""
    if connection.dialect is Dialect.POSTGRESQL:
        connection.execute("ALTER TABLE audit DISABLE TRIGGER USER")
        return
    connection.execute("DROP TRIGGER audit_is_not_changed")
    connection.execute("DROP TRIGGER audit_is_not_deleted")


def _fits(pattern: str, sentence: str) -> bool:
    import re

    return re.search(pattern, sentence) is not None
