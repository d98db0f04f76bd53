"""The way down the ladder: call a candidate, do what `next_step` says, until there is an answer or an end."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from types import TracebackType
from typing import Generic, Self, TypeVar

from weighbridge.domain.attempt import Step, StepKind
from weighbridge.domain.budget import OnExceed
from weighbridge.domain.errors import BudgetExceededError, ModelsCoolingDownError, NoEvidenceError
from weighbridge.domain.evidence import WhenNone
from weighbridge.domain.money import ZERO
from weighbridge.domain.response import Choice, Response
from weighbridge.domain.review import ReviewReason
from weighbridge.domain.task import Task
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.endings import give_up, keep_failure
from weighbridge.pipeline.house import House
from weighbridge.pipeline.ladder import Bounds, Rung, bottom_of, hedge_candidate, next_step, spent
from weighbridge.pipeline.plan import Plan
from weighbridge.pipeline.result import Result
from weighbridge.pipeline.review import HandOver
from weighbridge.pipeline.tool_round import asked_of_us, for_caller, with_results
from weighbridge.validation.repair import correction, is_repairable

DECLARED = "declared-answer"
"""Stands for a model's name where the answer is the task's own."""

Begun = TypeVar("Begun")
"""What a call comes to beside a `Result`: a stream that has begun."""

Call = Callable[[Plan, str], Coroutine[object, object, Result | Begun]]
"""Calls a candidate with a plan."""


class Climb(Generic[Begun]):
    """Position of one request on its ladder. Leave the block that it is entered for, and no call is left running."""

    __slots__ = ("_bounds", "_call", "_draft", "_first_plan", "_house", "_running", "candidate", "plan")

    def __init__(self, draft: Draft, plan: Plan, house: House, call: Call[Begun]) -> None:
        self._draft, self._first_plan, self._house, self._call = draft, plan, house, call
        costs = {name: plan.estimate(draft.policy.models[name]).cost for name in plan.decision.order}
        self._bounds = Bounds.of(plan.task, costs, plan.deadline)
        self._running: dict[str, asyncio.Task[Result | Begun]] = {}
        self.candidate = plan.decision.order[0]
        """The model to call next."""
        self.plan = plan
        """What it is called with: a repair adds what is wrong, the next candidate starts afresh."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop_others(None if error is None else Step(StepKind.REFUSE, "cancelled"))

    async def call(self) -> Result | Begun:
        """Call the candidate; where the task hedges and it is slow, the one after it too, and take the first good one.

        Raises BudgetExceededError when there is no money for the very first call.
        """
        try:
            hedge = hedge_candidate(self.candidate, self._draft.attempts, self._bounds)
            if hedge is None and not self._running:
                return await self._call(self.plan, self.candidate)
            return await self._quicker(hedge)
        except BudgetExceededError as error:
            if not self._draft.attempts and not self._may_move_on(error):
                raise
            return Result(self._draft.policy.models[self.candidate], 0.0, error=error, cost=ZERO)

    async def ending_after(self, result: Result) -> Response | HandOver | None:
        """Note the attempt and take the next step: the answer, what a person decides on, or `None` to call `candidate`.

        Raises AnswerError when there is no answer to give.
        """
        calls = asked_of_us(result.response, self.plan)
        if result.response is not None and not calls:
            result = replace(result, response=for_caller(result.response, self.plan))
        repaired = self._repaired(result)
        step = next_step(result.judged, self._rung(result, repaired, asks_tools=bool(calls)), self._bounds)
        if step.kind is StepKind.NEXT_CANDIDATE:
            self.plan, self.candidate = self._first_plan, self._following()
        elif step.kind is StepKind.REPAIR and repaired is not None:
            self.plan = repaired
        elif step.kind is StepKind.TOOLS:
            self._draft.attempts.append(result.told(step))
            self.plan = await with_results(self.plan, calls, self._draft, self._house)
            return None
        elif step.kind is not StepKind.RETRY:
            await self._stop_others()  # before the attempt that ends the request, which is the last one in its record
            self._draft.attempts.append(result.told(step))
            return result.response if step.kind is StepKind.ACCEPT else self._bottom(step, result)
        self._draft.attempts.append(result.told(step))
        if step.wait_s:
            await self._house.clock.sleep(step.wait_s)
        return None

    def _may_move_on(self, error: BudgetExceededError) -> bool:
        """The budget lets another candidate be asked, and there is one."""
        is_allowed = error.budget is not None and error.budget.on_exceed is OnExceed.CHEAPER
        return is_allowed and self.candidate != self._first_plan.decision.order[-1]

    async def _quicker(self, hedge: str | None) -> Result | Begun:
        first = self._started(self.candidate, self.plan)
        if hedge is not None:
            await asyncio.wait({first}, timeout=self._bounds.limits.hedge_after_s)
            if not first.done():
                second = self._started(hedge, self._first_plan)
                await asyncio.wait({first, second}, return_when=asyncio.FIRST_COMPLETED)
                if not first.done() and _is_good(second):
                    await self._stop(self.candidate, SLOWER)
                    self.candidate, self.plan, first = hedge, self._first_plan, second
        del self._running[self.candidate]
        return await first

    def _started(self, name: str, plan: Plan) -> asyncio.Task[Result | Begun]:
        task = self._running.get(name)
        if task is None:
            task = self._running[name] = asyncio.create_task(self._call(plan, name))
        return task

    async def _stop_others(self, step: Step | None = None) -> None:
        for name in tuple(self._running):
            await self._stop(name, step or SLOWER)

    async def _stop(self, name: str, step: Step) -> None:
        """Hang up on a call that is not wanted any more. It is told in the record with what it cost."""
        task, attempts = self._running.pop(name), self._draft.attempts
        known = len(attempts)
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and task.exception() is None and isinstance(result := task.result(), Result):
            attempts.append(result.told(step))
        elif len(attempts) > known:
            attempts[-1] = replace(attempts[-1], step=step)

    def _bottom(self, step: Step, result: Result) -> Response | HandOver:
        """What the task declares for this case. Raises AnswerError or BudgetExceededError when it declares nothing."""
        if step.kind is StepKind.REVIEW:
            reason = ReviewReason.ALWAYS if result.verdict.is_valid else ReviewReason.NO_VALID_ANSWER
            calls = () if result.response is None else result.response.choices[0].tool_calls
            proposed = None if result.response is None or calls else result.response.text
            return HandOver(reason, step.reason, proposed, result.verdict.findings, calls)
        declared = self.plan.task.safe_answer
        if step.kind is StepKind.DEGRADE and declared is not None:
            return Response(DECLARED, (Choice(declared),), usage=None)
        if isinstance(result.error, BudgetExceededError):
            raise result.error
        raise give_up(self._draft, step)

    def _repaired(self, result: Result) -> Plan | None:
        """The plan of a repair, or `None` where there is nothing to repair or no room to say it."""
        if not self.plan.task.limits.max_repairs or result.response is None or not is_repairable(result.verdict):
            return None
        plan = self.plan.corrected(self._draft.request, correction(result.response.text, result.verdict))
        return plan if plan.fits(result.model) else None

    def _following(self) -> str:
        order = self.plan.decision.order
        return order[order.index(self.candidate) + 1]

    def _rung(self, result: Result, repaired: Plan | None, *, asks_tools: bool) -> Rung:
        made = self._draft.attempts
        return Rung(
            model=result.model.name,
            made=made,
            spent=spent(made) + result.spent,
            now=self._house.clock.monotonic(),
            repair=None if repaired is None else repaired.estimate(result.model),
            asks_tools=asks_tools,
            is_next_running=bool(self._running),
            chance=self._house.chance(),
        )


