"""What webhooks have still to be told: taken from the store, tried, put off, and one day given up."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from weighbridge.domain.errors import StoreError
from weighbridge.domain.moment import rfc3339
from weighbridge.domain.notice import GIVEN_UP, MOST_ATTEMPTS, Notice
from weighbridge.domain.task import ReviewRule
from weighbridge.pipeline.house import House

LEASE_S = 30.0
"""For so long, longer than a try, one process has a notice to itself; if it dies meanwhile, another takes over."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 21_600.0

log = logging.getLogger("weighbridge.webhooks")


async def tell_webhooks(house: House) -> int:
    """Try what is due once, a few at the same time; how many were delivered. Raises StoreError when nothing can be
    read."""
    due = await house.reviews.due_notices(_at(house.clock.now()))
    return sum(await asyncio.gather(*(_try(notice, house) for notice in due)))


async def tell_every(interval_s: float, house: House) -> None:
    """Do that now and again, until cancelled. A failure of the store is logged and tried again."""
    while True:
        await asyncio.sleep(interval_s)
        try:
            while await tell_webhooks(house):
                pass
        except StoreError as error:
            log.warning("webhooks were not told: %s", error)


async def _try(notice: Notice, house: House) -> bool:
    tried = replace(notice, attempts=notice.attempts + 1, due_at=_at(house.clock.now() + LEASE_S))
    try:
        if not await house.reviews.take_notice(tried):
            return False
        fault = await _told(tried, house)
        if fault is None:
            await house.reviews.drop_notice(tried.id)
            return True
        await _put_off(replace(tried, fault=fault), house)
    except StoreError as error:
        log.warning("what came of %s was not kept, it is tried again: %s", notice.id, error)
    return False


async def _told(notice: Notice, house: House) -> str | None:
    """`None` when it was taken, or when the config has no receiver any more; else what came of the try."""
    rule = _rule(notice, house)
    if rule is None or rule.webhook_url is None or rule.webhook_secret is None:
        return None
    body = notice.body.encode()
    return await house.webhooks.tell(rule.webhook_url, rule.webhook_secret, notice.id, body, house.clock.now())


async def _put_off(notice: Notice, house: House) -> None:
    told = (notice.task, notice.id, notice.fault, notice.attempts, MOST_ATTEMPTS)
    if notice.attempts >= MOST_ATTEMPTS:
        log.error("webhook of task %s did not take %s: %s; given up after try %d of %d", *told)
        await house.reviews.put_off(replace(notice, due_at=GIVEN_UP))
        return
    log.warning("webhook of task %s did not take %s: %s; this was try %d of %d", *told)
    step_s = min(FIRST_PAUSE_S * 2 ** (notice.attempts - 1), LONGEST_PAUSE_S)
    pause_s = step_s * (0.5 + 0.5 * house.chance())
    await house.reviews.put_off(replace(notice, due_at=_at(house.clock.now() + pause_s)))


def _rule(notice: Notice, house: House) -> ReviewRule | None:
    task = house.in_force.policy.tasks.get(notice.task)
    return task.review if task else None


def _at(now: float) -> str:
    return rfc3339(datetime.fromtimestamp(0, UTC) + timedelta(seconds=now))
