"""Records whose time is over are gone, text and all."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from make import a_record
from weighbridge.domain.money import Money
from weighbridge.domain.record import Content, RecordFilter
from weighbridge.domain.secret import Secret
from weighbridge.store.records import StoredRecords
from weighbridge.store.retention import BATCH_RECORDS
from weighbridge.store.sqlite import SqliteDatabase

NOW = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
OVER = "2026-11-30T23:59:59.999999Z"
EXACTLY_NOW = "2026-12-01T00:00:00.000000Z"


async def test_only_what_has_expired_is_deleted(place: Path | Secret) -> None:
    records = await StoredRecords.open(place)
    await records.append(a_record("rec_1", expires_at=OVER))
    await records.append(a_record("rec_2", expires_at=EXACTLY_NOW))
    assert await records.expire(NOW) == 1
    assert [record.id for record in await records.find(RecordFilter())] == ["rec_2"]
    assert await records.expire(NOW) == 0
    await records.close()


async def test_more_than_a_batch_is_deleted_while_records_are_written(place: Path | Secret) -> None:
    records = await StoredRecords.open(place)
    count = BATCH_RECORDS * 3 + 1
    old = [records.append(a_record(f"rec_old_{number}", expires_at=OVER)) for number in range(count)]
    await asyncio.gather(*old)
    new = [records.append(a_record(f"rec_new_{number}")) for number in range(200)]
    deleted, *_ = await asyncio.gather(records.expire(NOW), *new)
    assert deleted == count
    assert len(await records.find(RecordFilter(limit=10_000))) == 200
    await records.close()


async def test_what_was_spent_outlives_its_records(place: Path | Secret) -> None:
    records = await StoredRecords.open(place)
    await records.append(a_record(expires_at=OVER, cost=Money(7)))
    await records.expire(NOW)
    assert await records.read(lambda store: store.execute("SELECT pico FROM spend").fetchall()) == [(7,)]
    await records.close()


async def test_deleted_content_stands_in_no_file_any_more(tmp_path: Path) -> None:
    records = await StoredRecords.open(tmp_path / "records.db")
    secret = Content("user: my-very-private-question " * 1_000, "my-very-private-answer")
    await records.append(a_record("rec_1", content=secret, expires_at=OVER))
    await records.append(a_record("rec_2"))
    assert any(b"my-very-private" in path.read_bytes() for path in tmp_path.iterdir())
    await records.expire(NOW)
    assert not any(b"my-very-private" in path.read_bytes() for path in tmp_path.iterdir())
    await records.close()


async def test_a_reader_delays_the_last_trace_only_until_the_next_run(tmp_path: Path) -> None:
    records = await StoredRecords.open(tmp_path / "records.db")
    await records.append(a_record(content=Content("my-very-private-question", None), expires_at=OVER))
    assert isinstance(records._database, SqliteDatabase)
    reader = records._database._mover
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM records").fetchone()
    assert await records.expire(NOW) == 1
    reader.execute("COMMIT")
    assert await records.expire(NOW) == 0
    assert not any(b"my-very-private" in path.read_bytes() for path in tmp_path.iterdir())
    await records.close()


async def test_the_job_runs_at_once_and_survives_a_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    records = await StoredRecords.open(tmp_path / "records.db")
    await records.append(a_record(expires_at=OVER))
    records._database.writer.execute("PRAGMA query_only = ON")
    job = asyncio.create_task(records.expire_every(0.05, lambda: NOW))
    await asyncio.sleep(0.03)
    records._database.writer.execute("PRAGMA query_only = OFF")
    while await records.find(RecordFilter()):
        await asyncio.sleep(0.01)
    job.cancel()
    assert "expired records were not deleted" in caplog.text
    await records.close()
