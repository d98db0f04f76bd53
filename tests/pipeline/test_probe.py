"""How sure an answer is, from extra calls that are held, paid, bounded and recorded like any other."""

import asyncio
from dataclasses import replace
from pathlib import Path

from make import a_model, a_policy, a_request, a_response, a_task
from pipeline.scripted import Script, gateway_on, only_record, standing_of
from weighbridge.domain.budget import Budget
from weighbridge.domain.caller import ANONYMOUS
from weighbridge.domain.decision import DropReason
from weighbridge.domain.errors import ProviderUnavailableError
from weighbridge.domain.levels import Risk, Sensitivity
from weighbridge.domain.money import Money
from weighbridge.domain.policy import Policy
from weighbridge.domain.probe import ProbeKind
from weighbridge.domain.request import Request
from weighbridge.domain.signals import Condition
from weighbridge.domain.task import ConfidenceRule, ConfidenceSource, Contract
from weighbridge.domain.usage import Usage
from weighbridge.domain.verdict import ConfidenceKind
from weighbridge.pipeline.run import run

INVOICE = a_response("invoice", usage=Usage(100, 1))
LEGAL = a_response("Legal", usage=Usage(100, 1))
DOWN = ProviderUnavailableError("down", provider_status=503)
LABELS = Contract(labels=("invoice", "legal"))
UNSURE = Condition("confidence < 0.8", frozenset({"confidence"}), lambda signals: _below(signals.get("confidence")))
SAMPLES = ConfidenceRule(ConfidenceSource.SAMPLES, samples=3)
VERIFIED = ConfidenceRule(ConfidenceSource.VERIFIER, verifier_model="frontier-backup")


def _below(confidence: object) -> bool | None:
    return confidence < 0.8 if isinstance(confidence, float) else None


def policy(rule: ConfidenceRule, **changes: object) -> Policy:
    return a_policy(a_task(contract=LABELS, confidence=rule, escalate_when=UNSURE), **changes)


def asked() -> Request:
    return a_request("Classify this email.", task="tag", risk=Risk.LOW)


async def test_samples_that_agree_make_an_answer_sure(tmp_path: Path) -> None:
    script = Script(fast_small=[INVOICE, INVOICE, INVOICE])
    async with gateway_on(script, policy(SAMPLES), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    attempt = outcome.record.attempts[0]
    assert (attempt.verdict.confidence, attempt.verdict.confidence_kind) == (1.0, ConfidenceKind.AGREEMENT)
    assert [probe.kind for probe in attempt.probes] == [ProbeKind.SAMPLE] * 2
    assert attempt.cost is not None
    assert outcome.cost == attempt.cost * 3
    assert outcome.record.usage == Usage(300, 3)


async def test_samples_are_drawn_anew_and_not_from_the_callers_seed(tmp_path: Path) -> None:
    script = Script(fast_small=[INVOICE, INVOICE, INVOICE])
    request = asked()
    request = replace(request, sampling=replace(request.sampling, temperature=0.0, seed=7))
    async with gateway_on(script, policy(SAMPLES), tmp_path) as house:
        await run(request, ANONYMOUS, house)
    first, *samples = [request.sampling for request in script.requests]
    assert (first.temperature, first.seed) == (0.0, 7)
    assert {(sampling.temperature, sampling.seed) for sampling in samples} == {(0.7, None)}


async def test_samples_that_disagree_ask_the_stronger_model(tmp_path: Path) -> None:
    script = Script(fast_small=[INVOICE, LEGAL, LEGAL], frontier_reasoning=[LEGAL, LEGAL, LEGAL])
    async with gateway_on(script, policy(SAMPLES), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    first, second = outcome.record.attempts
    assert (first.step.reason, second.verdict.confidence) == ("escalation_rule", 1.0)
    assert outcome.text == "Legal"


async def test_samples_that_fail_leave_confidence_unknown_and_not_one(tmp_path: Path) -> None:
    script = Script(fast_small=[INVOICE, DOWN, DOWN])
    async with gateway_on(script, policy(SAMPLES), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    verdict = outcome.record.attempts[0].verdict
    assert (verdict.confidence, verdict.confidence_kind) == (None, None)
    assert verdict.findings[0].code == "confidence_unknown"
    assert [probe.error_code for probe in outcome.record.attempts[0].probes] == ["provider_unavailable"] * 2


async def test_an_answer_that_is_not_valid_is_not_worth_a_sample(tmp_path: Path) -> None:
    script = Script(fast_small=[a_response("no label")], frontier_reasoning=[LEGAL, LEGAL, LEGAL])
    async with gateway_on(script, policy(SAMPLES), tmp_path) as house:
        await run(asked(), ANONYMOUS, house)
    assert script.calls == ["fast-small", *["frontier-reasoning"] * 3]


async def test_a_verifier_says_how_sure_it_is(tmp_path: Path) -> None:
    script = Script(fast_small=[INVOICE], frontier_backup=[a_response("93", usage=Usage(80, 2))])
    async with gateway_on(script, policy(VERIFIED), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    attempt = outcome.record.attempts[0]
    assert (attempt.verdict.confidence, attempt.verdict.confidence_kind) == (0.93, ConfidenceKind.VERIFIER)
    assert (attempt.probes[0].model, str(attempt.probes[0].cost)) == ("frontier-backup", "0.000308")
    assert "invoice" in script.requests[1].messages[-1].text


async def test_a_verifier_that_may_not_see_the_request_is_not_asked(tmp_path: Path) -> None:
    models = policy(VERIFIED).models
    open_only = a_model("frontier-backup", cleared_for=Sensitivity.PUBLIC)
    script = Script(fast_small=[INVOICE])
    async with gateway_on(script, policy(VERIFIED, models={**models, "frontier-backup": open_only}), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    assert script.calls == ["fast-small"]
    judged = outcome.record.decision.verifier if outcome.record.decision else None
    assert judged is not None
    assert judged.reason is DropReason.SENSITIVITY_NOT_ALLOWED
    assert outcome.record.attempts[0].verdict.confidence is None


async def test_probes_stay_within_the_budget(tmp_path: Path) -> None:
    script = Script(fast_small=[INVOICE])
    budget = Budget("small", Money.usd("0.000315"), "day")
    async with gateway_on(script, policy(SAMPLES, budgets=(budget,)), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
        standing = await standing_of(house)
    assert script.calls == ["fast-small"]
    assert {probe.error_code for probe in outcome.record.attempts[0].probes} == {"budget_exceeded"}
    assert (standing.spent, standing.held) == (outcome.cost, Money(0))


async def test_a_caller_that_goes_away_leaves_no_probe_running_and_none_untold(tmp_path: Path) -> None:
    script = Script(fast_small=[INVOICE, 5.0, 5.0])
    budget = Budget("large", Money.usd("10"), "day")
    async with gateway_on(script, policy(SAMPLES, budgets=(budget,)), tmp_path) as house:
        task = asyncio.create_task(run(asked(), ANONYMOUS, house))
        async with asyncio.timeout(5):
            while len(script.calls) < 3:
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait({task})
        record = await only_record(house)
        standing = await standing_of(house)
    assert [probe.error_code for probe in record.attempts[0].probes] == ["cancelled"] * 2
    assert standing.held == Money(0)
