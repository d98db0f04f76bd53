"""From the ladder to a person and back."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from make import a_policy, a_request, a_response, a_task
from pipeline.scripted import Script, gateway_on, only_record
from weighbridge.domain.caller import ANONYMOUS
from weighbridge.domain.errors import (
    InvalidCorrectionError,
    NeedsReviewError,
    NotFoundError,
    OverloadedError,
    ProviderUnavailableError,
    ReviewConflictError,
)
from weighbridge.domain.levels import Risk
from weighbridge.domain.policy import Policy
from weighbridge.domain.record import OutcomeStatus
from weighbridge.domain.request import Image, Message, OutputFormat, Request, Role, Text, Tool, ToolCall, say
from weighbridge.domain.response import Choice, FinishReason, Response
from weighbridge.domain.review import ReviewAct, ReviewFilter, ReviewItem, ReviewReason, ReviewState, ReviewVerb
from weighbridge.domain.task import Contract, OnExpiry, ReviewRule
from weighbridge.domain.usage import Usage
from weighbridge.pipeline.house import House
from weighbridge.pipeline.review import decide, expire_overdue, free_lapsed
from weighbridge.pipeline.run import run
from weighbridge.pipeline.stream import open_stream
from weighbridge.providers.clock import ManualClock

GOOD = a_response("invoice", usage=Usage(100, 1))
BAD = a_response("maybe billing or legal", usage=Usage(100, 5))
DOWN = ProviderUnavailableError("down", provider_status=503)
LABELS = Contract(labels=("invoice", "legal"))


def policy(rule: ReviewRule, **changes: Any) -> Policy:
    task = a_task(contract=LABELS, review=rule, instructions="Tag it.", **changes)
    return a_policy(task)


def asked(**changes: Any) -> Request:
    return a_request("Classify this email.", task="tag", risk=Risk.LOW, **changes)


def did(verb: ReviewVerb, item: ReviewItem, answer: str | None = None, who: str = "ann") -> ReviewAct:
    return ReviewAct(verb, who, item.created_at, answer)


async def only_item(house: House) -> ReviewItem:
    (item,) = await house.reviews.find(ReviewFilter())
    return item


async def handed_over(house: House, request: Request | None = None) -> ReviewItem:
    with pytest.raises(NeedsReviewError) as raised:
        await run(request or asked(), ANONYMOUS, house)
    item = await only_item(house)
    assert raised.value.review_id == item.id
    return item


async def test_a_ladder_without_a_valid_answer_ends_at_a_person(tmp_path: Path) -> None:
    script = Script(fast_small=[BAD], frontier_reasoning=[BAD])
    async with gateway_on(script, policy(ReviewRule()), tmp_path) as house:
        item = await handed_over(house)
        record = await only_record(house)
    assert (item.reason, item.fault) == (ReviewReason.NO_VALID_ANSWER, "label_not_allowed")
    assert [turn.role for turn in item.conversation] == ["system", "user"]
    assert item.proposed == "maybe billing or legal"
    assert (record.status, record.review_id, record.verdict) == (OutcomeStatus.IN_REVIEW, item.id, "in_review")


async def test_a_task_may_show_every_answer_to_a_person_first(tmp_path: Path) -> None:
    script = Script(fast_small=[GOOD])
    async with gateway_on(script, policy(ReviewRule(is_always=True)), tmp_path) as house:
        item = await handed_over(house)
        decided = await decide(house, item.id, did(ReviewVerb.APPROVE, item))
    assert (item.reason, item.proposed, item.findings) == (ReviewReason.ALWAYS, "invoice", ())
    assert (decided.state, decided.answer) == (ReviewState.APPROVED, "invoice")


async def test_a_stream_of_such_a_task_shows_nothing_before_the_person_did(tmp_path: Path) -> None:
    script = Script(fast_small=[GOOD])
    async with gateway_on(script, policy(ReviewRule(is_always=True)), tmp_path) as house:
        with pytest.raises(NeedsReviewError):
            await open_stream(asked(is_stream=True), ANONYMOUS, house)


async def test_a_call_that_waits_gets_the_persons_answer(tmp_path: Path) -> None:
    script = Script(fast_small=[BAD], frontier_reasoning=[DOWN, DOWN])
    async with gateway_on(script, policy(ReviewRule(wait_s=5.0)), tmp_path) as house:
        call = asyncio.create_task(run(asked(), ANONYMOUS, house))
        async with asyncio.timeout(5):
            while not (found := await house.reviews.find(ReviewFilter())):
                await asyncio.sleep(0.01)
        await decide(house, found[0].id, did(ReviewVerb.CORRECT, found[0], "legal"))
        outcome = await call
    assert (outcome.text, outcome.record.review_id) == ("legal", found[0].id)


async def test_a_call_that_waits_is_told_of_a_rejection(tmp_path: Path) -> None:
    script = Script(fast_small=[BAD], frontier_reasoning=[BAD])
    async with gateway_on(script, policy(ReviewRule(wait_s=5.0)), tmp_path) as house:
        call = asyncio.create_task(run(asked(), ANONYMOUS, house))
        async with asyncio.timeout(5):
            while not (found := await house.reviews.find(ReviewFilter())):
                await asyncio.sleep(0.01)
        await decide(house, found[0].id, did(ReviewVerb.REJECT, found[0]))
        with pytest.raises(NeedsReviewError, match="rejected") as raised:
            await call
    assert not raised.value.is_undecided


async def test_a_caller_that_stops_waiting_leaves_the_item_for_the_person(tmp_path: Path) -> None:
    script = Script(fast_small=[BAD], frontier_reasoning=[BAD])
    async with gateway_on(script, policy(ReviewRule(wait_s=5.0)), tmp_path) as house:
        call = asyncio.create_task(run(asked(), ANONYMOUS, house))
        async with asyncio.timeout(5):
            while not await house.reviews.find(ReviewFilter()):
                await asyncio.sleep(0.01)
        call.cancel()
        await asyncio.wait({call})
        assert (await only_item(house)).state is ReviewState.OPEN
        assert (await only_record(house)).status is OutcomeStatus.IN_REVIEW


async def test_a_correction_has_to_keep_the_contract(tmp_path: Path) -> None:
    script = Script(fast_small=[BAD], frontier_reasoning=[BAD])
    async with gateway_on(script, policy(ReviewRule()), tmp_path) as house:
        item = await handed_over(house)
        with pytest.raises(InvalidCorrectionError, match="not one of the labels"):
            await decide(house, item.id, did(ReviewVerb.CORRECT, item, "perhaps"))
        assert (await only_item(house)).version == 1
        assert (await decide(house, item.id, did(ReviewVerb.CORRECT, item, "legal"))).answer == "legal"


async def test_a_correction_has_the_shape_that_the_caller_wanted(tmp_path: Path) -> None:
    script = Script(fast_small=[a_response('{"a": 1}')])
    rule = ReviewRule(is_always=True)
    async with gateway_on(script, a_policy(a_task(review=rule)), tmp_path) as house:
        item = await handed_over(house, asked(output=OutputFormat("json_object")))
        with pytest.raises(InvalidCorrectionError, match="JSON"):
            await decide(house, item.id, did(ReviewVerb.CORRECT, item, "no object"))
        with pytest.raises(InvalidCorrectionError, match="without an answer"):
            await decide(house, item.id, did(ReviewVerb.CORRECT, item))
        assert (await decide(house, item.id, did(ReviewVerb.CORRECT, item, '{"b": 2}'))).answer == '{"b": 2}'


@pytest.mark.parametrize("keeps", [True, False])
async def test_a_decided_item_keeps_what_was_asked_where_the_task_does(tmp_path: Path, keeps: bool) -> None:
    script = Script(fast_small=[GOOD])
    async with gateway_on(script, policy(ReviewRule(is_always=True), stores_content=keeps), tmp_path) as house:
        item = await handed_over(house)
        decided = await decide(house, item.id, did(ReviewVerb.APPROVE, item))
        assert await only_item(house) == decided
    assert item.has_content
    assert (decided.has_content, decided.answer) == (keeps, "invoice")


async def test_a_record_stays_until_its_caller_had_time_to_fetch_the_answer(tmp_path: Path) -> None:
    rule = ReviewRule(is_always=True, deadline_s=3 * 86_400)
    async with gateway_on(Script(fast_small=[GOOD]), policy(rule, retention_days=1), tmp_path) as house:
        item = await handed_over(house)
        record = await only_record(house)
    assert datetime.fromisoformat(record.expires_at) - datetime.fromisoformat(item.deadline) == timedelta(days=1)


async def test_a_person_sees_tools_that_were_asked_for_and_can_only_answer_instead(tmp_path: Path) -> None:
    asking = Response("m", (Choice("", FinishReason.TOOL_CALLS, (ToolCall("1", "pay", '{"usd": 5}'),)),), usage=None)
    task = a_task(review=ReviewRule(is_always=True))
    async with gateway_on(Script(fast_small=[asking]), a_policy(task), tmp_path) as house:
        item = await handed_over(house, asked(tools=(Tool("pay", None, None),)))
        with pytest.raises(ReviewConflictError, match="no answer to approve"):
            await decide(house, item.id, did(ReviewVerb.APPROVE, item))
    assert (item.proposed, item.conversation[-1].text) == (None, 'pay {"usd": 5}')
    assert not item.conversation[-1].is_whole


async def test_an_item_says_which_turn_is_the_tasks_and_which_was_more_than_text(tmp_path: Path) -> None:
    picture = Message(Role.USER, (Text("What is it?"), Image("https://x.test/a.png")))
    async with gateway_on(Script(fast_small=[GOOD]), policy(ReviewRule(is_always=True)), tmp_path) as house:
        item = await handed_over(house, replace(asked(), messages=(say(Role.SYSTEM, "Mine."), picture)))
    assert [(turn.is_instruction, turn.is_whole) for turn in item.conversation] == [
        (True, True),
        (False, True),
        (False, False),
    ]


async def test_two_people_who_decide_at_once_decide_once(tmp_path: Path) -> None:
    script = Script(fast_small=[BAD], frontier_reasoning=[BAD])
    async with gateway_on(script, policy(ReviewRule()), tmp_path) as house:
        item = await handed_over(house)
        moves = [decide(house, item.id, did(ReviewVerb.REJECT, item, who=who)) for who in ("ann", "bob", "cy")]
        results = await asyncio.gather(*moves, return_exceptions=True)
    assert sum(isinstance(result, ReviewItem) for result in results) == 1
    assert sum(isinstance(result, ReviewConflictError) for result in results) == 2


async def test_a_claim_lasts_as_long_as_the_task_says(tmp_path: Path) -> None:
    script = Script(fast_small=[BAD], frontier_reasoning=[BAD])
    async with gateway_on(script, policy(ReviewRule(lock_s=60)), tmp_path) as house:
        item = await handed_over(house)
        claimed = await decide(house, item.id, replace(did(ReviewVerb.CLAIM, item), at="2026-11-25T10:00:00.000000Z"))
    assert claimed.locked_until == "2026-11-25T10:01:00.000000Z"


async def test_what_was_claimed_and_left_is_found_among_the_open_again(tmp_path: Path) -> None:
    async with gateway_on(Script(fast_small=[GOOD]), policy(ReviewRule(is_always=True, lock_s=60)), tmp_path) as house:
        item = await handed_over(house)
        await decide(house, item.id, did(ReviewVerb.CLAIM, item))
        assert await free_lapsed(house) == 0
        house.clock = ManualClock(now=datetime.fromisoformat(item.created_at).timestamp() + 61)
        assert await free_lapsed(house) == 1
        assert await house.reviews.find(ReviewFilter(state=ReviewState.OPEN))
        assert await free_lapsed(house) == 0


@pytest.mark.parametrize(("on_expiry", "answer"), [(OnExpiry.REFUSE, None), (OnExpiry.DEGRADE, "legal")])
async def test_what_nobody_decides_ends_as_the_task_declares(
    tmp_path: Path, on_expiry: OnExpiry, answer: str | None
) -> None:
    rule = ReviewRule(deadline_s=0.01, on_expiry=on_expiry)
    script = Script(fast_small=[BAD], frontier_reasoning=[BAD])
    async with gateway_on(script, policy(rule, safe_answer="legal"), tmp_path) as house:
        if on_expiry is OnExpiry.REFUSE:
            house.in_force = replace(house.in_force, policy=policy(rule))
        await handed_over(house)
        await asyncio.sleep(0.05)
        assert await expire_overdue(house) == 1
        item = await only_item(house)
    assert (item.state, item.answer) == (ReviewState.EXPIRED, answer)


async def test_a_full_queue_refuses_with_a_record_of_the_request(tmp_path: Path) -> None:
    script = Script(fast_small=[BAD], frontier_reasoning=[BAD])
    async with gateway_on(script, policy(ReviewRule()), tmp_path, review_limit=0) as house:
        with pytest.raises(OverloadedError, match="review queue"):
            await run(asked(), ANONYMOUS, house)
        record = await only_record(house)
    assert (record.status, record.review_id) == (OutcomeStatus.REFUSED, None)


async def test_an_item_that_does_not_exist_is_not_found(tmp_path: Path) -> None:
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        with pytest.raises(NotFoundError):
            await decide(house, "rev_none", ReviewAct(ReviewVerb.REJECT, "ann", "2026-11-25T10:00:00.000000Z"))
