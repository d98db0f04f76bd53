"""Disks that are full, files that cannot be written, read or understood."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from make import a_record
from weighbridge.domain.errors import OverloadedError, StoreError, UnwritableRecordError
from weighbridge.domain.money import Money
from weighbridge.domain.record import RecordFilter
from weighbridge.store.insert import write
from weighbridge.store.migrate_sqlite import migrate
from weighbridge.store.records import DISTRUST_S, StoredRecords
from weighbridge.store.sqlite import SqliteDatabase, connect, connect_reader


def a_database(path: Path) -> sqlite3.Connection:
    connection = connect(path)
    migrate(connection)
    return connection


async def test_a_full_disk_tells_every_waiter_and_recovers_by_itself(tmp_path: Path) -> None:
    records = await StoredRecords.open(tmp_path / "records.db")
    writer = records._database.writer
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    tasks = [records.append(a_record(f"rec_{number}")) for number in range(20)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {str(result) for result in results} == {
        "The record database 'records.db' failed: the disk is full. Free some space; writing goes on by itself."
    }
    assert not records.is_accepting()
    writer.execute("PRAGMA max_page_count = 1000000")
    await asyncio.sleep(DISTRUST_S)
    assert records.is_accepting()
    await records.append(a_record("rec_after"))
    assert [record.id for record in await records.find(RecordFilter())] == ["rec_after"]
    await records.close()


async def test_a_record_that_cannot_be_written_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    records = await StoredRecords.open(tmp_path / "records.db")
    with pytest.raises(UnwritableRecordError, match=r"more than 9\.2 million dollars"):
        await records.append(a_record("rec_odd", cost=Money.usd(10**14)))
    assert records.is_accepting()
    await records.append(a_record("rec_after"))
    await records.close()


def test_a_file_that_may_not_be_written_says_so(tmp_path: Path) -> None:
    a_database(tmp_path / "records.db").close()
    reader = connect_reader(tmp_path / "records.db")
    database = SqliteDatabase(tmp_path / "records.db", reader, reader, reader)
    outcomes = write(database, [a_record("rec_1"), a_record("rec_2")])
    assert ["may not be written" in str(outcome) for outcome in outcomes] == [True, True]
    reader.close()


async def test_a_locked_file_refuses_after_a_while_and_recovers(tmp_path: Path) -> None:
    records = await StoredRecords.open(tmp_path / "records.db", queue_limit=2)
    records._database.writer.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(tmp_path / "records.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    tasks = [records.append(a_record(f"rec_{number}")) for number in range(3)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [StoreError, StoreError, OverloadedError]
    assert "locked" in str(results[0])
    other.execute("ROLLBACK")
    await records.append(a_record())
    other.close()
    await records.close()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "records.db").write_text("dear diary, " * 1000)
    with pytest.raises(StoreError, match="not a database"):
        await StoredRecords.open(tmp_path / "records.db")


async def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened") as refused:
        await StoredRecords.open(tmp_path / "nowhere" / "records.db")
    assert "Create its folder" in refused.value.advice


def root_pages(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as store:
        return [page for (page,) in store.execute("SELECT rootpage FROM sqlite_schema WHERE rootpage > 1")]


async def test_a_damaged_file_says_so_and_the_gateway_lives(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    records = await StoredRecords.open(path)
    await asyncio.gather(*[records.append(a_record(f"rec_{number}")) for number in range(50)])
    await records.close()
    pages = bytearray(path.read_bytes())
    for page in root_pages(path):  # the schema itself stays readable
        pages[(page - 1) * 4096 : page * 4096] = b"\xee" * 4096
    path.write_bytes(pages)
    broken = await StoredRecords.open(path)
    for attempt in (broken.append(a_record("rec_new")), broken.get("rec_1"), broken.find(RecordFilter())):
        with pytest.raises(StoreError, match="damaged"):
            await attempt
    await broken.close()


async def test_a_body_that_is_no_record_fails_its_reader_only(tmp_path: Path) -> None:
    records = await StoredRecords.open(tmp_path / "records.db")
    await asyncio.gather(records.append(a_record("rec_1")), records.append(a_record("rec_2")))
    other = sqlite3.connect(tmp_path / "records.db")
    with other:
        other.execute("UPDATE records SET body = '{}' WHERE id = 'rec_1'")
    other.close()
    with pytest.raises(StoreError, match="cannot be read"):
        await records.get("rec_1")
    assert await records.get("rec_2") == a_record("rec_2")
    await records.close()
