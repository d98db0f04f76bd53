"""`next_step`: what comes after an attempt. The whole fallback ladder as one pure function over values.

The rungs, from the top: a valid answer is accepted, or shown to a person first where the task says so; a bound that is
reached ends the request; an answer of the wrong form is repaired where the task allows it, the model being told what is
wrong; a fault that may pass is retried, on the same model; a failed or invalid attempt moves to the next candidate; and
where all that is used up, the task's declared answer is given, a person is asked, or there is no answer. Every path
ends: each step but the last uses up an attempt, and one of a repair, a retry and a candidate.

The function reads the attempts as the record keeps them, so a record is enough to decide each of its steps again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from weighbridge.domain.attempt import Attempt, Step, StepKind
from weighbridge.domain.errors import BudgetExceededError, ProviderError
from weighbridge.domain.hold import Estimate
from weighbridge.domain.money import ZERO, Money, total
from weighbridge.domain.task import Limits, OnExpiry, Task
from weighbridge.domain.verdict import Verdict
from weighbridge.validation.repair import is_repairable

FIRST_BACKOFF_S = 0.5
LONGEST_WAIT_S = 10.0
"""A provider that asks for more is not waited for: another model is asked, or the request ends."""

Judged = Verdict | ProviderError | BudgetExceededError
"""What an attempt came to: an answer's verdict, the error that came instead, or no money for the call."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one request may use on its way down, and what stands at the bottom."""

    costs: dict[str, Money | None]
    """The candidates in order, each with the upper estimate of one call; `None` when its price is unknown."""
    limits: Limits
    """The task's bounds on attempts, repairs, retries and money."""
    deadline: float
    """Monotonic time by which an answer must be there."""
    bottom: StepKind = StepKind.REFUSE
    """`degrade`, `review` or `refuse`."""
    is_always_reviewed: bool = False
    """A person sees each answer before the caller does."""
    max_tool_rounds: int = 0
    """So often models may ask for tools of the gateway."""

    @classmethod
    def of(cls, task: Task, costs: dict[str, Money | None], deadline: float) -> Self:
        """Those of a task."""
        is_always = task.review is not None and task.review.is_always
        most_rounds = 0 if task.evidence is None else task.evidence.max_tool_rounds
        return cls(costs, task.limits, deadline, bottom_of(task), is_always, most_rounds)


@dataclass(frozen=True, slots=True)
class Rung:
    """Where the request stands after an attempt."""

    model: str
    """The candidate of this attempt."""
    made: Sequence[Attempt]
    """The attempts before it."""
    spent: Money
    """What all attempts cost so far, this one included; an unknown cost counts as its estimate."""
    now: float
    """Monotonic time."""
    repair: Estimate | None = None
    """The size of a call that tells the model what is wrong with its answer; `None` where none can be made."""
    asks_tools: bool = False
    """The answer is no answer yet: it asks for tools of the gateway."""
    is_next_running: bool = False
    """The next candidate is being called already."""
    chance: float = 1.0
    """Drawn evenly from 0 to 1: spreads the retries of many requests."""


def next_step(result: Judged, rung: Rung, bounds: Bounds) -> Step:
    """Decide from the verdict, or from the error that came instead of an answer."""
    if isinstance(result, Verdict) and result.is_valid:
        return _tools(rung, bounds) if rung.asks_tools else _accepted(bounds)
    fault = _fault(result)
    bound = _bound_reached(rung, bounds)
    if bound is not None:
        return Step(bounds.bottom, bound)
    again = None if rung.is_next_running else _same_model_again(result, rung, bounds)
    if again is not None:
        return again
    following = _candidate_after(rung.model, bounds)
    if following is None:
        return Step(bounds.bottom, fault)
    if not rung.is_next_running and not _is_affordable(bounds.costs[following], rung, bounds):
        return Step(bounds.bottom, "max_request_cost")
    return Step(StepKind.NEXT_CANDIDATE, fault)


def step_after_commit(result: Judged) -> Step:
    """For an answer of which the caller has already seen part: it is accepted, or it is over."""
    if isinstance(result, Verdict) and result.is_valid:
        return Step(StepKind.ACCEPT, "valid")
    return Step(StepKind.REFUSE, _fault(result))


def hedge_candidate(model: str, made: Sequence[Attempt], bounds: Bounds) -> str | None:
    """Whom to call beside `model` when that is slow; `None` where the task does not hedge or a bound forbids it."""
    following = _candidate_after(model, bounds)
    if bounds.limits.hedge_after_s is None or following is None or len(made) + 2 > bounds.limits.max_attempts:
        return None
    most = bounds.limits.max_request_cost
    both = total([spent(made), bounds.costs[model], bounds.costs[following]])
    return following if most is None or (both is not None and both <= most) else None


