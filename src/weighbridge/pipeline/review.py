"""Handing an answer over to a person, what the person decides, and what becomes of it."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import orjson

from weighbridge.budget.tokens import count_tokens
from weighbridge.domain.errors import (
    InvalidCorrectionError,
    NeedsReviewError,
    NotFoundError,
    OverloadedError,
    ReviewConflictError,
    StoreError,
)
from weighbridge.domain.moment import rfc3339
from weighbridge.domain.notice import Notice
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.record import OutcomeStatus, Record
from weighbridge.domain.request import Message, OutputFormat, Role, Text, ToolCall
from weighbridge.domain.response import Choice, Response
from weighbridge.domain.review import ReviewAct, ReviewItem, ReviewReason, ReviewVerb, Turn
from weighbridge.domain.task import Contract, OnExpiry, ReviewRule, Task
from weighbridge.domain.usage import WORDS
from weighbridge.domain.verdict import Finding
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.endings import keep_failure
from weighbridge.pipeline.house import House
from weighbridge.pipeline.log_line import write_log_line
from weighbridge.review.act import act, expire, lapse, without_content
from weighbridge.validation.validate import validate

log = logging.getLogger("weighbridge.review")

REVIEWED = "reviewed-answer"
"""Stands for a model's name where a person decided."""
TIME_TO_FETCH_S = 86_400.0
"""After its deadline an item is kept at least so long."""
LOOK_EVERY_S = 1.0
"""How often a waiting call looks for a decision that another process took."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """What a person has to decide on."""

    reason: ReviewReason
    """Why."""
    fault: str
    """The code behind the reason."""
    proposed: str | None
    """The last answer of a model; `None` when none came."""
    findings: tuple[Finding, ...]
    """What is wrong with it."""
    calls: tuple[ToolCall, ...] = ()
    """Tools that the model asked for. A person can see that, and answer instead, but not let it through."""


async def hand_over(draft: Draft, handed: HandOver, house: House) -> Outcome:
    """Open a review item and write the record, both or neither; then wait as long as the task lets a call wait.

    Raises NeedsReviewError when nobody decided by then, OverloadedError when too many items wait, else StoreError.
    """
    rule = draft.task.review if draft.task else None
    item = _opened(draft, handed, rule or ReviewRule(), house.clock.now())
    record = _kept_for_its_caller(draft.close(OutcomeStatus.IN_REVIEW, now=house.clock.monotonic()), item)
    try:
        await house.reviews.open(record, item)
    except OverloadedError as error:
        await keep_failure(draft, error, house)
        raise
    write_log_line(record)
    decided = await _decision(item.id, rule.wait_s if rule else 0.0, house)
    if decided is None or decided.answer is None:
        raise _needs_review(draft, item, decided)
    return Outcome(Response(REVIEWED, (Choice(decided.answer),), usage=None), record)


async def decide(house: House, review_id: str, done: ReviewAct) -> ReviewItem:
    """What a person did, kept. A correction must keep the task's contract.

    Raises NotFoundError, ReviewConflictError, InvalidCorrectionError or StoreError.
    """
    item = await house.reviews.get(review_id)
    if item is None:
        raise NotFoundError(
            f"There is no review {review_id!r}.",
            advice="`weighbridge review list` shows what is kept.",
            code="unknown_review",
        )
    task = house.in_force.policy.tasks.get(item.task)
    if done.verb is ReviewVerb.CORRECT and item.reason is ReviewReason.DRIFT:
        raise InvalidCorrectionError(
            "There is no answer to correct: the item says why a model lost its proof.",
            advice="Approve it once you have seen it; `weighbridge eval gate` makes a new proof.",
            param="verb",
        )
    if done.verb is ReviewVerb.CORRECT:
        _require_valid(done, task, item.output)
    if done.verb is ReviewVerb.CLAIM:
        lock_s = task.review.lock_s if task and task.review else ReviewRule().lock_s
        done = replace(done, locked_until=_after(done.at, lock_s))
    return await _keep(act(item, done), task, house)


async def expire_overdue(house: House) -> int:
    """Close what nobody decided in time, as each task declares; how many items."""
    items = await house.reviews.overdue(_now(house))
    for item in items:
        task = house.in_force.policy.tasks.get(item.task)
        is_degraded = task is not None and task.review is not None and task.review.on_expiry is OnExpiry.DEGRADE
        with suppress(ReviewConflictError):  # somebody decided in this very moment, in another process
            await _keep(expire(item, task.safe_answer if task and is_degraded else None), task, house)
    return len(items)


async def free_lapsed(house: House) -> int:
    """Open again what somebody claimed and left, so that others find it; how many items."""
    now = _now(house)
    items = await house.reviews.lapsed(now)
    for item in items:
        with suppress(ReviewConflictError):  # its reviewer came back in this very moment
            await house.reviews.replace(lapse(item, now))
    return len(items)


async def expire_every(interval_s: float, house: House) -> None:
    """Do both now and again, until cancelled. A failure is logged and tried again."""
    while True:
        try:
            while await expire_overdue(house) or await free_lapsed(house):
                pass
        except StoreError as error:
            log.warning("overdue reviews were not closed: %s", error)
        await asyncio.sleep(interval_s)


async def _keep(item: ReviewItem, task: Task | None, house: House) -> ReviewItem:
    notice = None
    is_kept = (task is not None and task.stores_content) or item.reason is ReviewReason.DRIFT
    if item.state.is_final and not is_kept:
        item = without_content(item)
    if item.state.is_final and task is not None and task.review is not None and task.review.webhook_url is not None:
        notice = Notice(f"msg_{item.id}", item.task, _now(house), _told(item))
    await house.reviews.replace(item, notice)
    if item.state.is_final:
        house.waiting.tell(item.id)
    return item


def _told(item: ReviewItem) -> str:
    """What a webhook is told: what was decided, never what was asked."""
    payload = {
        "type": "review.decided",
        "timestamp": item.acts[-1].at if item.acts else item.deadline,
        "data": {
            "review_id": item.id,
            "record_id": item.record_id,
            "task": item.task,
            "state": item.state.value,
            "answer": item.answer,
        },
    }
    return orjson.dumps(payload).decode()


def _asking_for(calls: tuple[ToolCall, ...]) -> Iterator[Turn]:
    if calls:
        message = Message(Role.ASSISTANT, calls)
        yield Turn(message.role.value, message.text, is_whole=False)


def _kept_for_its_caller(record: Record, item: ReviewItem) -> Record:
    """The record takes its item along when it is deleted: not before the caller had time to fetch the answer."""
    expires_at = max(record.expires_at, _after(item.deadline, TIME_TO_FETCH_S))
    return replace(record, review_id=item.id, expires_at=expires_at)


def _opened(draft: Draft, handed: HandOver, rule: ReviewRule, now: float) -> ReviewItem:
    known = draft.classification
    if known is None:
        raise ValueError("a request that was not classified has no ladder to fall from")
    messages = draft.packed.messages if draft.packed else draft.request.messages
    created = rfc3339(datetime.fromtimestamp(now, UTC))
    return ReviewItem(
        id=draft.id.replace("rec_", "rev_", 1),
        record_id=draft.id,
        created_at=created,
        deadline=_after(created, rule.deadline_s),
        task=known.task,
        risk=known.risk,
        caller=draft.caller.name,
        reason=handed.reason,
        fault=handed.fault,
        conversation=(*_turns(messages, draft.task), *_asking_for(handed.calls)),
        proposed=handed.proposed,
        findings=handed.findings,
        output=draft.request.output,
        needs_two=rule.needs_two,
    )


def _turns(messages: Sequence[Message], task: Task | None) -> Iterator[Turn]:
    """The task's instructions, where it has some, come first: see `context.assemble`."""
    has_instructions = task is not None and task.instructions is not None
    for index, message in enumerate(messages):
        is_whole = all(isinstance(part, Text) for part in message.parts)
        yield Turn(message.role.value, message.text, has_instructions and index == 0, is_whole)


