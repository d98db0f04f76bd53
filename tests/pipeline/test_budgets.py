"""What a budget without room does to a request, and how long an answer a scarce one pays for."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from make import a_model, a_policy, a_request, a_response, a_task
from pipeline.scripted import Script, gateway_on, only_record, standing_of
from weighbridge.domain.budget import Budget, OnExceed, Per
from weighbridge.domain.caller import ANONYMOUS, Caller
from weighbridge.domain.errors import BudgetExceededError
from weighbridge.domain.levels import Risk
from weighbridge.domain.money import Money, Price
from weighbridge.domain.response import Choice, FinishReason
from weighbridge.domain.usage import Usage
from weighbridge.pipeline import holding
from weighbridge.pipeline.house import House
from weighbridge.pipeline.run import run

DEAR, CHEAP = "frontier-reasoning", "fast-small"
BOTH = a_task(primary_model=DEAR, fallback_models=(CHEAP,))
GOOD = a_response(usage=Usage(10, 20))


def a_budget(usd: str | None = None, **fields: Any) -> Budget:
    return Budget("all", None if usd is None else Money.usd(usd), fields.pop("period", "total"), **fields)


async def ask(house: House, caller: Caller = ANONYMOUS, **fields: Any) -> str:
    outcome = await run(a_request(task="tag", risk=Risk.LOW, **fields), caller, house)
    return outcome.model


async def test_without_room_for_the_dear_one_a_cheaper_candidate_is_asked_where_the_budget_says_so(
    tmp_path: Path,
) -> None:
    policy = a_policy(BOTH, budgets=(a_budget("0.001", on_exceed=OnExceed.CHEAPER),))
    async with gateway_on(Script(fast_small=[GOOD]), policy, tmp_path) as house:
        assert await ask(house) == CHEAP
        record = await only_record(house)
    assert [(item.model, item.error_code) for item in record.attempts] == [(DEAR, "budget_exceeded"), (CHEAP, None)]
    assert record.attempts[0].cost == Money(0)


async def test_without_room_for_any_the_first_refusal_is_told(tmp_path: Path) -> None:
    policy = a_policy(BOTH, budgets=(a_budget("0.00001", on_exceed=OnExceed.CHEAPER),))
    async with gateway_on(Script(), policy, tmp_path) as house:
        with pytest.raises(BudgetExceededError):
            await ask(house)


async def test_a_queued_call_waits_for_what_a_running_one_gives_back(tmp_path: Path) -> None:
    script = Script(fast_small=[0.2, GOOD, GOOD])
    policy = a_policy(budgets=(a_budget("0.0004", on_exceed=OnExceed.QUEUE),))
    async with gateway_on(script, policy, tmp_path) as house:
        assert list(await asyncio.gather(ask(house), ask(house))) == [CHEAP, CHEAP]
        assert house.queued == 0
        assert (await standing_of(house)).held == Money(0)


async def test_a_queue_ends_with_its_time_and_does_not_begin_where_nothing_can_come_back(tmp_path: Path) -> None:
    script = Script(fast_small=[5.0, GOOD])
    policy = a_policy(budgets=(a_budget("0.0004", on_exceed=OnExceed.QUEUE, queue_s=0.2),))
    async with gateway_on(script, policy, tmp_path) as house:
        running = asyncio.create_task(ask(house))
        while not script.calls:
            await asyncio.sleep(0.01)
        started = house.clock.monotonic()
        with pytest.raises(BudgetExceededError):
            await ask(house)
        assert 0.1 < house.clock.monotonic() - started < 2
        running.cancel()
        await asyncio.wait({running})
    async with gateway_on(Script(), a_policy(budgets=(a_budget("0.0001", on_exceed=OnExceed.QUEUE),)), tmp_path) as new:
        started = new.clock.monotonic()
        with pytest.raises(BudgetExceededError):
            await ask(new)
        assert new.clock.monotonic() - started < 1


async def test_a_full_queue_refuses_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "MOST_QUEUED", 0)
    policy = a_policy(budgets=(a_budget("0.0004", on_exceed=OnExceed.QUEUE),))
    async with gateway_on(Script(fast_small=[0.2, GOOD]), policy, tmp_path) as house:
        results = await asyncio.gather(ask(house), ask(house), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["BudgetExceededError", "str"]


async def test_an_answer_is_no_longer_than_its_hold_pays_for(tmp_path: Path) -> None:
    model = a_model(price=Price.per_million("0", "1"), max_output_tokens=1_000)
    policy = a_policy(a_task(fallback_models=()), models={CHEAP: model}, budgets=(a_budget("0.03"),))
    script = Script(fast_small=[GOOD] * 30)
    async with gateway_on(script, policy, tmp_path) as house:
        for _ in range(30):
            await ask(house)
        limits = [request.max_output_tokens for request in script.requests]
        standing = await standing_of(house)
    assert limits[0] == 1_000, "nothing is known of lengths yet: the worst case is held"
    assert limits[-1] == (30_000 - 29 * 20) // 50, "a fiftieth of the room, since answers are known to be shorter"
    assert standing.spent == Money.usd("0.0006")


async def test_a_worst_case_that_does_not_fit_is_no_reason_to_refuse_what_nearly_always_suffices(
    tmp_path: Path,
) -> None:
    model = a_model(price=Price.per_million("0", "1"), max_output_tokens=1_000)
    policy = a_policy(a_task(fallback_models=()), models={CHEAP: model}, budgets=(a_budget("0.001"),))
    script = Script(fast_small=[GOOD] * 60)
    async with gateway_on(script, policy, tmp_path) as house:
        for _ in range(25):
            house.lengths.note("tag", 20)
        for _ in range(50):
            await ask(house)
        with pytest.raises(BudgetExceededError):
            await ask(house)
        standing = await standing_of(house)
    assert standing.left == Money(0)


async def test_an_answer_that_was_cut_counts_twice_its_length(tmp_path: Path) -> None:
    cut = a_response(choices=(Choice("inv", FinishReason.LENGTH),), usage=Usage(10, 20))
    async with gateway_on(Script(fast_small=[cut, GOOD]), a_policy(a_task(fallback_models=())), tmp_path) as house:
        for _ in range(19):
            house.lengths.note("tag", 20)
        await ask(house)
        assert house.lengths.usual("tag") == 40


async def test_lengths_are_remembered_by_the_next_process(tmp_path: Path) -> None:
    async with gateway_on(Script(fast_small=[GOOD] * 20), a_policy(), tmp_path) as house:
        for _ in range(20):
            await ask(house)
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        assert house.lengths.usual("tag") == 20


async def test_each_customer_of_a_caller_has_its_own_limit(tmp_path: Path) -> None:
    policy = a_policy(budgets=(a_budget("0.0005", per=Per.USER),))
    script = Script(fast_small=[a_response(usage=Usage(10, 2_000))] * 3)
    async with gateway_on(script, policy, tmp_path) as house:
        await ask(house, user="anna")
        with pytest.raises(BudgetExceededError, match="Budget 'all' of 'anna'"):
            await ask(house, user="anna")
        await ask(house, user="ben")


async def test_a_team_shares_what_its_keys_spend(tmp_path: Path) -> None:
    policy = a_policy(budgets=(a_budget(None, limit_tokens=2_100, team="blue"),))
    script = Script(fast_small=[a_response(usage=Usage(10, 1_990))] * 3)
    async with gateway_on(script, policy, tmp_path) as house:
        await ask(house, Caller("one", team="blue"))
        with pytest.raises(BudgetExceededError, match="of 2100 tokens, 2000 are used"):
            await ask(house, Caller("two", team="blue"))
        await ask(house, Caller("three", team="red"))
