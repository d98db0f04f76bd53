"""Routing judges every model, keeps an order, and says why."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make import a_classification, a_model, a_policy, a_request, a_task
from weighbridge.domain.decision import Candidate, Decision, DropReason, RouteReason
from weighbridge.domain.drift import Demotion, Monitor
from weighbridge.domain.gate import Floor, OnMissingProof, QualityGate
from weighbridge.domain.hold import Estimate
from weighbridge.domain.levels import Capability, Risk, Sensitivity, Tier
from weighbridge.domain.money import Money
from weighbridge.domain.policy import Host, Policy, PortfolioModel
from weighbridge.domain.proof import NO_PROOF, ProofStanding, ProofState
from weighbridge.domain.signals import Classification, Condition
from weighbridge.domain.task import Canary, Limits
from weighbridge.routing.route import HIGH_RISK_SENTENCE, route
from weighbridge.routing.situation import Situation

TODAY = date(2026, 11, 25)


def decide(
    policy: Policy | None = None,
    classification: Classification | None = None,
    situation: Situation | None = None,
    input_tokens: int = 10,
    **request: Any,
) -> Decision:
    def estimate(model: PortfolioModel) -> Estimate:
        cost = None if model.price is None else model.price.input * input_tokens + model.price.output * 100
        return Estimate(input_tokens, 100, cost)

    return route(
        a_request(**request),
        classification or a_classification(),
        policy or a_policy(),
        estimate=estimate,
        situation=situation or Situation(TODAY),
    )


def dropped(decision: Decision, model: str) -> Candidate:
    return next(item for item in decision.candidates if item.model == model and not item.is_kept)


def with_model(policy: Policy, name: str, **changes: Any) -> Policy:
    changed = replace(policy.models[name], **changes)
    return replace(policy, models={**policy.models, name: changed})


def test_the_primary_comes_first_and_the_fallback_differs() -> None:
    decision = decide()
    assert decision.order == ("fast-small", "frontier-reasoning")
    assert decision.reason is RouteReason.PRIMARY


def test_every_model_of_the_portfolio_is_listed_once() -> None:
    decision = decide()
    assert sorted(item.model for item in decision.candidates) == sorted(a_policy().models)
    assert [item.rank for item in decision.candidates] == [1, 2, None]


def test_a_model_outside_the_selection_record_is_dropped() -> None:
    assert dropped(decide(), "frontier-backup").reason is DropReason.NOT_IN_SELECTION_RECORD


def test_high_risk_never_uses_a_cheap_primary() -> None:
    decision = decide(classification=a_classification(risk=Risk.HIGH))
    assert decision.order == ("frontier-reasoning",)
    assert (decision.reason, decision.sentence) == (RouteReason.HIGH_RISK, HIGH_RISK_SENTENCE)
    assert dropped(decision, "fast-small").numbers == {"tier": "small", "needed": "frontier"}


def test_high_risk_does_not_let_a_caller_pin_a_cheap_model() -> None:
    decision = decide(classification=a_classification(risk=Risk.HIGH), model="fast-small")
    assert decision.order == ()
    assert decision.reason is RouteReason.NO_CANDIDATE


def test_a_pinned_model_is_the_only_candidate() -> None:
    decision = decide(model="frontier-backup")
    assert decision.order == ("frontier-backup",)
    assert dropped(decision, "fast-small").reason is DropReason.NOT_PINNED


def test_sensitive_content_reaches_no_fallback_that_may_not_see_it() -> None:
    policy = with_model(a_policy(), "frontier-reasoning", cleared_for=Sensitivity.PUBLIC)
    decision = decide(policy)
    assert decision.order == ("fast-small",)
    assert dropped(decision, "frontier-reasoning").numbers == {"sensitivity": "internal", "cleared_for": "public"}


def test_a_host_of_unknown_region_is_outside_every_list() -> None:
    policy = a_policy(a_task(allowed_regions=frozenset({"eu"})))
    assert dropped(decide(policy), "fast-small").reason is DropReason.REGION_NOT_ALLOWED
    here = replace(policy, hosts={"simulated": Host("simulated", "simulated", "simulated", region="eu")})
    assert decide(here).order


def test_a_missing_capability_drops_the_model() -> None:
    policy = with_model(a_policy(), "fast-small", capabilities=frozenset({Capability.TOOLS}))
    decision = decide(policy, wants_logprobs=True)
    assert dropped(decision, "fast-small").numbers == {"missing": "logprobs"}
    assert decision.reason is RouteReason.PRIMARY_DROPPED


def test_a_model_gets_no_traffic_from_its_retirement_day() -> None:
    policy = with_model(a_policy(), "fast-small", retires_on=TODAY)
    assert dropped(decide(policy), "fast-small").reason is DropReason.DEPRECATED
    assert decide(policy, situation=Situation(date(2026, 11, 24))).order[0] == "fast-small"


@pytest.mark.parametrize("answer", [False, None])
def test_the_primary_needs_its_condition_to_hold(answer: bool | None) -> None:
    condition = Condition("size < 5", frozenset({"size"}), lambda signals: answer)
    decision = decide(a_policy(a_task(use_primary_when=condition)), a_classification(signals={"size": 9}))
    assert decision.order == ("frontier-reasoning",)
    assert decision.sentence == "frontier-reasoning serves because `size < 5` does not hold: size is 9"


PROVED = ProofStanding(ProofState.PROVED, digest="a", stale_from=date(2027, 1, 1))


def a_gate(on_missing: OnMissingProof) -> QualityGate:
    return QualityGate("evals/x.yaml", (Floor("exact_match", minimum=0.9),), on_missing)


def proofs(**standings: ProofStanding) -> Situation:
    names = {name.replace("_", "-"): standing for name, standing in standings.items()}
    return Situation(TODAY, proofs={("tag", name): standing for name, standing in names.items()})


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (NO_PROOF, DropReason.NOT_PROVED),
        (ProofStanding(ProofState.BELOW_FLOOR), DropReason.NOT_PROVED),
        (ProofStanding(ProofState.MISMATCH), DropReason.PROOF_MISMATCH),
        (ProofStanding(ProofState.PROVED, stale_from=TODAY), DropReason.PROOF_STALE),
    ],
)
def test_a_gate_that_refuses_lets_only_fresh_proofs_through(standing: ProofStanding, reason: DropReason) -> None:
    policy = a_policy(a_task(gate=a_gate(OnMissingProof.REFUSE)))
    decision = decide(policy, situation=proofs(fast_small=standing, frontier_reasoning=PROVED))
    assert decision.order == ("frontier-reasoning",)
    assert dropped(decision, "fast-small").reason is reason


def test_a_gate_that_refuses_leaves_no_route_without_any_proof() -> None:
    decision = decide(a_policy(a_task(gate=a_gate(OnMissingProof.REFUSE))))
    assert decision.order == ()
    assert dropped(decision, "frontier-reasoning").reason is DropReason.NOT_PROVED


def test_by_default_a_gate_lets_the_fallback_serve_in_place_of_an_unproved_primary() -> None:
    decision = decide(a_policy(a_task(gate=a_gate(OnMissingProof.FALLBACK))))
    assert decision.order == ("frontier-reasoning",)
    assert decision.candidates[0].proof is ProofState.MISSING
    assert "dropped: not_proved" in decision.sentence


def test_a_pinned_model_needs_its_proof_too() -> None:
    policy = a_policy(a_task(gate=a_gate(OnMissingProof.REFUSE)))
    assert decide(policy, model="fast-small").order == ()


def test_a_gate_that_warns_keeps_unproved_models_and_says_so() -> None:
    decision = decide(a_policy(a_task(gate=a_gate(OnMissingProof.WARN))))
    assert decision.order[0] == "fast-small"
    assert decision.candidates[0].proof is ProofState.MISSING


def test_a_decision_names_the_proof_it_stands_on() -> None:
    policy = a_policy(a_task(gate=a_gate(OnMissingProof.REFUSE)))
    first = decide(policy, situation=proofs(fast_small=PROVED)).candidates[0]
    assert (first.model, first.proof, first.proof_digest) == ("fast-small", ProofState.PROVED, "a")


CANARY = Canary("frontier-backup", 0.1)


def with_canary(**changes: Any) -> Policy:
    return a_policy(a_task(canary=CANARY, **changes))


def test_a_canary_serves_its_share_and_falls_back_to_the_primary() -> None:
    decision = decide(with_canary(), situation=Situation(TODAY, draw=0.05))
    assert decision.order == ("frontier-backup", "fast-small", "frontier-reasoning")
    assert decision.reason is RouteReason.CANARY
    assert decision.sentence == "frontier-backup is tried on 0.1 of all tag requests"


def test_outside_its_share_a_canary_does_not_serve() -> None:
    decision = decide(with_canary(), situation=Situation(TODAY, draw=0.1))
    assert decision.order == ("fast-small", "frontier-reasoning")
    assert dropped(decision, "frontier-backup").numbers == {"share": "0.1", "draw": "0.1"}


def test_what_guards_the_primary_guards_the_canary() -> None:
    condition = Condition("size < 5", frozenset({"size"}), lambda signals: False)
    decision = decide(with_canary(use_primary_when=condition), situation=Situation(TODAY, draw=0.05))
    assert decision.order == ("frontier-reasoning",)
    assert decision.reason is RouteReason.CONDITION_NOT_MET


def test_a_canary_needs_its_own_proof_and_loses_it_by_drift() -> None:
    policy = with_canary(gate=a_gate(OnMissingProof.FALLBACK))
    proved = proofs(frontier_backup=replace(PROVED, made_at="2026-11-24T00:00:00Z"), fast_small=PROVED)
    drawn = replace(proved, draw=0.05)
    assert decide(policy, situation=drawn).order[0] == "frontier-backup"
    assert decide(policy, situation=replace(drawn, proofs={})).order == ("frontier-reasoning",)
    seen = Demotion("tag", "frontier-backup", "2026-11-25T00:00:00Z", "rec_1", Monitor.INVALID, "It broke.", {})
    decision = decide(policy, situation=replace(drawn, demotions={("tag", "frontier-backup"): seen}))
    assert decision.order[0] == "fast-small"
    assert dropped(decision, "frontier-backup").reason is DropReason.DEMOTED


def test_a_proof_younger_than_a_demotion_counts() -> None:
    policy = a_policy(a_task(gate=a_gate(OnMissingProof.REFUSE)))
    seen = Demotion("tag", "fast-small", "2026-11-25T00:00:00Z", "rec_1", Monitor.INVALID, "It broke.", {})
    young = proofs(fast_small=replace(PROVED, made_at="2026-11-25T00:00:01Z"))
    assert decide(policy, situation=replace(young, demotions={("tag", "fast-small"): seen})).order == ("fast-small",)


def test_input_and_answer_must_fit_the_window_together() -> None:
    decision = decide(input_tokens=7_950)
    assert dropped(decision, "fast-small").numbers == {"needed_tokens": 8_050, "window_tokens": 8_000}


def test_a_longer_answer_than_the_model_can_give_drops_it() -> None:
    decision = decide(max_output_tokens=3_000)
    assert dropped(decision, "fast-small").reason is DropReason.OUTPUT_LIMIT_TOO_SMALL


def test_an_unknown_price_is_refused_unless_the_task_allows_it() -> None:
    policy = with_model(a_policy(), "fast-small", price=None)
    assert dropped(decide(policy), "fast-small").reason is DropReason.PRICE_UNKNOWN
    tolerant = replace(policy, tasks={"tag": a_task(allows_unknown_price=True)})
    assert decide(tolerant).order[0] == "fast-small"


def test_an_estimate_over_the_cap_drops_the_model_with_both_figures() -> None:
    policy = a_policy(a_task(limits=Limits(max_cost=Money.usd("0.0001"))))
    numbers = dropped(decide(policy), "frontier-reasoning").numbers
    assert numbers == {"estimate_usd": "0.00123", "cap_usd": "0.0001"}


def test_a_model_that_cools_down_is_left_alone() -> None:
    decision = decide(situation=Situation(TODAY, cooling_down={"fast-small": 12.4}))
    assert dropped(decision, "fast-small").numbers == {"seconds_left": 12}


@given(
    level=st.sampled_from(Sensitivity),
    risk=st.sampled_from(Risk),
    clearances=st.lists(st.sampled_from(Sensitivity), min_size=3, max_size=3),
    pin=st.sampled_from(["auto", "fast-small", "frontier-backup"]),
)
def test_no_order_ever_holds_a_model_that_may_not_see_or_is_too_weak(
    level: Sensitivity, risk: Risk, clearances: list[Sensitivity], pin: str
) -> None:
    names = tuple(a_policy().models)
    policy = a_policy()
    for name, clearance in zip(names, clearances, strict=True):
        policy = with_model(policy, name, cleared_for=clearance)
    decision = decide(policy, a_classification(sensitivity=level, risk=risk), model=pin)
    assert len(set(decision.order)) == len(decision.order)
    for name in decision.order:
        assert policy.models[name].cleared_for.rank >= level.rank
        assert risk is not Risk.HIGH or policy.models[name].tier is Tier.FRONTIER
    assert a_model().name in names
