"""Records in a real file."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from databases import connected
from make import a_classification, a_decision, a_record, an_attempt
from weighbridge.domain.errors import InvalidFieldError, StoreError, UnwritableRecordError
from weighbridge.domain.money import Money
from weighbridge.domain.record import OutcomeStatus, Record, RecordFilter
from weighbridge.domain.secret import Secret
from weighbridge.store.records import StoredRecords


@pytest.fixture
async def records(place: Path | Secret) -> AsyncIterator[StoredRecords]:
    opened = await StoredRecords.open(place)
    yield opened
    await opened.close()


async def spent(records: StoredRecords) -> dict[tuple[str, str, str], Money]:
    """Day, caller and task → what was spent."""
    rows = await records.read(lambda store: store.execute("SELECT day, caller, task, usd, pico FROM spend").fetchall())
    return {(day, caller, task): Money(usd * 10**12 + pico) for day, caller, task, usd, pico in rows}


async def keep(records: StoredRecords, *kept: Record) -> None:
    await asyncio.gather(*[records.append(record) for record in kept])


async def test_a_record_comes_back_whole(records: StoredRecords) -> None:
    record = a_record()
    await records.append(record)
    assert await records.get(record.id) == record


async def test_a_record_that_was_never_written_is_none(records: StoredRecords) -> None:
    assert await records.get("rec_unknown") is None


async def test_records_survive_closing_and_opening(place: Path | Secret) -> None:
    first = await StoredRecords.open(place)
    await first.append(a_record())
    await first.close()
    second = await StoredRecords.open(place)
    assert await second.get("rec_1") == a_record()
    await second.close()


async def test_an_appended_record_is_committed_for_every_other_reader(
    records: StoredRecords, place: Path | Secret
) -> None:
    await records.append(a_record())
    with connected(place) as other:
        assert other.execute("SELECT id, task, caller FROM records").fetchall() == [("rec_1", "tag", "anonymous")]


async def test_the_same_record_twice_fails_alone(records: StoredRecords) -> None:
    rows = [a_record("rec_1"), a_record("rec_2"), a_record("rec_1"), a_record("rec_3")]
    results = await asyncio.gather(*[records.append(record) for record in rows], return_exceptions=True)
    assert [type(result) for result in results] == [type(None), type(None), UnwritableRecordError, type(None)]
    assert len(await records.find(RecordFilter())) == 3


async def test_a_record_that_cannot_be_written_fails_alone(records: StoredRecords) -> None:
    rows = [
        a_record("rec_1"),
        a_record("rec_2", caller="\ud800"),
        a_record("rec_3", cost=Money(2**64)),
        a_record("rec_4"),
    ]
    results = await asyncio.gather(*[records.append(record) for record in rows], return_exceptions=True)
    odd = UnwritableRecordError
    assert [type(result) for result in results] == [type(None), odd, odd, type(None)]
    assert [record.id for record in await records.find(RecordFilter())] == ["rec_4", "rec_1"]


async def test_a_batch_of_any_size_is_written_whole(records: StoredRecords) -> None:
    sizes = [1, 2, 3, 5, 64, 127, 128, 129, 300]
    for size in sizes:
        await keep(records, *[a_record(f"rec_{size}_{number}") for number in range(size)])
    assert len(await records.find(RecordFilter(limit=10_000))) == sum(sizes)


FOUR = (
    a_record("rec_1", created_at="2026-11-25T00:00:00.500000Z"),
    a_record("rec_2", served_model="big", is_fallback=True),
    a_record("rec_3", status=OutcomeStatus.FAILED, served_model=None),
    a_record("rec_4", classification=a_classification("write"), created_at="2026-11-26T00:00:00.000000Z"),
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RecordFilter(), "4321"),
        (RecordFilter(limit=2), "43"),
        (RecordFilter(limit=-1), ""),
        (RecordFilter(before_id="rec_3"), "21"),
        (RecordFilter(task="tag"), "321"),
        (RecordFilter(model="big"), "2"),
        (RecordFilter(status="failed"), "3"),
        (RecordFilter(is_fallback=True), "2"),
        (RecordFilter(is_fallback=False), "431"),
        (RecordFilter(task="tag", is_fallback=False, before_id="rec_3"), "1"),
        (RecordFilter(since="2026-11-25T00:00:00.5Z"), "41"),
        (RecordFilter(since="2026-11-25T00:00:00Z"), "4321"),
        (RecordFilter(since="2026-11-26T00:00:00+00:00"), "4"),
        (RecordFilter(since="2026-11-25T19:00:00-05:00"), "4"),
        (RecordFilter(since="2026-11-26"), "4"),
        (RecordFilter(task="'; DROP TABLE records; --"), ""),
    ],
    ids=str,
)
async def test_a_filter_finds_its_records_newest_first(
    records: StoredRecords, wanted: RecordFilter, found: str
) -> None:
    await keep(records, *FOUR)
    assert [record.id[4:] for record in await records.find(wanted)] == list(found)


async def test_a_time_that_is_none_is_refused(records: StoredRecords) -> None:
    with pytest.raises(InvalidFieldError, match="since"):
        await records.find(RecordFilter(since="yesterday"))


async def test_spend_adds_up_by_day_caller_and_task(records: StoredRecords) -> None:
    today = "2099-01-01T00:00:00.000000Z"
    costs = [10**12 - 1, 2, 3 * 10**12]
    await keep(records, *[a_record(f"rec_{cost}", created_at=today, cost=Money(cost)) for cost in costs])
    assert await spent(records) == {("2099-01-01", "anonymous", "tag"): Money(sum(costs))}


async def test_spend_beyond_sixty_four_bits_of_pico_dollars_stays_exact(records: StoredRecords) -> None:
    dear = Money(9 * 10**18)
    await keep(records, *[a_record(f"rec_{number}", cost=dear) for number in range(200)])
    assert list((await spent(records)).values()) == [dear * 200]


async def test_an_unknown_cost_is_spent_as_it_was_held(records: StoredRecords) -> None:
    attempt = an_attempt(cost=None)
    await keep(records, a_record(cost=None, decision=a_decision(), attempts=(attempt,)))
    assert list((await spent(records)).values()) == [Money.usd("0.0001")]


async def test_a_record_that_is_refused_is_not_spent(records: StoredRecords) -> None:
    await keep(records, a_record(cost=Money(5)))
    with pytest.raises(StoreError):
        await records.append(a_record(cost=Money(5)))
    assert list((await spent(records)).values()) == [Money(5)]


async def test_two_gateways_share_a_file(records: StoredRecords, place: Path | Secret) -> None:
    other = await StoredRecords.open(place)
    mine = [records.append(a_record(f"rec_a{number}", cost=Money(1))) for number in range(300)]
    theirs = [other.append(a_record(f"rec_b{number}", cost=Money(1))) for number in range(300)]
    await asyncio.gather(*mine, *theirs)
    assert len(await records.find(RecordFilter(limit=1_000))) == 600
    assert list((await spent(other)).values()) == [Money(600)]
    await other.close()


async def test_a_cancelled_append_leaves_its_record(records: StoredRecords) -> None:
    task = asyncio.create_task(records.append(a_record("rec_1")))
    await asyncio.sleep(0)
    task.cancel()
    await records.append(a_record("rec_2"))
    assert task.cancelled()
    assert await records.get("rec_1") is not None


async def test_closing_under_load_loses_nothing_that_was_taken(place: Path | Secret) -> None:
    records = await StoredRecords.open(place)
    tasks = [asyncio.create_task(records.append(a_record(f"rec_{number}"))) for number in range(500)]
    await asyncio.sleep(0)
    await records.close()
    await asyncio.gather(*tasks)
    again = await StoredRecords.open(place)
    assert len(await again.find(RecordFilter(limit=1_000))) == 500
    await again.close()


async def test_a_closed_store_says_so(records: StoredRecords) -> None:
    await records.close()
    assert not records.is_accepting()
    for attempt in (records.append(a_record()), records.get("rec_1"), records.find(RecordFilter())):
        with pytest.raises(StoreError, match="closed"):
            await attempt


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_only_the_owner_may_read_the_files(records: StoredRecords, tmp_path: Path) -> None:
    await records.append(a_record())
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"records.db": 0o600, "records.db-wal": 0o600, "records.db-shm": 0o600}


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_the_log_does_not_grow_without_end(records: StoredRecords, tmp_path: Path) -> None:
    for turn in range(40):
        await keep(records, *[a_record(f"rec_{turn}_{number}") for number in range(128)])
    assert (tmp_path / "records.db-wal").stat().st_size < 25_000_000