async def _decision(review_id: str, wait_s: float, house: House) -> ReviewItem | None:
    """The item once it is decided, if that is within `wait_s`."""
    ends = house.clock.monotonic() + wait_s
    with house.waiting.on(review_id) as told:
        while (left_s := ends - house.clock.monotonic()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(told), min(left_s, LOOK_EVERY_S))
            item = await house.reviews.get(review_id)
            if item is None or item.state.is_final:
                return item
    return None


def _needs_review(draft: Draft, item: ReviewItem, decided: ReviewItem | None) -> NeedsReviewError:
    state = item.state if decided is None else decided.state
    if decided is None:
        condition = f"A person has to decide on this answer by {item.deadline}: review {item.id}."
        advice = f"Ask for what came of it at /v1/reviews/{item.id}."
    else:
        condition = f"The answer was put before a person, and review {item.id} ended as {state}."
        advice = f"/v1/reviews/{item.id} says who decided and why."
    error = NeedsReviewError(
        condition,
        advice=advice,
        attempts=draft.attempts,
        review_id=item.id,
        deadline=item.deadline,
        is_undecided=decided is None,
    )
    error.record_id = draft.id
    return error


def _require_valid(done: ReviewAct, task: Task | None, wanted: OutputFormat) -> None:
    if done.answer is None:
        raise InvalidCorrectionError(
            "A correction without an answer.", advice="Say what the answer is, or reject the item.", param="answer"
        )
    contract = Contract() if task is None else task.contract  # a task that the config has no more has no contract
    answer = Response(REVIEWED, (Choice(done.answer),), usage=None)
    contract = replace(contract, citations=None)  # a person needs no leave to say where something stands
    verdict = validate(answer, contract, wanted, lambda text: count_tokens(text, WORDS).tokens)
    if not verdict.is_valid:
        name = "(unknown)" if task is None else task.name
        wrong = " ".join(finding.message for finding in verdict.findings)
        raise InvalidCorrectionError(
            f"The correction breaks the contract of task {name!r}: {wrong}",
            advice="Correct that and send it again.",
            param="answer",
        )


def _now(house: House) -> str:
    return rfc3339(datetime.fromtimestamp(house.clock.now(), UTC))


def _after(moment: str, delay_s: float) -> str:
    return rfc3339(datetime.fromisoformat(moment) + timedelta(seconds=delay_s))
