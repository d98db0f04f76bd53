"""`next_step`: what comes after an attempt. The whole fallback ladder as one pure function over values.

The rungs, from the top: a valid answer is accepted; a bound that is reached ends the request; an answer of the wrong
form is repaired where the task allows it, the model being told what is wrong; a failed or invalid attempt moves to the
next candidate; with no other candidate left, a fault that may pass is retried once on the same one; and where all that
is used up, the task's declared answer is given, or none. Every path ends: each step uses up an attempt, a repair, a
candidate or time.
"""

from dataclasses import dataclass
from typing import Self

from weighbridge.domain.attempt import Step, StepKind
from weighbridge.domain.errors import ProviderError
from weighbridge.domain.verdict import Verdict
from weighbridge.validation.repair import is_repairable

MAX_TRIES_PER_CANDIDATE = 2
LONGEST_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Rung:
    """Where the request stands on the ladder after an attempt."""

    attempts_made: int
    """Calls so far, this one included."""
    max_attempts: int
    """The task's bound on calls."""
    tries_on_candidate: int
    """Calls to the present candidate, this one included."""
    candidates_left: int
    """Candidates after the present one."""
    time_left_s: float
    """Until the task's deadline."""
    repairs_left: int = 0
    """How often the present candidate may still be told what is wrong with its answer."""
    can_degrade: bool = False
    """The task declares an answer for the case that no model gives a valid one."""
    is_committed: bool = False
    """The caller has already seen part of this answer: it is accepted or it is over."""

    @classmethod
    def committed(cls, attempts_made: int) -> Self:
        """The last rung of a live stream."""
        return cls(attempts_made, attempts_made, 1, 0, 0.0, is_committed=True)


def next_step(result: Verdict | ProviderError, rung: Rung) -> Step:
    """Decide from the verdict, or from the error that came instead of an answer."""
    if isinstance(result, Verdict) and result.is_valid:
        return Step(StepKind.ACCEPT, "valid")
    fault = _fault(result)
    end = StepKind.DEGRADE if rung.can_degrade else StepKind.REFUSE
    bound = fault if rung.is_committed else _bound_reached(rung)
    if bound is not None:
        return Step(end, bound)
    if rung.repairs_left and isinstance(result, Verdict) and is_repairable(result):
        return Step(StepKind.REPAIR, fault)
    if rung.candidates_left:
        return Step(StepKind.NEXT_CANDIDATE, fault)
    may_pass = isinstance(result, ProviderError) and _may_pass(result, rung)
    return Step(StepKind.RETRY if may_pass else end, fault)


def wait_before_retry_s(error: ProviderError) -> float:
    """As long as the provider asked, within reason; a short breath when it did not say."""
    return min(error.retry_after_s, LONGEST_WAIT_S) if error.retry_after_s is not None else 0.2


def _bound_reached(rung: Rung) -> str | None:
    if rung.time_left_s <= 0:
        return "deadline"
    if rung.attempts_made >= rung.max_attempts:
        return "max_attempts"
    return None


def _fault(result: Verdict | ProviderError) -> str:
    if isinstance(result, ProviderError):
        return result.code
    return result.findings[0].code.value if result.findings else result.status.value


def _may_pass(error: ProviderError, rung: Rung) -> bool:
    if not error.is_retryable or rung.tries_on_candidate >= MAX_TRIES_PER_CANDIDATE:
        return False
    return wait_before_retry_s(error) < rung.time_left_s and (error.retry_after_s or 0) <= LONGEST_WAIT_S
