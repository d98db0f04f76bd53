"""What webhooks have still to be told: taken from the store, tried, put off, and one day given up."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from weighbridge.domain.errors import StoreError
from weighbridge.domain.notice import GIVEN_UP, MOST_ATTEMPTS, Notice
from weighbridge.domain.task import ReviewRule
from weighbridge.pipeline.draft import rfc3339
from weighbridge.pipeline.house import House

LEASE_S = 60.0
"""For so long one process has a notice to itself; if it dies meanwhile, another takes over."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 3_600.0

log = logging.getLogger("weighbridge.webhooks")


async def tell_webhooks(house: House) -> int:
    """Try everything that is due once; how many were tried."""
    due = await house.reviews.due_notices(_at(house.clock.now()))
    for notice in due:
        tried = replace(notice, attempts=notice.attempts + 1, due_at=_at(house.clock.now() + LEASE_S))
        await house.reviews.put_off(tried)
        if await _was_taken(tried, house):
            await house.reviews.drop_notice(tried.id)
        else:
            await _put_off(tried, house)
    return len(due)


async def tell_every(interval_s: float, house: House) -> None:
    """Do that now and again, until cancelled. A failure of the store is logged and tried again."""
    while True:
        await asyncio.sleep(interval_s)
        try:
            await tell_webhooks(house)
        except StoreError as error:
            log.warning("webhooks were not told: %s", error)


async def _was_taken(notice: Notice, house: House) -> bool:
    rule = _rule(notice, house)
    if rule is None or rule.webhook_url is None or rule.webhook_secret is None:
        return True  # the config has no receiver any more
    body = notice.body.encode()
    return await house.webhooks.tell(rule.webhook_url, rule.webhook_secret, notice.id, body, house.clock.now())


async def _put_off(notice: Notice, house: House) -> None:
    if notice.attempts >= MOST_ATTEMPTS:
        log.error("webhook of task %s did not take %s in %d tries", notice.task, notice.id, notice.attempts)
        await house.reviews.put_off(replace(notice, due_at=GIVEN_UP))
        return
    step_s = min(FIRST_PAUSE_S * 2 ** (notice.attempts - 1), LONGEST_PAUSE_S)
    pause_s = step_s * (0.5 + 0.5 * house.chance())
    await house.reviews.put_off(replace(notice, due_at=_at(house.clock.now() + pause_s)))


def _rule(notice: Notice, house: House) -> ReviewRule | None:
    task = house.in_force.policy.tasks.get(notice.task)
    return task.review if task else None


def _at(now: float) -> str:
    return rfc3339(datetime.fromtimestamp(0, UTC) + timedelta(seconds=now))
