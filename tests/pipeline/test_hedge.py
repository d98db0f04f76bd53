"""A slow call gets company, the first good answer wins, and what the other one cost is told."""

import asyncio
from pathlib import Path

import pytest

from make import a_policy, a_request, a_response, a_task
from pipeline.scripted import Script, gateway_on, only_record, standing_of
from weighbridge.domain.attempt import StepKind
from weighbridge.domain.budget import Budget
from weighbridge.domain.caller import ANONYMOUS
from weighbridge.domain.errors import AttemptsFailedError, ProviderUnavailableError
from weighbridge.domain.levels import Risk
from weighbridge.domain.money import Money
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.request import Request
from weighbridge.domain.response import Delta, FinishReason
from weighbridge.domain.task import Contract, Limits
from weighbridge.domain.usage import Usage
from weighbridge.pipeline.run import run
from weighbridge.pipeline.stream import open_stream

GOOD = a_response("invoice", usage=Usage(100, 1))
BAD = a_response("maybe billing or legal", usage=Usage(100, 5))
DOWN = ProviderUnavailableError("down", provider_status=503)
HELLO = [Delta(text="hel"), Delta(text="lo"), Delta(finish_reason=FinishReason.STOP), Delta(usage=Usage(4, 2))]
LABELS = Contract(labels=("invoice", "legal"))
LONG_S = 5.0
HEDGED = a_task(contract=LABELS, limits=Limits(hedge_after_s=0.02))


def asked() -> Request:
    return a_request("Classify this email.", task="tag", risk=Risk.LOW)


def kinds(outcome: Outcome) -> list[tuple[str, StepKind]]:
    return [(item.model, item.step.kind) for item in outcome.record.attempts]


async def test_a_quick_answer_is_not_hedged(tmp_path: Path) -> None:
    script = Script(fast_small=[GOOD])
    async with gateway_on(script, a_policy(HEDGED), tmp_path) as house:
        await run(asked(), ANONYMOUS, house)
    assert script.calls == ["fast-small"]


async def test_the_first_good_answer_wins_and_the_loser_is_told_with_its_estimate(tmp_path: Path) -> None:
    script = Script(fast_small=[LONG_S, GOOD], frontier_reasoning=[GOOD])
    async with gateway_on(script, a_policy(HEDGED), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    assert kinds(outcome) == [("fast-small", StepKind.DISCARD), ("frontier-reasoning", StepKind.ACCEPT)]
    assert (outcome.model, outcome.record.is_fallback) == ("frontier-reasoning", True)
    loser = outcome.record.attempts[0]
    assert (loser.cost, loser.step.reason) == (None, "slower")
    assert loser.estimate is not None
    assert outcome.cost is None


async def test_a_first_call_that_comes_in_time_discards_its_hedge(tmp_path: Path) -> None:
    script = Script(fast_small=[0.08, GOOD], frontier_reasoning=[LONG_S, GOOD])
    async with gateway_on(script, a_policy(HEDGED), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    assert kinds(outcome) == [("frontier-reasoning", StepKind.DISCARD), ("fast-small", StepKind.ACCEPT)]
    assert not outcome.record.is_fallback


async def test_a_bad_hedge_does_not_win(tmp_path: Path) -> None:
    script = Script(fast_small=[0.08, GOOD], frontier_reasoning=[BAD])
    async with gateway_on(script, a_policy(HEDGED), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    assert kinds(outcome) == [("frontier-reasoning", StepKind.DISCARD), ("fast-small", StepKind.ACCEPT)]


async def test_a_failed_first_call_goes_on_with_the_hedge_that_already_runs(tmp_path: Path) -> None:
    script = Script(fast_small=[0.05, DOWN], frontier_reasoning=[0.1, GOOD])
    async with gateway_on(script, a_policy(HEDGED), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    assert script.calls == ["fast-small", "frontier-reasoning"]
    assert kinds(outcome) == [("fast-small", StepKind.NEXT_CANDIDATE), ("frontier-reasoning", StepKind.ACCEPT)]


async def test_two_failures_end_as_without_a_hedge(tmp_path: Path) -> None:
    script = Script(fast_small=[0.05, DOWN], frontier_reasoning=[BAD])
    async with gateway_on(script, a_policy(HEDGED), tmp_path) as house:
        with pytest.raises(AttemptsFailedError):
            await run(asked(), ANONYMOUS, house)
        record = await only_record(house)
    assert [item.step.kind for item in record.attempts] == [StepKind.NEXT_CANDIDATE, StepKind.REFUSE]


async def test_a_budget_without_room_for_two_calls_is_not_overspent_by_a_hedge(tmp_path: Path) -> None:
    script = Script(fast_small=[0.05, GOOD])
    budget = Budget("small", Money.usd("0.002"), "day")
    async with gateway_on(script, a_policy(HEDGED, budgets=(budget,)), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
        assert (await standing_of(house)).held == Money(0)
    assert kinds(outcome) == [("fast-small", StepKind.ACCEPT)]


async def test_a_caller_that_goes_away_stops_both_calls(tmp_path: Path) -> None:
    script = Script(fast_small=[LONG_S, GOOD], frontier_reasoning=[LONG_S, GOOD])
    budget = Budget("large", Money.usd("10"), "day")
    async with gateway_on(script, a_policy(HEDGED, budgets=(budget,)), tmp_path) as house:
        task = asyncio.create_task(run(asked(), ANONYMOUS, house))
        async with asyncio.timeout(5):
            while len(script.calls) < 2:
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait({task})
        record = await only_record(house)
        assert (await standing_of(house)).held == Money(0)
    assert [item.step.reason for item in record.attempts] == ["cancelled", "cancelled"]
    assert record.status == "cancelled"


async def test_a_stream_that_begins_late_loses_to_one_that_has_begun(tmp_path: Path) -> None:
    task = a_task(limits=Limits(hedge_after_s=0.02))
    script = Script(fast_small=[[LONG_S, *HELLO]], frontier_reasoning=[HELLO])
    async with gateway_on(script, a_policy(task), tmp_path) as house:
        live = await open_stream(a_request("Hi.", task="tag", risk=Risk.LOW, is_stream=True), ANONYMOUS, house)
        assert not isinstance(live, Outcome)
        async with live as deltas:
            text = "".join([delta.text async for delta in deltas])
        record = await only_record(house)
    assert (text, live.model) == ("hello", "frontier-reasoning")
    assert [item.step.kind for item in record.attempts] == [StepKind.DISCARD, StepKind.ACCEPT]
