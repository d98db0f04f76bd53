"""Watching proved models in traffic: what was written since the last look, and which proofs that ends."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from weighbridge.config.digest import digest_of
from weighbridge.domain.caller import OWN
from weighbridge.domain.drift import Demotion, DriftRule, Watched
from weighbridge.domain.errors import StoreError
from weighbridge.domain.moment import rfc3339
from weighbridge.domain.news import Hindsight, News
from weighbridge.domain.policy import Policy
from weighbridge.domain.proof import Proof
from weighbridge.domain.record import Record
from weighbridge.domain.review import ReviewItem, ReviewReason
from weighbridge.pipeline.house import House
from weighbridge.routing.drift import begun, watch

log = logging.getLogger("weighbridge.drift")

WATCHER = "_drift"
"""Who opens the review item of a demotion; no key can be called like this."""
TIME_TO_LOOK_S = 7 * 86_400.0
"""For people, where the task does not say how long they have."""

Pair = tuple[str, str]
Rules = Mapping[Pair, tuple[Proof, DriftRule]]


def demotions_of(states: Iterable[Watched]) -> dict[Pair, Demotion]:
    """Task and model → what ended its proof."""
    return {(state.task, state.model): state.demotion for state in states if state.demotion is not None}


async def watch_every(interval_s: float, house: House) -> None:
    """Look now and again, until cancelled. A failure of the store is logged and tried again."""
    while True:
        try:
            while not await look(house):
                pass
        except StoreError as error:
            log.warning("drift was not looked at: %s", error)
        await asyncio.sleep(interval_s)


async def look(house: House) -> bool:
    """Take in a page of what was written; False when there is more.

    Where another process was quicker nothing is kept, and its demotions are taken over with the next look.
    """
    rules = rules_of(house.in_force.policy)
    if not rules:
        return True
    news = await house.drift.news({task for task, _ in rules}, tuple(sorted(OWN)))
    before = {(state.task, state.model): state for state in news.watched}
    now = datetime.fromtimestamp(house.clock.now(), UTC)
    after = await asyncio.to_thread(folded, before, news, rules, rfc3339(now))
    changed = {pair: state for pair, state in after.items() if state != before.get(pair)}
    opened = list[ReviewItem]()
    for pair, state in changed.items():
        if state.demotion is not None and state.review_id is None:
            opened.append(_opened(state.demotion, house, now))
            changed[pair] = replace(state, review_id=opened[-1].id)
    is_kept = (changed or news.seen != news.begun) and await house.drift.keep([*changed.values()], opened, news)
    house.demotions = demotions_of({**before, **(changed if is_kept else {})}.values())
    for item in opened if is_kept else ():
        log.warning("%s Review %s waits for somebody to look.", item.proposed, item.id)
    return news.is_all


def folded(before: Mapping[Pair, Watched], news: News, rules: Rules, at: str) -> dict[Pair, Watched]:
    """Every watched model's state after the news."""
    after = dict[Pair, Watched]()
    items: list[Record | Hindsight] = [*news.records, *news.hindsights]
    for pair, (proof, rule) in rules.items():
        state = begun(before.get(pair), proof, digest_of([proof.digest, rule]))
        for item in items:
            record = item if isinstance(item, Record) else item.record
            if _is_about(record, proof):
                state = watch(state, item, proof, rule, at)
        after[pair] = state
    return after


def _is_about(record: Record, proof: Proof) -> bool:
    if record.classification is None or record.classification.task != proof.task:
        return False
    return datetime.fromisoformat(record.created_at) >= datetime.fromisoformat(proof.made_at)


def rules_of(policy: Policy) -> dict[Pair, tuple[Proof, DriftRule]]:
    """Task and model → the proof that is watched and by which rule."""
    gates = {name: task.gate for name, task in policy.tasks.items()}
    return {
        (proof.task, proof.model): (proof, gate.drift)
        for proof in policy.proofs
        if (gate := gates.get(proof.task)) is not None and gate.drift is not None
    }


def _opened(demotion: Demotion, house: House, now: datetime) -> ReviewItem:
    task = house.in_force.policy.tasks[demotion.task]
    time_s = TIME_TO_LOOK_S if task.review is None else task.review.deadline_s
    return ReviewItem(
        id=house.new_id().replace("rec_", "rev_", 1),
        record_id=demotion.record_id,
        created_at=rfc3339(now),
        deadline=rfc3339(now + timedelta(seconds=time_s)),
        task=demotion.task,
        risk=task.risk,
        caller=WATCHER,
        reason=ReviewReason.DRIFT,
        fault=demotion.monitor.value,
        conversation=(),
        proposed=demotion.sentence,
        findings=(),
    )
