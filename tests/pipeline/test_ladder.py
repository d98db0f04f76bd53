"""The fallback ladder as a table, and as a machine that cannot leave its bounds."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from make import a_task
from weighbridge.domain.attempt import Attempt, Step, StepKind
from weighbridge.domain.errors import (
    BudgetExceededError,
    ContentPolicyError,
    ContextTooLongError,
    HostBusyError,
    HostUnreachableError,
    ModelRestsError,
    ProviderAuthError,
    ProviderError,
    ProviderMalformedError,
    ProviderOverloadedError,
    ProviderQuotaError,
    ProviderRateLimitedError,
    ProviderRejectedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from weighbridge.domain.hold import Estimate
from weighbridge.domain.money import ZERO, Money
from weighbridge.domain.task import Limits, OnExpiry, ReviewRule
from weighbridge.domain.verdict import Finding, FindingCode, Verdict, VerdictStatus
from weighbridge.pipeline.ladder import (
    FIRST_BACKOFF_S,
    LONGEST_WAIT_S,
    Bounds,
    Judged,
    Rung,
    backoff_s,
    bottom_of,
    hedge_candidate,
    next_step,
    spent,
    step_after_commit,
)

VALID = Verdict(VerdictStatus.VALID)
INVALID = Verdict(VerdictStatus.INVALID, (Finding(FindingCode.LABEL_NOT_ALLOWED, "not a label"),))
RULE = Verdict(VerdictStatus.INVALID, (Finding(FindingCode.ESCALATION_RULE, "a stronger model is asked for"),))
REFUSED = Verdict(VerdictStatus.REFUSED)
DOWN = ProviderUnavailableError("down")
SLOW = ProviderTimeoutError("slow")
BUSY = ProviderRateLimitedError("busy", retry_after_s=2)
BUSY_LONG = ProviderRateLimitedError("busy", retry_after_s=60)
REJECTED = ProviderRejectedError("no")
AUTH = ProviderAuthError("who")
GARBLED = ProviderMalformedError("what")
BROKE = BudgetExceededError("no money", advice="wait")
QUOTA = ProviderQuotaError("no credit")
OVERLOADED = ProviderOverloadedError("much to do")
UNREACHABLE = HostUnreachableError("no route")
HOST_BUSY = HostBusyError("our own limit")
RESTS = ModelRestsError("left alone")
TOO_LONG = ContextTooLongError("too long")
POLICY = ContentPolicyError("filtered")
FAULTS = (QUOTA, OVERLOADED, UNREACHABLE, HOST_BUSY, RESTS, TOO_LONG, POLICY)
ALL = (*FAULTS, VALID, INVALID, RULE, REFUSED, DOWN, SLOW, BUSY, BUSY_LONG, REJECTED, AUTH, GARBLED, BROKE)

CENT = Money.usd("0.01")
REPAIR = Estimate(10, 10, CENT)
LAST = "b"


def made(*steps: tuple[str, StepKind], cost: Money | None = CENT) -> tuple[Attempt, ...]:
    return tuple(
        Attempt(model, "host", INVALID, Step(kind, "x"), 0.1, cost=cost, estimate=CENT) for model, kind in steps
    )


def at(model: str = "a", before: tuple[Attempt, ...] = (), now: float = 0.0, **rest: Any) -> Rung:
    return replace(Rung(model, before, spent(before) + CENT, now), **rest)


def within(bottom: StepKind = StepKind.REFUSE, *, is_always_reviewed: bool = False, **limits: Any) -> Bounds:
    return Bounds({"a": CENT, LAST: CENT}, replace(Limits(), **limits), 10.0, bottom, is_always_reviewed)


RETRIED = made((LAST, StepKind.RETRY))
TOLD = made(("a", StepKind.REPAIR))
TWICE = made(("a", StepKind.RETRY), ("a", StepKind.RETRY))


@pytest.mark.parametrize(
    ("result", "rung", "bounds", "kind", "reason"),
    [
        (VALID, at(), within(), StepKind.ACCEPT, "valid"),
        (VALID, at(before=TWICE, now=11.0), within(), StepKind.ACCEPT, "valid"),
        (VALID, at(), within(is_always_reviewed=True), StepKind.REVIEW, "always"),
        (INVALID, at(), within(), StepKind.NEXT_CANDIDATE, "label_not_allowed"),
        (INVALID, at(LAST), within(), StepKind.REFUSE, "label_not_allowed"),
        (INVALID, at(LAST), within(StepKind.DEGRADE), StepKind.DEGRADE, "label_not_allowed"),
        (INVALID, at(LAST), within(StepKind.REVIEW), StepKind.REVIEW, "label_not_allowed"),
        (INVALID, at(before=TWICE), within(), StepKind.REFUSE, "max_attempts"),
        (INVALID, at(now=10.0), within(), StepKind.REFUSE, "deadline"),
        (INVALID, at(now=10.0), within(StepKind.REVIEW), StepKind.REVIEW, "deadline"),
        (INVALID, at(repair=REPAIR), within(max_repairs=1), StepKind.REPAIR, "label_not_allowed"),
        (INVALID, at(repair=REPAIR, before=TOLD), within(max_repairs=1), StepKind.NEXT_CANDIDATE, "label_not_allowed"),
        (INVALID, at(repair=REPAIR, before=TOLD), within(max_repairs=2), StepKind.REPAIR, "label_not_allowed"),
        (INVALID, at(), within(max_repairs=1), StepKind.NEXT_CANDIDATE, "label_not_allowed"),
        (RULE, at(repair=REPAIR), within(max_repairs=1), StepKind.NEXT_CANDIDATE, "escalation_rule"),
        (REFUSED, at(repair=REPAIR), within(max_repairs=1), StepKind.NEXT_CANDIDATE, "refused"),
        (DOWN, at(), within(), StepKind.NEXT_CANDIDATE, "provider_unavailable"),
        (DOWN, at(), within(retries_before_fallback=1), StepKind.RETRY, "provider_unavailable"),
        (DOWN, at(LAST), within(), StepKind.RETRY, "provider_unavailable"),
        (DOWN, at(LAST), within(max_retries=0), StepKind.REFUSE, "provider_unavailable"),
        (DOWN, at(LAST, before=RETRIED), within(), StepKind.REFUSE, "provider_unavailable"),
        (SLOW, at(LAST, now=9.9), within(), StepKind.REFUSE, "provider_timeout"),
        (BUSY, at(LAST), within(), StepKind.RETRY, "provider_rate_limited"),
        (BUSY_LONG, at(LAST), within(), StepKind.REFUSE, "provider_rate_limited"),
        (GARBLED, at(LAST), within(), StepKind.RETRY, "provider_malformed"),
        (REJECTED, at(LAST), within(), StepKind.REFUSE, "provider_rejected"),
        (AUTH, at(), within(retries_before_fallback=1), StepKind.NEXT_CANDIDATE, "provider_auth"),
        (BROKE, at(), within(), StepKind.NEXT_CANDIDATE, "budget_exceeded"),
        (BROKE, at(LAST), within(), StepKind.REFUSE, "budget_exceeded"),
        (INVALID, at(), within(max_request_cost=CENT), StepKind.REFUSE, "max_request_cost"),
        (INVALID, at(), within(max_request_cost=CENT * 2), StepKind.NEXT_CANDIDATE, "label_not_allowed"),
        (DOWN, at(LAST), within(max_request_cost=CENT), StepKind.REFUSE, "provider_unavailable"),
        (DOWN, at(is_next_running=True), within(retries_before_fallback=1), StepKind.NEXT_CANDIDATE, DOWN.code),
    ],
)
def test_each_situation_has_one_step(result: Judged, rung: Rung, bounds: Bounds, kind: StepKind, reason: str) -> None:
    step = next_step(result, rung, bounds)
    assert (step.kind, step.reason) == (kind, reason)


def every_error() -> set[type[ProviderError]]:
    found, wanted = set[type[ProviderError]](), [ProviderError]
    while wanted:
        kind = wanted.pop()
        found.add(kind)
        wanted += kind.__subclasses__()
    return found - {ProviderError}


def test_no_kind_of_error_is_left_out_here() -> None:
    assert {type(result) for result in ALL if isinstance(result, ProviderError)} == every_error()


@pytest.mark.parametrize("error", [item for item in ALL if isinstance(item, ProviderError)], ids=str)
def test_every_error_with_another_candidate_goes_on_and_alone_retries_only_what_may_pass(error: ProviderError) -> None:
    assert next_step(error, at(), within()).kind is StepKind.NEXT_CANDIDATE
    alone = next_step(error, at(LAST), within())
    is_waited_for = error.is_retryable and (error.retry_after_s or 0) < LONGEST_WAIT_S
    assert alone.kind is (StepKind.RETRY if is_waited_for else StepKind.REFUSE)


@pytest.mark.parametrize("error", [AUTH, BUSY_LONG, QUOTA])
def test_another_credential_is_tried_at_once_within_the_bounds(error: ProviderError) -> None:
    switched = type(error)("switch", retry_after_s=60)
    switched.can_switch_credential = True
    assert next_step(switched, at(), within()) == Step(StepKind.RETRY, error.code)
    assert next_step(switched, at(before=TWICE), within()).reason == "max_attempts"


@pytest.mark.parametrize("result", ALL, ids=str)
@pytest.mark.parametrize("bottom", [StepKind.REFUSE, StepKind.DEGRADE, StepKind.REVIEW])
def test_whatever_went_wrong_a_used_up_ladder_ends_at_its_bottom(result: Judged, bottom: StepKind) -> None:
    spent_up = at(LAST, before=made(("a", StepKind.NEXT_CANDIDATE), (LAST, StepKind.RETRY)))
    expected = StepKind.ACCEPT if result is VALID else bottom
    assert next_step(result, spent_up, within(bottom)).kind is expected


@pytest.mark.parametrize("result", ALL, ids=str)
def test_a_shown_answer_is_accepted_or_over(result: Judged) -> None:
    assert step_after_commit(result).kind is (StepKind.ACCEPT if result is VALID else StepKind.REFUSE)


def test_a_declared_answer_comes_before_a_person_unless_it_is_what_expiry_gives() -> None:
    late = ReviewRule(on_expiry=OnExpiry.DEGRADE)
    assert bottom_of(a_task()) is StepKind.REFUSE
    assert bottom_of(a_task(safe_answer="other")) is StepKind.DEGRADE
    assert bottom_of(a_task(review=ReviewRule())) is StepKind.REVIEW
    assert bottom_of(a_task(review=ReviewRule(), safe_answer="other")) is StepKind.DEGRADE
    assert bottom_of(a_task(review=late, safe_answer="other")) is StepKind.REVIEW


def test_a_hedge_stays_within_attempts_and_money() -> None:
    hedging = within(hedge_after_s=1.0)
    assert hedge_candidate("a", (), hedging) == LAST
    assert hedge_candidate(LAST, (), hedging) is None
    assert hedge_candidate("a", (), within()) is None
    assert hedge_candidate("a", TWICE, hedging) is None
    assert hedge_candidate("a", (), within(hedge_after_s=1.0, max_request_cost=CENT)) is None


@given(st.integers(1, 40), st.floats(0, 1))
def test_a_backoff_is_spread_over_its_whole_step_and_bounded(tries: int, chance: float) -> None:
    assert 0 <= backoff_s(tries, None, chance) <= LONGEST_WAIT_S
    assert backoff_s(1, None, 1.0) == FIRST_BACKOFF_S
    assert backoff_s(tries, 2.0, chance) >= 2.0


def test_unknown_costs_count_at_their_estimates() -> None:
    assert spent(made(("a", StepKind.RETRY), cost=None)) == CENT
    assert spent(made(("a", StepKind.RETRY), cost=ZERO)) == ZERO


class AnyRequest(RuleBasedStateMachine):
    """One request with any bounds, whatever comes of its attempts."""

    @initialize(
        candidates=st.integers(1, 4),
        limits=st.builds(
            Limits,
            max_attempts=st.integers(1, 8),
            max_repairs=st.integers(0, 3),
            max_retries=st.integers(0, 4),
            retries_before_fallback=st.integers(0, 3),
            max_request_cost=st.none() | st.integers(1, 8).map(lambda cents: CENT * cents),
        ),
        bottom=st.sampled_from([StepKind.REFUSE, StepKind.DEGRADE, StepKind.REVIEW]),
    )
    def begin(self, candidates: int, limits: Limits, bottom: StepKind) -> None:
        self.limits = limits
        order = "abcd"[:candidates]
        self.bounds = Bounds(dict.fromkeys(order, CENT), self.limits, 30.0, bottom)
        self.made: list[Attempt] = []
        self.model, self.now, self.is_over = order[0], 0.0, False

    @precondition(lambda self: not self.is_over)
    @rule(result=st.sampled_from(ALL), took_s=st.floats(0, 12), chance=st.floats(0, 1), is_known=st.booleans())
    def attempt(self, result: Judged, took_s: float, chance: float, is_known: bool) -> None:
        assert self.now < 30.0
        self.now += took_s
        here = Rung(self.model, tuple(self.made), spent(self.made) + CENT, self.now, REPAIR, chance=chance)
        step = next_step(result, here, self.bounds)
        verdict = result if isinstance(result, Verdict) else Verdict(VerdictStatus.UNCHECKED)
        cost = CENT if is_known else None
        self.made.append(Attempt(self.model, "host", verdict, step, took_s, cost=cost, estimate=CENT))
        self._within_bounds(result, step)
        self.is_over = step.kind not in {StepKind.REPAIR, StepKind.RETRY, StepKind.NEXT_CANDIDATE}
        if step.kind is StepKind.NEXT_CANDIDATE:
            order = list(self.bounds.costs)
            self.model = order[order.index(self.model) + 1]
        self.now += step.wait_s

    @precondition(lambda self: self.is_over)
    @rule()
    def it_is_over(self) -> None:
        assert self.made[-1].step.kind in {StepKind.ACCEPT, self.bounds.bottom}

    def _within_bounds(self, result: Judged, step: Step) -> None:
        assert len(self.made) <= self.limits.max_attempts
        assert self.limits.max_request_cost is None or spent(self.made) <= self.limits.max_request_cost
        assert (step.kind is StepKind.ACCEPT) == (result is VALID)
        assert step.wait_s == 0 or step.kind is StepKind.RETRY
        repairs = [item for item in self.made if item.step.kind is StepKind.REPAIR and item.model == self.model]
        assert len(repairs) <= self.limits.max_repairs


TestNoPathLeavesItsBounds = AnyRequest.TestCase


def test_a_record_is_enough_to_decide_its_steps_again() -> None:
    before = made(("a", StepKind.NEXT_CANDIDATE), (LAST, StepKind.RETRY))
    assert next_step(DOWN, at(LAST, before[:1], chance=0.5), within()) == Step(StepKind.RETRY, DOWN.code, 0.25)
    assert isinstance(DOWN, ProviderError)
