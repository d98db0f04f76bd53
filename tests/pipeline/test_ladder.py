"""The fallback ladder as a table."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.domain.attempt import Step, StepKind
from weighbridge.domain.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderRateLimitedError,
    ProviderRejectedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from weighbridge.domain.verdict import Finding, FindingCode, Verdict, VerdictStatus
from weighbridge.pipeline.ladder import LONGEST_WAIT_S, Rung, next_step, wait_before_retry_s

VALID = Verdict(VerdictStatus.VALID)
INVALID = Verdict(VerdictStatus.INVALID, (Finding(FindingCode.LABEL_NOT_ALLOWED, "not a label"),))
REFUSED = Verdict(VerdictStatus.REFUSED)
DOWN = ProviderUnavailableError("down")
SLOW = ProviderTimeoutError("slow")
BUSY = ProviderRateLimitedError("busy", retry_after_s=2)
BUSY_LONG = ProviderRateLimitedError("busy", retry_after_s=60)
REJECTED = ProviderRejectedError("no")
AUTH = ProviderAuthError("who")


RULE = Verdict(VerdictStatus.INVALID, (Finding(FindingCode.ESCALATION_RULE, "a stronger model is asked for"),))


def rung(made: int = 1, most: int = 3, tries: int = 1, left: int = 1, time_s: float = 10.0, repairs: int = 0) -> Rung:
    return Rung(made, most, tries, left, time_s, repairs)


@pytest.mark.parametrize(
    ("result", "at", "kind", "reason"),
    [
        (VALID, rung(), StepKind.ACCEPT, "valid"),
        (VALID, rung(made=3, time_s=-1), StepKind.ACCEPT, "valid"),
        (INVALID, rung(), StepKind.NEXT_CANDIDATE, "label_not_allowed"),
        (INVALID, rung(left=0), StepKind.REFUSE, "label_not_allowed"),
        (INVALID, rung(made=3), StepKind.REFUSE, "max_attempts"),
        (INVALID, rung(time_s=0), StepKind.REFUSE, "deadline"),
        (INVALID, rung(repairs=1), StepKind.REPAIR, "label_not_allowed"),
        (INVALID, rung(repairs=1, made=3), StepKind.REFUSE, "max_attempts"),
        (RULE, rung(repairs=1), StepKind.NEXT_CANDIDATE, "escalation_rule"),
        (REFUSED, rung(repairs=1), StepKind.NEXT_CANDIDATE, "refused"),
        (DOWN, rung(repairs=1), StepKind.NEXT_CANDIDATE, "provider_unavailable"),
        (REFUSED, rung(), StepKind.NEXT_CANDIDATE, "refused"),
        (DOWN, rung(), StepKind.NEXT_CANDIDATE, "provider_unavailable"),
        (DOWN, rung(left=0), StepKind.RETRY, "provider_unavailable"),
        (DOWN, rung(left=0, tries=2, made=2), StepKind.REFUSE, "provider_unavailable"),
        (SLOW, rung(left=0, time_s=0.1), StepKind.REFUSE, "provider_timeout"),
        (BUSY, rung(left=0), StepKind.RETRY, "provider_rate_limited"),
        (BUSY_LONG, rung(left=0, time_s=100), StepKind.REFUSE, "provider_rate_limited"),
        (REJECTED, rung(left=0), StepKind.REFUSE, "provider_rejected"),
        (AUTH, rung(), StepKind.NEXT_CANDIDATE, "provider_auth"),
        (INVALID, Rung.committed(1), StepKind.REFUSE, "label_not_allowed"),
        (DOWN, Rung.committed(1), StepKind.REFUSE, "provider_unavailable"),
        (VALID, Rung.committed(1), StepKind.ACCEPT, "valid"),
    ],
)
def test_each_situation_has_one_step(result: Verdict | ProviderError, at: Rung, kind: StepKind, reason: str) -> None:
    assert next_step(result, at) == Step(kind, reason)


def test_a_declared_answer_stands_where_a_refusal_would() -> None:
    last = Rung(1, 3, 2, 0, 10.0, can_degrade=True)
    assert next_step(INVALID, last) == Step(StepKind.DEGRADE, "label_not_allowed")
    assert next_step(DOWN, replace(last, attempts_made=3)) == Step(StepKind.DEGRADE, "max_attempts")
    assert next_step(DOWN, replace(last, candidates_left=1)).kind is StepKind.NEXT_CANDIDATE


@given(
    results=st.lists(st.sampled_from([INVALID, REFUSED, DOWN, SLOW, BUSY, REJECTED, AUTH]), min_size=200, max_size=200),
    candidates=st.integers(1, 5),
    most=st.integers(1, 8),
)
def test_the_ladder_always_ends_within_its_bound(
    results: list[Verdict | ProviderError], candidates: int, most: int
) -> None:
    position, tries, made = 0, 0, 0
    for result in results:
        made, tries = made + 1, tries + 1
        step = next_step(result, rung(made, most, tries, candidates - position - 1))
        if step.kind is StepKind.NEXT_CANDIDATE:
            position, tries = position + 1, 0
        elif step.kind is not StepKind.RETRY:
            break
    assert made <= most
    assert position < candidates


def test_a_retry_waits_as_long_as_the_provider_asked_within_reason() -> None:
    assert wait_before_retry_s(BUSY) == 2
    assert wait_before_retry_s(BUSY_LONG) == LONGEST_WAIT_S
    assert wait_before_retry_s(DOWN) < 1
