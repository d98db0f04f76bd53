"""A webhook that does not listen is tried again, in other words never; one that went away is let go."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from make import a_policy, a_record, a_review, a_task
from pipeline.scripted import Script, gateway_on
from weighbridge.domain.notice import GIVEN_UP, MOST_ATTEMPTS, Notice
from weighbridge.domain.review import ReviewAct, ReviewVerb
from weighbridge.domain.secret import Secret
from weighbridge.domain.task import ReviewRule
from weighbridge.pipeline.house import House
from weighbridge.pipeline.notices import tell_webhooks
from weighbridge.providers.clock import ManualClock
from weighbridge.review.act import act

RULE = ReviewRule(webhook_url="https://x.test/hook", webhook_secret=Secret("${env:HOOK}", "s"))
AT = "2026-11-25T01:30:00.000000Z"


class Receiver:
    """Satisfies `ports.Webhooks`."""

    def __init__(self, *, listens: bool) -> None:
        self.listens, self.told = listens, list[tuple[str, bytes]]()

    async def tell(self, url: str, secret: Secret, notice_id: str, body: bytes, now: float) -> bool:
        self.told.append((notice_id, body))
        return self.listens


@asynccontextmanager
async def decided(folder: Path, receiver: Receiver, task: str = "tag") -> AsyncIterator[tuple[House, ManualClock]]:
    async with gateway_on(Script(), a_policy(a_task(review=RULE)), folder) as house:
        clock = ManualClock(now=datetime.fromisoformat(AT).timestamp())
        house.webhooks, house.clock = receiver, clock
        item = a_review(task=task)
        await house.reviews.open(a_record(id=item.record_id), item)
        done = act(item, ReviewAct(ReviewVerb.APPROVE, "ann", AT))
        await house.reviews.replace(done, Notice("msg_1", task, AT, '{"a": 1}'))
        yield house, clock


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
            clock.advance(3_700)
            await tell_webhooks(house)
        kept = await house.reviews.notice("msg_1")
    assert kept is not None
    assert (kept.attempts, kept.due_at) == (MOST_ATTEMPTS, GIVEN_UP)
    assert {number for number, _ in receiver.told} == {"msg_1"}
    assert len(receiver.told) == MOST_ATTEMPTS


async def test_a_process_that_dies_in_the_middle_of_a_try_leaves_the_notice_to_others(tmp_path: Path) -> None:
    class Dies(Receiver):
        async def tell(self, url: str, secret: Secret, notice_id: str, body: bytes, now: float) -> bool:
            raise KeyboardInterrupt

    async with decided(tmp_path, Receiver(listens=True)) as (house, clock):
        house.webhooks = Dies(listens=False)
        try:
            await tell_webhooks(house)
        except KeyboardInterrupt:
            house.webhooks = receiver = Receiver(listens=True)
        assert await tell_webhooks(house) == 0
        clock.advance(61)
        assert await tell_webhooks(house) == 1
    assert len(receiver.told) == 1


async def test_a_task_without_a_webhook_any_more_lets_its_notice_go(tmp_path: Path) -> None:
    receiver = Receiver(listens=False)
    async with decided(tmp_path, receiver, task="gone") as (house, _):
        await tell_webhooks(house)
        assert await house.reviews.notice("msg_1") is None
    assert receiver.told == []