SLOWER = Step(StepKind.DISCARD, "slower")


def _is_good(call: asyncio.Task[Result | Begun]) -> bool:
    if call.cancelled() or call.exception() is not None:
        return False
    result = call.result()
    return not isinstance(result, Result) or result.verdict.is_valid


async def ending_without_models(
    draft: Draft, error: ModelsCoolingDownError | NoEvidenceError, house: House
) -> Response | HandOver:
    """What the task declares for a request that no model is asked about. Raises `error` where that is nothing."""
    task = draft.task
    match _declared_for(task, error) if task is not None else StepKind.REFUSE:
        case StepKind.DEGRADE if task is not None and task.safe_answer is not None:
            draft.cause = error.code
            return Response(DECLARED, (Choice(task.safe_answer),), usage=None)
        case StepKind.REVIEW:
            return HandOver(ReviewReason.NO_VALID_ANSWER, error.code, None, ())
    await keep_failure(draft, error, house)
    raise error


def _declared_for(task: Task, error: ModelsCoolingDownError | NoEvidenceError) -> StepKind:
    if isinstance(error, ModelsCoolingDownError) or task.evidence is None:
        return bottom_of(task)
    return _WITHOUT_EVIDENCE.get(task.evidence.when_none, StepKind.REFUSE)


_WITHOUT_EVIDENCE = {WhenNone.SAY_SO: StepKind.DEGRADE, WhenNone.ESCALATE: StepKind.REVIEW}
