"""What is seen of traffic is kept once, whichever process sees it, and goes with its record."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from make import a_classification, a_record, a_review
from weighbridge.domain.drift import Monitor, Watched
from weighbridge.domain.secret import Secret
from weighbridge.store.drift import LARGEST_PAGE, StoredDrift
from weighbridge.store.records import StoredRecords
from weighbridge.store.reviews import StoredReviews

STATE = Watched("tag", "fast-small", "basis")


@asynccontextmanager
async def store_in(place: Path | Secret) -> AsyncIterator[tuple[StoredRecords, StoredDrift]]:
    records = await StoredRecords.open(place)
    try:
        yield records, StoredDrift(records)
    finally:
        await records.close()


async def test_news_are_told_once(place: Path | Secret) -> None:
    async with store_in(place) as (records, drift):
        await records.append(a_record())
        news = await drift.news({"tag"}, ())
        assert [record.id for record in news.records] == ["rec_1"]
        assert await drift.keep([STATE], [], news)
        assert (await drift.news({"tag"}, ())).records == ()
        assert await drift.watched() == [STATE]


async def test_the_slower_of_two_processes_keeps_nothing(place: Path | Secret) -> None:
    async with store_in(place) as (records, drift), store_in(place) as (_, other):
        await records.append(a_record())
        mine, theirs = await drift.news({"tag"}, ()), await other.news({"tag"}, ())
        assert await drift.keep([STATE], [], mine)
        item = a_review(record_id="rec_1")
        assert not await other.keep([replace(STATE, basis="late")], [item], theirs)
        assert await drift.watched() == [STATE]
        assert await StoredReviews(records).get(item.id) is None


async def test_news_and_states_are_of_one_moment(place: Path | Secret) -> None:
    async with store_in(place) as (records, drift):
        await records.append(a_record())
        first = await drift.news({"tag"}, ())
        assert first.watched == ()
        assert await drift.keep([STATE], [], first)
        assert (await drift.news({"tag"}, ())).watched == (STATE,)


async def test_other_tasks_and_ignored_callers_are_no_news(place: Path | Secret) -> None:
    async with store_in(place) as (records, drift):
        await records.append(a_record("rec_1", classification=a_classification("other")))
        await records.append(a_record("rec_2", caller="_evaluation"))
        news = await drift.news({"tag"}, ("_evaluation",))
        assert (news.records, news.seen[0], news.is_all) == ((), 2, True)


async def test_a_full_page_says_that_there_is_more(place: Path | Secret) -> None:
    async with store_in(place) as (records, drift):
        for number in range(LARGEST_PAGE + 1):
            await records.append(a_record(f"rec_{number}"))
        news = await drift.news({"tag"}, ())
        assert (len(news.records), news.is_all, news.seen[0]) == (LARGEST_PAGE, False, LARGEST_PAGE)


async def test_numbers_of_deleted_rows_are_not_taken_for_seen(place: Path | Secret) -> None:
    async with store_in(place) as (records, drift):
        await records.append(a_record("rec_1", expires_at="2026-01-01T00:00:00.000000Z"))
        assert await drift.keep([], [], await drift.news({"tag"}, ()))
        assert await records.expire(1.8e9) == 1
        await records.append(a_record("rec_2"))
        assert [record.id for record in (await drift.news({"tag"}, ())).records] == ["rec_2"]


async def test_what_turned_out_goes_with_its_record(place: Path | Secret) -> None:
    async with store_in(place) as (records, drift):
        await records.append(a_record("rec_1", expires_at="2026-01-01T00:00:00.000000Z"))
        await drift.add("rec_1", Monitor.JUDGE, 0.5)
        await drift.add("rec_none", Monitor.JUDGE, 0.5)
        (only,) = (await drift.news({"tag"}, ())).hindsights
        assert (only.record.id, only.monitor, only.value) == ("rec_1", Monitor.JUDGE, 0.5)
        await records.expire(1.8e9)
        assert (await drift.news({"tag"}, ())).hindsights == ()
