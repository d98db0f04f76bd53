"""One request through the whole pipeline on a scripted network."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from make import a_policy, a_request, a_response, a_task
from pipeline.scripted import Script, gateway_on, only_record
from weighbridge.domain.budget import Budget
from weighbridge.domain.caller import ANONYMOUS
from weighbridge.domain.errors import (
    AttemptsFailedError,
    BudgetExceededError,
    DeadlineExceededError,
    EmptyInputError,
    InputTooLongError,
    ModelsCoolingDownError,
    NeedsReviewError,
    OverloadedError,
    ProviderError,
    ProviderRejectedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from weighbridge.domain.levels import Risk
from weighbridge.domain.money import Money
from weighbridge.domain.policy import PortfolioModel, StoreSettings
from weighbridge.domain.record import OutcomeStatus
from weighbridge.domain.request import Request
from weighbridge.domain.signals import Condition
from weighbridge.domain.task import Contract, Limits, ReviewRule
from weighbridge.domain.usage import Usage
from weighbridge.pipeline.run import run

LABELS = Contract(labels=("invoice", "legal"))
GOOD = a_response("invoice", usage=Usage(100, 1))
BAD = a_response("maybe billing or legal", usage=Usage(100, 5))
DOWN = ProviderUnavailableError("down", provider_status=503)


def asked(**changes: object) -> Request:
    return a_request("Classify this email.", task="tag", risk=Risk.LOW, **changes)


async def test_a_valid_answer_comes_with_its_record(tmp_path: Path) -> None:
    async with gateway_on(Script(fast_small=[GOOD]), a_policy(a_task(contract=LABELS)), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
        assert await house.records.get(outcome.record.id) == outcome.record
    assert (outcome.text, outcome.model, outcome.record.is_fallback) == ("invoice", "fast-small", False)
    assert str(outcome.cost) == "0.0000103"


async def test_the_fallback_is_called_only_after_a_failed_verdict(tmp_path: Path) -> None:
    script = Script(fast_small=[BAD], frontier_reasoning=[GOOD])
    async with gateway_on(script, a_policy(a_task(contract=LABELS)), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    assert script.calls == ["fast-small", "frontier-reasoning"]
    assert outcome.record.is_fallback
    assert outcome.record.attempts[0].verdict.findings[0].code == "label_not_allowed"
    assert outcome.cost == Money.usd("0.0000115") + Money.usd("0.000312")


async def test_a_repair_tells_the_same_model_what_is_wrong(tmp_path: Path) -> None:
    script = Script(fast_small=[BAD, GOOD])
    policy = a_policy(a_task(contract=LABELS, limits=Limits(max_repairs=1)))
    async with gateway_on(script, policy, tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    assert script.calls == ["fast-small", "fast-small"]
    *_, answer, told = script.requests[1].messages
    assert answer.text == "maybe billing or legal"
    assert "not accepted" in told.text
    assert [item.step.kind for item in outcome.record.attempts] == ["repair", "accept"]
    assert not outcome.record.is_fallback


async def test_after_its_repairs_the_next_model_starts_afresh(tmp_path: Path) -> None:
    script = Script(fast_small=[BAD, BAD], frontier_reasoning=[GOOD])
    policy = a_policy(a_task(contract=LABELS, limits=Limits(max_repairs=1)))
    async with gateway_on(script, policy, tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    assert script.calls == ["fast-small", "fast-small", "frontier-reasoning"]
    assert len(script.requests[2].messages) == 1
    assert outcome.cost == Money.usd("0.000023") + Money.usd("0.000312")


async def test_a_repair_that_does_not_fit_the_window_is_not_tried(tmp_path: Path) -> None:
    script = Script(fast_small=[BAD], frontier_reasoning=[GOOD])
    policy = a_policy(a_task(contract=LABELS, limits=Limits(max_repairs=1, max_output_tokens=1990)))
    models = {**policy.models, "fast-small": replace(policy.models["fast-small"], context_window_tokens=2_000)}
    async with gateway_on(script, replace(policy, models=models), tmp_path) as house:
        await run(asked(), ANONYMOUS, house)
    assert script.calls == ["fast-small", "frontier-reasoning"]


async def test_a_repair_holds_its_own_money(tmp_path: Path) -> None:
    policy = a_policy(
        a_task(contract=LABELS, limits=Limits(max_repairs=1)), budgets=(Budget("all", Money.usd("0.00031"), "day"),)
    )
    async with gateway_on(Script(fast_small=[BAD]), policy, tmp_path) as house:
        with pytest.raises(BudgetExceededError):
            await run(asked(), ANONYMOUS, house)


async def test_a_declared_answer_is_given_and_marked_when_all_fail(tmp_path: Path) -> None:
    script = Script(fast_small=[BAD], frontier_reasoning=[DOWN, DOWN])
    policy = a_policy(a_task(contract=LABELS, safe_answer="legal"))
    async with gateway_on(script, policy, tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
        assert await house.records.get(outcome.record.id) == outcome.record
    assert (outcome.text, outcome.model) == ("legal", "declared-answer")
    assert (outcome.record.status, outcome.record.verdict) == (OutcomeStatus.DEGRADED, "degraded")
    assert outcome.record.served_model is None
    assert outcome.cost == Money.usd("0.0000115")


async def test_an_error_that_nobody_bills_costs_nothing(tmp_path: Path) -> None:
    script = Script(fast_small=[DOWN], frontier_reasoning=[GOOD])
    async with gateway_on(script, a_policy(), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    assert str(outcome.cost) == "0.000312"
    assert outcome.record.attempts[0].error_status == 503


async def test_a_timeout_makes_the_cost_unknown_rather_than_zero(tmp_path: Path) -> None:
    script = Script(fast_small=[ProviderTimeoutError("slow")], frontier_reasoning=[GOOD])
    async with gateway_on(script, a_policy(), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    assert outcome.cost is None


async def test_when_all_fail_the_error_names_each_attempt(tmp_path: Path) -> None:
    script = Script(fast_small=[BAD], frontier_reasoning=[DOWN, DOWN])
    async with gateway_on(script, a_policy(a_task(contract=LABELS)), tmp_path) as house:
        with pytest.raises(AttemptsFailedError) as failed:
            await run(asked(), ANONYMOUS, house)
        record = await only_record(house)
    assert "1. fast-small: label_not_allowed; 2. frontier-reasoning: provider_unavailable" in str(failed.value)
    assert (record.status, record.error_code) == (OutcomeStatus.FAILED, "attempts_failed")
    assert failed.value.record_id == record.id


async def test_a_rejected_request_is_not_sent_to_the_same_model_again(tmp_path: Path) -> None:
    script = Script(fast_small=[ProviderRejectedError("no", provider_status=400)], frontier_reasoning=[GOOD])
    async with gateway_on(script, a_policy(), tmp_path) as house:
        await run(asked(), ANONYMOUS, house)
    assert script.calls == ["fast-small", "frontier-reasoning"]


async def test_a_full_budget_refuses_before_any_call(tmp_path: Path) -> None:
    script = Script()
    policy = a_policy(budgets=(Budget("all", Money.usd("0.0001"), "day"),))
    async with gateway_on(script, policy, tmp_path) as house:
        with pytest.raises(BudgetExceededError):
            await run(asked(), ANONYMOUS, house)
        record = await only_record(house)
    assert script.calls == []
    assert (record.status, record.cost) == (OutcomeStatus.REFUSED, Money(0))


async def test_a_settled_hold_gives_back_what_was_not_used(tmp_path: Path) -> None:
    script = Script(fast_small=[GOOD] * 3)
    policy = a_policy(budgets=(Budget("all", Money.usd("0.00035"), "day"),))
    async with gateway_on(script, policy, tmp_path) as house:
        for _ in range(3):
            await run(asked(), ANONYMOUS, house)
    assert script.calls == ["fast-small"] * 3


async def test_input_over_the_limit_is_refused_before_any_call(tmp_path: Path) -> None:
    script = Script()
    policy = a_policy(a_task(limits=Limits(max_input_tokens=2)))
    async with gateway_on(script, policy, tmp_path) as house:
        with pytest.raises(InputTooLongError, match=r"4 tokens .* limit is 2"):
            await run(asked(), ANONYMOUS, house)
    assert script.calls == []


async def test_long_input_is_weighed_in_a_thread_with_the_same_result(tmp_path: Path) -> None:
    policy = a_policy(a_task(limits=Limits(max_input_tokens=100)))
    async with gateway_on(Script(), policy, tmp_path) as house:
        with pytest.raises(InputTooLongError):
            await run(a_request("word " * 10_000, task="tag"), ANONYMOUS, house)


async def test_the_deadline_ends_the_ladder(tmp_path: Path) -> None:
    script = Script(fast_small=[0.2, BAD], frontier_reasoning=[GOOD])
    policy = a_policy(a_task(contract=LABELS, limits=Limits(deadline_s=0.1)))
    async with gateway_on(script, policy, tmp_path) as house:
        with pytest.raises(DeadlineExceededError):
            await run(asked(), ANONYMOUS, house)
    assert script.calls == ["fast-small"]


async def test_an_escalation_rule_sends_the_answer_to_the_next_candidate(tmp_path: Path) -> None:
    rule = Condition("output_words > 3", frozenset({"output_words"}), lambda signals: int(signals["output_words"]) > 3)
    script = Script(fast_small=[BAD], frontier_reasoning=[GOOD])
    async with gateway_on(script, a_policy(a_task(escalate_when=rule)), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    assert outcome.record.attempts[0].step.reason == "escalation_rule"


async def test_a_cancelled_request_leaves_its_record_and_an_unknown_cost(tmp_path: Path) -> None:
    async with gateway_on(Script(fast_small=[60.0, GOOD]), a_policy(), tmp_path) as house:
        work = asyncio.create_task(run(asked(), ANONYMOUS, house))
        await asyncio.sleep(0.05)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        record = await only_record(house)
    assert (record.status, record.error_code, record.cost) == (OutcomeStatus.CANCELLED, "cancelled", None)


async def test_a_full_record_queue_refuses_before_any_call(tmp_path: Path) -> None:
    script = Script(fast_small=[GOOD])
    policy = replace(a_policy(), store=StoreSettings("x", queue_limit=1))
    async with gateway_on(script, policy, tmp_path) as house:
        house.records = _Full()  # type: ignore[assignment] # the one question that is asked before anything is called
        with pytest.raises(OverloadedError):
            await run(asked(), ANONYMOUS, house)
    assert script.calls == []


class _Full:
    def is_accepting(self) -> bool:
        return False


async def test_content_is_kept_only_where_the_task_says_so(tmp_path: Path) -> None:
    script = Script(fast_small=[GOOD, GOOD])
    async with gateway_on(script, a_policy(a_task(stores_content=True)), tmp_path) as house:
        kept = await run(asked(), ANONYMOUS, house)
        house.in_force = replace(house.in_force, policy=a_policy())
        bare = await run(asked(), ANONYMOUS, house)
    assert kept.record.content is not None
    assert kept.record.content.answer == "invoice"
    assert bare.record.content is None
    assert bare.record.input_digest == kept.record.input_digest


async def test_instructions_reach_the_model_and_count_as_input(tmp_path: Path) -> None:
    script = Script(fast_small=[GOOD])
    async with gateway_on(script, a_policy(a_task(instructions="Answer with one label.")), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    assert script.requests[0].messages[0].text == "Answer with one label."
    assert outcome.record.prompt_count is not None
    assert outcome.record.prompt_count.tokens == 9


async def test_an_empty_input_never_gets_a_plan(tmp_path: Path) -> None:
    from weighbridge.pipeline.gateway import Gateway

    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        with pytest.raises(EmptyInputError):
            await Gateway(house).run(input=" ")


class Resting:
    """Satisfies `ports.Health`: everything rests for so long, look after look."""

    def __init__(self, *waits_s: float) -> None:
        self.waits_s = list(waits_s)

    def cooling_down(self, models: Iterable[PortfolioModel]) -> Mapping[str, float]:
        wait_s = self.waits_s.pop(0) if self.waits_s else 0.0
        return {model.name: wait_s for model in models} if wait_s else {}

    def admit(self, model: PortfolioModel) -> bool:
        return True

    def note_success(self, model: PortfolioModel) -> None:
        """Nothing."""

    def note_failure(self, model: PortfolioModel, error: ProviderError) -> None:
        """Nothing."""

    def note_nothing(self, model: PortfolioModel) -> None:
        """Nothing."""


async def test_models_that_rest_for_a_moment_are_waited_for(tmp_path: Path) -> None:
    async with gateway_on(Script(fast_small=[GOOD]), a_policy(), tmp_path) as house:
        house.health = Resting(0.01, 0.02)
        outcome = await run(asked(), ANONYMOUS, house)
    assert outcome.text == "invoice"


@pytest.mark.parametrize("waits_s", [(0.001,) * 20, (4.0,)])
async def test_models_that_rest_too_long_or_too_often_are_not(tmp_path: Path, waits_s: tuple[float, ...]) -> None:
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        house.health = Resting(*waits_s)
        with pytest.raises(ModelsCoolingDownError):
            await run(asked(), ANONYMOUS, house)
        assert (await only_record(house)).error_code == "models_cooling_down"


async def test_without_any_model_the_bottom_of_the_ladder_is_given(tmp_path: Path) -> None:
    async with gateway_on(Script(), a_policy(a_task(safe_answer="sorry")), tmp_path) as house:
        house.health = Resting(5.0)
        outcome = await run(asked(), ANONYMOUS, house)
    assert (outcome.text, outcome.record.status, outcome.record.attempts) == ("sorry", OutcomeStatus.DEGRADED, ())


async def test_without_any_model_a_person_is_asked_where_the_task_says_so(tmp_path: Path) -> None:
    async with gateway_on(Script(), a_policy(a_task(review=ReviewRule())), tmp_path) as house:
        house.health = Resting(5.0)
        with pytest.raises(NeedsReviewError):
            await run(asked(), ANONYMOUS, house)
        assert (await only_record(house)).status is OutcomeStatus.IN_REVIEW


async def test_a_model_that_rests_since_the_plan_was_made_is_passed_over_for_nothing(tmp_path: Path) -> None:
    class Shut(Resting):
        def admit(self, model: PortfolioModel) -> bool:
            return model.name != "fast-small"

    async with gateway_on(Script(frontier_reasoning=[GOOD]), a_policy(), tmp_path) as house:
        house.health = Shut()
        outcome = await run(asked(), ANONYMOUS, house)
    first = outcome.record.attempts[0]
    assert (first.error_code, first.cost, outcome.model) == ("cooling_down", Money(0), "frontier-reasoning")