def bottom_of(task: Task) -> StepKind:
    """What stands at the end of the task's ladder.

    A declared answer comes before a person, unless it is what the task gives when no person decided in time.
    """
    if task.review is not None and (task.safe_answer is None or _is_person_first(task)):
        return StepKind.REVIEW
    return StepKind.REFUSE if task.safe_answer is None else StepKind.DEGRADE


def _is_person_first(task: Task) -> bool:
    return task.review is not None and (task.review.is_always or task.review.on_expiry is OnExpiry.DEGRADE)


def backoff_s(tries: int, hint_s: float | None, chance: float) -> float:
    """Seconds to wait after the `tries`-th failure of one model.

    Exponential with full jitter, that is even between 0 and the step (Brooker, "Exponential Backoff And Jitter",
    AWS Architecture Blog, 2015). A provider's own hint is the least that is waited, with up to a tenth on top, so that
    those who were told the same do not come back together.
    """
    if hint_s is not None:
        return hint_s * (1.0 + 0.1 * chance)
    return float(min(FIRST_BACKOFF_S * 2 ** min(tries - 1, 10), LONGEST_WAIT_S)) * chance


def _same_model_again(result: Judged, rung: Rung, bounds: Bounds) -> Step | None:
    if isinstance(result, Verdict):
        return _repair(result, rung, bounds)
    if isinstance(result, BudgetExceededError) or not _is_affordable(bounds.costs[rung.model], rung, bounds):
        return None
    if result.can_switch_credential:
        return Step(StepKind.RETRY, result.code)
    return _retry(result, rung, bounds) if result.is_retryable else None


def _accepted(bounds: Bounds) -> Step:
    return Step(StepKind.REVIEW, "always") if bounds.is_always_reviewed else Step(StepKind.ACCEPT, "valid")


def _tools(rung: Rung, bounds: Bounds) -> Step:
    """Another call with what the tools say, as long as rounds, time and money last. It does not count as an attempt."""
    if rung.now >= bounds.deadline:
        return Step(bounds.bottom, "deadline")
    if sum(attempt.step.kind is StepKind.TOOLS for attempt in rung.made) >= bounds.max_tool_rounds:
        return Step(bounds.bottom, "max_tool_rounds")
    if not _is_affordable(bounds.costs[rung.model], rung, bounds):
        return Step(bounds.bottom, "max_request_cost")
    return Step(StepKind.TOOLS, "tools")


def _retry(result: ProviderError, rung: Rung, bounds: Bounds) -> Step | None:
    tries = 1 + sum(attempt.model == rung.model for attempt in rung.made)
    is_last = _candidate_after(rung.model, bounds) is None
    most = bounds.limits.max_retries if is_last else bounds.limits.retries_before_fallback
    wait_s = backoff_s(tries, result.retry_after_s, rung.chance)
    if tries > most or wait_s > LONGEST_WAIT_S or rung.now + wait_s >= bounds.deadline:
        return None
    return Step(StepKind.RETRY, result.code, wait_s)


def _repair(verdict: Verdict, rung: Rung, bounds: Bounds) -> Step | None:
    told = sum(attempt.model == rung.model and attempt.step.kind is StepKind.REPAIR for attempt in rung.made)
    if rung.repair is None or told >= bounds.limits.max_repairs or not is_repairable(verdict):
        return None
    return Step(StepKind.REPAIR, _fault(verdict)) if _is_affordable(rung.repair.cost, rung, bounds) else None


def _bound_reached(rung: Rung, bounds: Bounds) -> str | None:
    if rung.now >= bounds.deadline:
        return "deadline"
    if sum(attempt.step.kind is not StepKind.TOOLS for attempt in rung.made) + 1 >= bounds.limits.max_attempts:
        return "max_attempts"
    return None


def _is_affordable(cost: Money | None, rung: Rung, bounds: Bounds) -> bool:
    most = bounds.limits.max_request_cost
    return most is None or (cost is not None and rung.spent + cost <= most)


def _candidate_after(model: str, bounds: Bounds) -> str | None:
    order = list(bounds.costs)
    following = order.index(model) + 1
    return order[following] if following < len(order) else None


def _fault(result: Judged) -> str:
    if not isinstance(result, Verdict):
        return result.code
    return result.findings[0].code.value if result.findings else result.status.value


def spent(attempts: Sequence[Attempt]) -> Money:
    """What attempts cost together, an unknown cost at its estimate; what is wholly unknown cannot be counted."""
    calls = [call for attempt in attempts for call in attempt.calls]
    amounts = [call.estimate if call.cost is None else call.cost for call in calls]
    return sum([amount for amount in amounts if amount is not None], ZERO)
