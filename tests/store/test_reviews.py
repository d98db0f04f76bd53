"""What waits for a person is kept like a record: both or neither, once, and for as long as it is needed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from make import a_record, a_review
from weighbridge.domain.errors import OverloadedError, ReviewConflictError, StoreError
from weighbridge.domain.feedback import Feedback, Thumbs
from weighbridge.domain.notice import Notice
from weighbridge.domain.record import RecordFilter
from weighbridge.domain.review import ReviewAct, ReviewFilter, ReviewState, ReviewVerb
from weighbridge.review.act import act, expire
from weighbridge.store.records import SqliteRecords
from weighbridge.store.reviews import SqliteReviews

CLAIM = ReviewAct(ReviewVerb.CLAIM, "ann", "2026-11-25T01:00:00.000000Z", locked_until="2026-11-25T02:00:00.000000Z")
APPROVE = ReviewAct(ReviewVerb.APPROVE, "ann", "2026-11-25T01:30:00.000000Z")
NOTICE = Notice("msg_1", "tag", "2026-11-25T01:30:00.000000Z", "{}")


@asynccontextmanager
async def store_in(folder: Path, most: int = 10) -> AsyncIterator[tuple[SqliteRecords, SqliteReviews]]:
    records = await SqliteRecords.open(folder / "records.db")
    try:
        yield records, SqliteReviews(records, most)
    finally:
        await records.close()


def numbered(number: int) -> str:
    return f"{number:026d}"


async def test_an_item_and_its_record_are_there_together(tmp_path: Path) -> None:
    async with store_in(tmp_path) as (records, reviews):
        item = a_review()
        await reviews.open(a_record(id=item.record_id), item)
        assert await reviews.get(item.id) == item
        assert await records.get(item.record_id) is not None


async def test_a_record_that_cannot_be_written_leaves_no_item(tmp_path: Path) -> None:
    async with store_in(tmp_path) as (records, reviews):
        item = a_review()
        await records.append(a_record(id=item.record_id))
        with pytest.raises(StoreError):
            await reviews.open(a_record(id=item.record_id), item)
        assert await reviews.get(item.id) is None


async def test_a_full_queue_takes_no_more_and_leaves_no_half(tmp_path: Path) -> None:
    async with store_in(tmp_path, most=1) as (records, reviews):
        await reviews.open(a_record(id="rec_1"), a_review(id="rev_1", record_id="rec_1"))
        with pytest.raises(OverloadedError, match="review queue is full"):
            await reviews.open(a_record(id="rec_2"), a_review(id="rev_2", record_id="rec_2"))
        assert [record.id for record in await records.find(RecordFilter())] == ["rec_1"]


async def test_of_two_changes_to_one_version_the_second_is_refused(tmp_path: Path) -> None:
    async with store_in(tmp_path) as (_, reviews):
        item = a_review()
        await reviews.open(a_record(id=item.record_id), item)
        await reviews.replace(act(item, CLAIM))
        with pytest.raises(ReviewConflictError, match="meantime"):
            await reviews.replace(act(item, APPROVE), NOTICE)
        assert await reviews.due_notices("2027") == []


async def test_a_decision_and_what_the_webhook_is_told_are_kept_together(tmp_path: Path) -> None:
    async with store_in(tmp_path) as (_, reviews):
        item = a_review()
        await reviews.open(a_record(id=item.record_id), item)
        await reviews.replace(act(item, APPROVE), NOTICE)
        assert await reviews.due_notices("2026-11-25T01:30:00.000000Z") == [NOTICE]
        later = replace(NOTICE, due_at="2026-11-25T01:31:00.000000Z", attempts=1)
        await reviews.put_off(later)
        assert await reviews.due_notices("2026-11-25T01:30:30.000000Z") == []
        assert await reviews.due_notices("2026-11-25T01:31:00.000000Z") == [later]
        await reviews.drop_notice(NOTICE.id)
        assert await reviews.due_notices("2027") == []


async def test_items_are_found_by_what_they_are(tmp_path: Path) -> None:
    async with store_in(tmp_path) as (_, reviews):
        for number, task in enumerate(["tag", "tag", "draft"]):
            record_id = f"rec_{numbered(number)}"
            await reviews.open(
                a_record(id=record_id), a_review(id=f"rev_{numbered(number)}", record_id=record_id, task=task)
            )
        first = await reviews.get(f"rev_{numbered(0)}")
        assert first is not None
        await reviews.replace(act(first, CLAIM))
        assert [item.task for item in await reviews.find(ReviewFilter())] == ["draft", "tag", "tag"]
        assert len(await reviews.find(ReviewFilter(task="tag", state=ReviewState.OPEN))) == 1
        assert [item.id for item in await reviews.find(ReviewFilter(assignee="ann"))] == [first.id]
        assert await reviews.find(ReviewFilter(caller="somebody")) == []
        assert len(await reviews.find(ReviewFilter(before_id=f"rev_{numbered(2)}", limit=1))) == 1


async def test_overdue_items_are_those_that_nobody_decided(tmp_path: Path) -> None:
    async with store_in(tmp_path) as (_, reviews):
        for number in range(3):
            await reviews.open(a_record(id=f"rec_{number}"), a_review(id=f"rev_{number}", record_id=f"rec_{number}"))
        await reviews.replace(act(a_review(id="rev_0", record_id="rec_0"), APPROVE))
        await reviews.replace(act(a_review(id="rev_1", record_id="rec_1"), CLAIM))
        assert await reviews.overdue("2026-11-25T23:00:00.000000Z") == []
        late = await reviews.overdue("2026-11-26T00:00:00.000000Z")
        assert [item.id for item in late] == ["rev_1", "rev_2"]
        await reviews.replace(expire(late[0], None))
        assert len(await reviews.overdue("2026-11-26T00:00:00.000000Z")) == 1


async def test_a_record_takes_its_decided_item_and_feedback_along_and_no_open_item(tmp_path: Path) -> None:
    async with store_in(tmp_path) as (records, reviews):
        for name in ("decided", "open"):
            record = a_record(id=f"rec_{name}", expires_at="2026-11-25T00:00:00.000000Z")
            await reviews.open(record, a_review(id=f"rev_{name}", record_id=record.id))
        await reviews.replace(act(a_review(id="rev_decided", record_id="rec_decided"), APPROVE))
        await reviews.add_feedback(Feedback("fb_1", "rec_decided", "2026-11-25T00:00:00Z", "ann", Thumbs.UP))
        assert await records.expire(1_800_000_000.0) == 2
        assert await reviews.get("rev_decided") is None
        assert await reviews.get("rev_open") is not None
        assert await reviews.feedback("rec_decided") == []


async def test_feedback_is_kept_in_order(tmp_path: Path) -> None:
    async with store_in(tmp_path) as (_, reviews):
        said = [
            Feedback("fb_1", "rec_1", "2026-11-25T00:00:00Z", "ann", Thumbs.DOWN, "legal"),
            Feedback("fb_2", "rec_1", "2026-11-25T00:00:01Z", "bob", text="Wrong amount."),
        ]
        for one in said:
            await reviews.add_feedback(one)
        assert await reviews.feedback("rec_1") == said
