"""The way down the ladder: after each attempt, do what `next_step` says."""

from weighbridge.domain.attempt import Step, StepKind
from weighbridge.domain.response import Choice, Response
from weighbridge.pipeline.attempt import Result
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.endings import give_up
from weighbridge.pipeline.house import House
from weighbridge.pipeline.ladder import Rung, next_step, wait_before_retry_s
from weighbridge.pipeline.plan import Plan
from weighbridge.validation.repair import correction, is_repairable

DECLARED = "declared-answer"
"""Stands for a model's name where the answer is the task's own."""


class Climb:
    """Position of one request on its ladder: whom to call next, and with what plan."""

    __slots__ = ("_draft", "_first_plan", "_house", "_position", "_repairs", "_tries", "plan")

    def __init__(self, draft: Draft, plan: Plan, house: House) -> None:
        self._draft, self._first_plan, self._house = draft, plan, house
        self._position, self._tries, self._repairs = 0, 0, 0
        self.plan = plan
        """What the next call is made with: a repair adds what is wrong, the next candidate starts afresh."""

    @property
    def candidate(self) -> str:
        """The model to call next."""
        return self.plan.decision.order[self._position]

    async def answer_after(self, result: Result) -> Response | None:
        """Note the attempt and take the next step: the answer to give, or `None` to call `candidate`.

        Raises AnswerError when there is no answer to give.
        """
        self._tries += 1
        repaired = self._repaired(result)
        step = next_step(result.judged, self._rung(0 if repaired is None else self._repairs_left()))
        self._draft.attempts.append(result.told(step))
        if step.kind is StepKind.ACCEPT:
            return result.response
        if step.kind is StepKind.REPAIR and repaired is not None:
            self.plan, self._repairs = repaired, self._repairs + 1
        elif step.kind is StepKind.NEXT_CANDIDATE:
            self.plan = self._first_plan
            self._position, self._tries, self._repairs = self._position + 1, 0, 0
        elif step.kind is StepKind.RETRY and result.error is not None:
            await self._house.clock.sleep(wait_before_retry_s(result.error))
        else:
            return self._declared_answer(step)
        return None

    def _declared_answer(self, step: Step) -> Response:
        """What the task declares for this case. Raises AnswerError when it declares nothing."""
        declared = self.plan.task.safe_answer
        if step.kind is not StepKind.DEGRADE or declared is None:
            raise give_up(self._draft, step)
        return Response(DECLARED, (Choice(declared),), usage=None)

    def _repairs_left(self) -> int:
        return self.plan.task.limits.max_repairs - self._repairs

    def _repaired(self, result: Result) -> Plan | None:
        """The plan of a repair, or `None` where there is nothing to repair or no room to say it."""
        if self._repairs_left() <= 0 or result.response is None or not is_repairable(result.verdict):
            return None
        told = correction(result.response.text, result.verdict)
        plan = self.plan.corrected(self._draft.request, told)
        return plan if plan.fits(result.model) else None

    def _rung(self, repairs_left: int) -> Rung:
        return Rung(
            attempts_made=len(self._draft.attempts) + 1,
            max_attempts=self.plan.task.limits.max_attempts,
            tries_on_candidate=self._tries,
            candidates_left=len(self.plan.decision.order) - self._position - 1,
            time_left_s=self.plan.deadline - self._house.clock.monotonic(),
            repairs_left=repairs_left,
            can_degrade=self.plan.task.safe_answer is not None,
        )
