"""What waits for a person is kept like a record: both or neither, once, and for as long as it is needed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from make import a_record, a_review
from weighbridge.domain.errors import (
    InvalidFieldError,
    OverloadedError,
    ReviewConflictError,
    StoreError,
    UnwritableRecordError,
)
from weighbridge.domain.feedback import Feedback, Thumbs
from weighbridge.domain.notice import GIVEN_UP, Notice
from weighbridge.domain.record import RecordFilter
from weighbridge.domain.review import ReviewAct, ReviewFilter, ReviewState, ReviewVerb, Turn
from weighbridge.domain.secret import Secret
from weighbridge.review.act import act, expire, without_content
from weighbridge.store.notices import MOST_EACH, MOST_REMARKS
from weighbridge.store.records import StoredRecords
from weighbridge.store.reviews import StoredReviews

CLAIM = ReviewAct(ReviewVerb.CLAIM, "ann", "2026-11-25T01:00:00.000000Z", locked_until="2026-11-25T02:00:00.000000Z")
APPROVE = ReviewAct(ReviewVerb.APPROVE, "ann", "2026-11-25T01:30:00.000000Z")
NOTICE = Notice("msg_1", "tag", "2026-11-25T01:30:00.000000Z", "{}")


@asynccontextmanager
async def store_in(place: Path | Secret, most: int = 10) -> AsyncIterator[tuple[StoredRecords, StoredReviews]]:
    records = await StoredRecords.open(place)
    try:
        yield records, StoredReviews(records, most)
    finally:
        await records.close()


def numbered(number: int) -> str:
    return f"{number:026d}"


async def test_an_item_and_its_record_are_there_together(place: Path | Secret) -> None:
    async with store_in(place) as (records, reviews):
        item = a_review()
        await reviews.open(a_record(id=item.record_id), item)
        assert await reviews.get(item.id) == item
        assert await records.get(item.record_id) is not None


async def test_a_record_that_cannot_be_written_leaves_no_item(place: Path | Secret) -> None:
    async with store_in(place) as (records, reviews):
        item = a_review()
        await records.append(a_record(id=item.record_id))
        with pytest.raises(StoreError):
            await reviews.open(a_record(id=item.record_id), item)
        assert await reviews.get(item.id) is None


async def test_a_full_queue_takes_no_more_and_leaves_no_half(place: Path | Secret) -> None:
    async with store_in(place, most=1) as (records, reviews):
        await reviews.open(a_record(id="rec_1"), a_review(id="rev_1", record_id="rec_1"))
        with pytest.raises(OverloadedError, match="review queue is full"):
            await reviews.open(a_record(id="rec_2"), a_review(id="rev_2", record_id="rec_2"))
        assert [record.id for record in await records.find(RecordFilter())] == ["rec_1"]


async def test_of_two_changes_to_one_version_the_second_is_refused(place: Path | Secret) -> None:
    async with store_in(place) as (_, reviews):
        item = a_review()
        await reviews.open(a_record(id=item.record_id), item)
        await reviews.replace(act(item, CLAIM))
        with pytest.raises(ReviewConflictError, match="meantime"):
            await reviews.replace(act(item, APPROVE), NOTICE)
        assert await reviews.due_notices("2027") == []


async def test_a_decision_and_what_the_webhook_is_told_are_kept_together(place: Path | Secret) -> None:
    async with store_in(place) as (_, reviews):
        item = a_review()
        await reviews.open(a_record(id=item.record_id), item)
        await reviews.replace(act(item, APPROVE), NOTICE)
        assert await reviews.due_notices("2026-11-25T01:30:00.000000Z") == [NOTICE]
        later = replace(NOTICE, due_at="2026-11-25T01:31:00.000000Z", attempts=1, fault="status 503")
        assert await reviews.take_notice(later)
        await reviews.put_off(later)
        assert await reviews.due_notices("2026-11-25T01:30:30.000000Z") == []
        assert await reviews.due_notices("2026-11-25T01:31:00.000000Z") == [later]
        await reviews.drop_notice(NOTICE.id)
        assert await reviews.due_notices("2027") == []


async def test_of_two_processes_that_would_deliver_a_notice_one_does(place: Path | Secret) -> None:
    async with store_in(place) as (_, reviews):
        item = a_review()
        await reviews.open(a_record(id=item.record_id), item)
        await reviews.replace(act(item, APPROVE), NOTICE)
        tried = replace(NOTICE, due_at="2026-11-25T01:31:00.000000Z", attempts=1)
        assert [await reviews.take_notice(tried) for _ in range(2)] == [True, False]
        await reviews.put_off(replace(NOTICE, due_at="2020", fault="a try before this one"))
        assert await reviews.notice(NOTICE.id) == tried


async def test_no_task_fills_the_list_of_what_is_due(place: Path | Secret) -> None:
    async with store_in(place, most=50) as (_, reviews):
        for number, task in enumerate(["hangs"] * 30 + ["tag"]):
            item = a_review(id=f"rev_{number}", record_id=f"rec_{number}", task=task)
            await reviews.open(a_record(id=item.record_id), item)
            await reviews.replace(act(item, APPROVE), replace(NOTICE, id=f"msg_{number}", task=task))
        due = await reviews.due_notices("2027")
    assert [notice.task for notice in due] == ["hangs"] * MOST_EACH + ["tag"]


async def test_items_are_found_by_what_they_are(place: Path | Secret) -> None:
    async with store_in(place) as (_, reviews):
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
        assert [item.task for item in await reviews.find(ReviewFilter(tasks=frozenset({"draft"})))] == ["draft"]
        assert await reviews.find(ReviewFilter(tasks=frozenset())) == []
        assert len(await reviews.find(ReviewFilter(since="2026-11-25T01:00:00+01:00"))) == 3
        assert await reviews.find(ReviewFilter(since="2026-11-26")) == []
        with pytest.raises(InvalidFieldError, match="no time"):
            await reviews.find(ReviewFilter(since="yesterday"))
        assert len(await reviews.find(ReviewFilter(before_id=f"rev_{numbered(2)}", limit=1))) == 1


async def test_overdue_items_are_those_that_nobody_decided(place: Path | Secret) -> None:
    async with store_in(place) as (_, reviews):
        for number in range(3):
            await reviews.open(a_record(id=f"rec_{number}"), a_review(id=f"rev_{number}", record_id=f"rec_{number}"))
        await reviews.replace(act(a_review(id="rev_0", record_id="rec_0"), APPROVE))
        await reviews.replace(act(a_review(id="rev_1", record_id="rec_1"), CLAIM))
        assert await reviews.overdue("2026-11-25T23:00:00.000000Z") == []
        late = await reviews.overdue("2026-11-26T00:00:00.000000Z")
        assert [item.id for item in late] == ["rev_1", "rev_2"]
        await reviews.replace(expire(late[0], None))
        assert len(await reviews.overdue("2026-11-26T00:00:00.000000Z")) == 1


async def test_a_record_takes_all_that_hangs_on_it_along_and_stays_while_a_person_decides(place: Path | Secret) -> None:
    async with store_in(place) as (records, reviews):
        for name in ("decided", "open"):
            record = a_record(id=f"rec_{name}", expires_at="2026-11-25T00:00:00.000000Z")
            await reviews.open(record, a_review(id=f"rev_{name}", record_id=record.id))
        decided = act(a_review(id="rev_decided", record_id="rec_decided"), APPROVE)
        await reviews.replace(decided, replace(NOTICE, id="msg_rev_decided", due_at=GIVEN_UP))
        await reviews.add_feedback(Feedback("fb_1", "rec_decided", "2026-11-25T00:00:00Z", "ann", Thumbs.UP))
        assert await records.expire(1_800_000_000.0) == 1
        assert await reviews.get("rev_decided") is None
        assert await reviews.notice("msg_rev_decided") is None
        assert await reviews.get("rev_open") is not None
        assert await reviews.feedback("rec_decided") == []
        await reviews.replace(act(a_review(id="rev_open", record_id="rec_open"), APPROVE))
        assert await records.expire(1_800_000_000.0) == 1
        assert await reviews.find(ReviewFilter()) == []


@pytest.mark.parametrize("is_closed", [True, False])
async def test_what_is_forgotten_stands_in_no_file_any_more(tmp_path: Path, is_closed: bool) -> None:
    """At the latest with the next cleaning, or when the process ends that forgot it while another one goes on."""
    asked = Turn("user", "my-very-private-question " * 1_000)
    async with store_in(tmp_path / "records.db"), store_in(tmp_path / "records.db") as (records, reviews):
        item = a_review(conversation=(asked,))
        await reviews.open(a_record(id=item.record_id), item)
        assert any(b"my-very-private" in path.read_bytes() for path in tmp_path.iterdir())
        await reviews.replace(without_content(act(item, APPROVE)))
        await (records.close() if is_closed else records.expire(0.0))
        assert not any(b"my-very-private" in path.read_bytes() for path in tmp_path.iterdir())


async def test_feedback_is_kept_in_order(place: Path | Secret) -> None:
    async with store_in(place) as (records, reviews):
        await records.append(a_record(id="rec_1"))
        said = [
            Feedback("fb_1", "rec_1", "2026-11-25T00:00:00Z", "ann", Thumbs.DOWN, "legal"),
            Feedback("fb_2", "rec_1", "2026-11-25T00:00:01Z", "bob", text="Wrong amount."),
        ]
        for one in said:
            await reviews.add_feedback(one)
        assert await reviews.feedback("rec_1") == said


async def test_feedback_on_what_is_gone_or_full_is_refused(place: Path | Secret) -> None:
    async with store_in(place) as (records, reviews):
        await records.append(a_record(id="rec_1"))
        for number in range(MOST_REMARKS):
            await reviews.add_feedback(Feedback(f"fb_{number:03}", "rec_1", "2026-11-25T00:00:00Z", "ann", Thumbs.UP))
        for record_id in ("rec_1", "rec_gone"):
            with pytest.raises(InvalidFieldError, match="takes no more feedback"):
                await reviews.add_feedback(Feedback("fb_more", record_id, "2026-11-25T00:00:00Z", "ann", Thumbs.UP))
        assert len(await reviews.feedback("rec_1")) == MOST_REMARKS


async def test_a_text_that_json_cannot_hold_is_refused_and_the_store_goes_on(place: Path | Secret) -> None:
    async with store_in(place) as (_, reviews):
        item = a_review()
        await reviews.open(a_record(id=item.record_id), item)
        with pytest.raises(UnwritableRecordError):
            await reviews.replace(act(item, replace(APPROVE, note="\ud800")))
        await reviews.replace(act(item, APPROVE))
