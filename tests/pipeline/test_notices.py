"""A webhook that does not listen is told again in the same words; one that went away is let go."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from make import a_policy, a_record, a_review, a_task
from pipeline.scripted import Script, gateway_on
from weighbridge.domain.notice import GIVEN_UP, MOST_ATTEMPTS, Notice
from weighbridge.domain.review import ReviewAct, ReviewVerb
from weighbridge.domain.secret import Secret
from weighbridge.domain.task import ReviewRule
from weighbridge.pipeline.house import House
from weighbridge.pipeline.notices import LEASE_S, LONGEST_PAUSE_S, tell_webhooks
from weighbridge.providers.clock import ManualClock
from weighbridge.review.act import act

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RULE = ReviewRule(webhook_url="https://x.test/hook", webhook_secret=Secret("${env:HOOK}", SECRET))
AT = "2026-11-25T01:30:00.000000Z"


class Receiver:
    """Satisfies `ports.Webhooks`."""

    def __init__(self, *, listens: bool) -> None:
        self.listens, self.told = listens, list[tuple[str, bytes]]()

    async def tell(self, url: str, secret: Secret, notice_id: str, body: bytes, now: float) -> str | None:
        self.told.append((notice_id, body))
        return None if self.listens else "status 503"


class Hangs(Receiver):
    """Never answers, or not to one notice."""

    def __init__(self, only: str | None = None) -> None:
        super().__init__(listens=True)
        self.only, self.began = only, asyncio.Event()

    async def tell(self, url: str, secret: Secret, notice_id: str, body: bytes, now: float) -> str | None:
        if self.only in {None, notice_id}:
            self.told.append((notice_id, body))
            self.began.set()
            await asyncio.Event().wait()
        return await super().tell(url, secret, notice_id, body, now)


@asynccontextmanager
async def decided(folder: Path, receiver: Receiver, task: str = "tag") -> AsyncIterator[tuple[House, ManualClock]]:
    async with gateway_on(Script(), a_policy(a_task(review=RULE)), folder) as house:
        clock = ManualClock(now=datetime.fromisoformat(AT).timestamp())
        house.clock = ManualClock(now=0)  # for the gateway's own loop nothing is due: only the test delivers
        item = a_review(task=task)
        await house.reviews.open(a_record(id=item.record_id), item)
        done = act(item, ReviewAct(ReviewVerb.APPROVE, "ann", AT))
        await house.reviews.replace(done, Notice("msg_1", task, AT, '{"a": 1}'))
        yield replace(house, webhooks=receiver, clock=clock), clock


async def test_a_notice_that_was_taken_is_gone(tmp_path: Path) -> None:
    receiver = Receiver(listens=True)
    async with decided(tmp_path, receiver) as (house, _):
        assert await tell_webhooks(house) == 1
        assert await tell_webhooks(house) == 0
        assert await house.reviews.notice("msg_1") is None
    assert receiver.told == [("msg_1", b'{"a": 1}')]


async def test_a_notice_that_was_refused_comes_again_with_the_same_id_and_is_one_day_given_up(tmp_path: Path) -> None:
    receiver = Receiver(listens=False)
    async with decided(tmp_path, receiver) as (house, clock):
        await tell_webhooks(house)
        assert await tell_webhooks(house) == 0
        for _ in range(MOST_ATTEMPTS + 3):
            clock.advance(LONGEST_PAUSE_S)
            await tell_webhooks(house)
        kept = await house.reviews.notice("msg_1")
    assert kept is not None
    assert (kept.attempts, kept.due_at) == (MOST_ATTEMPTS, GIVEN_UP)
    assert {number for number, _ in receiver.told} == {"msg_1"}
    assert len(receiver.told) == MOST_ATTEMPTS


async def test_a_process_that_dies_in_the_middle_of_a_try_leaves_the_notice_to_others(tmp_path: Path) -> None:
    hanging, listening = Hangs(), Receiver(listens=True)
    async with decided(tmp_path, hanging) as (house, clock):
        trying = asyncio.create_task(tell_webhooks(house))
        await hanging.began.wait()
        trying.cancel()
        await asyncio.wait({trying})
        house.webhooks = listening
        assert await tell_webhooks(house) == 0
        clock.advance(LEASE_S + 1)
        assert await tell_webhooks(house) == 1
    assert hanging.told == listening.told


async def test_a_receiver_that_hangs_keeps_no_other_waiting(tmp_path: Path) -> None:
    receiver = Hangs("msg_1")
    async with decided(tmp_path, receiver) as (house, _):
        item = a_review(id="rev_2", record_id="rec_2")
        await house.reviews.open(a_record(id=item.record_id), item)
        await house.reviews.replace(act(item, ReviewAct(ReviewVerb.APPROVE, "ann", AT)), Notice("msg_2", "tag", AT, ""))
        trying = asyncio.create_task(tell_webhooks(house))
        async with asyncio.timeout(5):
            while await house.reviews.notice("msg_2") is not None:
                await asyncio.sleep(0.01)
        trying.cancel()
        await asyncio.wait({trying})
        assert await house.reviews.notice("msg_1") is not None


async def test_a_store_that_fails_after_the_try_lets_the_loop_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Breaks(Receiver):
        async def tell(self, url: str, secret: Secret, notice_id: str, body: bytes, now: float) -> str | None:
            with closing(sqlite3.connect(tmp_path / "records.db")) as other:
                other.execute("DROP TABLE notices")
            return await super().tell(url, secret, notice_id, body, now)

    async with decided(tmp_path, Breaks(listens=False)) as (house, _):
        assert await tell_webhooks(house) == 0
    assert "what came of msg_1 was not kept, it is tried again" in caplog.text


async def test_why_a_try_failed_is_kept_and_logged_without_the_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with decided(tmp_path, Receiver(listens=False)) as (house, _):
        await tell_webhooks(house)
        kept = await house.reviews.notice("msg_1")
    assert kept is not None
    assert (kept.attempts, kept.fault) == (1, "status 503")
    assert "did not take msg_1: status 503; this was try 1 of 16" in caplog.text
    assert SECRET not in caplog.text


async def test_a_task_without_a_webhook_any_more_lets_its_notice_go(tmp_path: Path) -> None:
    receiver = Receiver(listens=False)
    async with decided(tmp_path, receiver, task="gone") as (house, _):
        await tell_webhooks(house)
        assert await house.reviews.notice("msg_1") is None
    assert receiver.told == []
