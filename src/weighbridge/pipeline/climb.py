"""The way down the ladder: after each attempt, do what `next_step` says."""

from weighbridge.domain.attempt import StepKind
from weighbridge.pipeline.attempt import Result
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.endings import give_up
from weighbridge.pipeline.house import House
from weighbridge.pipeline.ladder import Rung, next_step, wait_before_retry_s
from weighbridge.pipeline.plan import Plan


class Climb:
    """Position of one request on its ladder."""

    __slots__ = ("_draft", "_house", "_plan", "_position", "_tries")

    def __init__(self, draft: Draft, plan: Plan, house: House) -> None:
        self._draft, self._plan, self._house = draft, plan, house
        self._position, self._tries = 0, 0

    @property
    def candidate(self) -> str:
        """The model to call next."""
        return self._plan.decision.order[self._position]

    async def accepts(self, result: Result) -> bool:
        """Note the attempt and take the next step: True to stop here, False to call `candidate`. Raises AnswerError."""
        self._tries += 1
        step = next_step(result.judged, self._rung())
        self._draft.attempts.append(result.told(step))
        if step.kind is StepKind.NEXT_CANDIDATE:
            self._position, self._tries = self._position + 1, 0
        elif step.kind is StepKind.RETRY and result.error is not None:
            await self._house.clock.sleep(wait_before_retry_s(result.error))
        elif step.kind is not StepKind.ACCEPT:
            raise give_up(self._draft, step)
        return step.kind is StepKind.ACCEPT

    def _rung(self) -> Rung:
        return Rung(
            attempts_made=len(self._draft.attempts) + 1,
            max_attempts=self._plan.task.limits.max_attempts,
            tries_on_candidate=self._tries,
            candidates_left=len(self._plan.decision.order) - self._position - 1,
            time_left_s=self._plan.deadline - self._house.clock.monotonic(),
        )
