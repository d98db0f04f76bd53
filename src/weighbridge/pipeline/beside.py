"""Calls for vectors and scores while a request's evidence is gathered: only of models that may see it, and only for a
moment, because there is always a way without."""

from dataclasses import dataclass, replace

from weighbridge.domain.errors import ProviderMalformedError
from weighbridge.domain.probe import ProbeKind
from weighbridge.domain.request import Request
from weighbridge.domain.response import Response
from weighbridge.domain.task import Task
from weighbridge.pipeline.aside import Aside
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House, InForce
from weighbridge.pipeline.situation import situation_of
from weighbridge.pipeline.sizing import Counts, Sizing
from weighbridge.routing.route import judge_aside

MOST_S = 5.0
"""So long a search waits for such a call."""


@dataclass(frozen=True, slots=True)
class Beside:
    """One request whose evidence is gathered."""

    draft: Draft
    task: Task
    """What the request is for, and who pays."""
    house: House
    in_force: InForce

    async def ask(self, kind: ProbeKind, making: Task, request: Request) -> Response | None:
        """What the primary model of `making` answers; `None` where it may not be asked or gives nothing: the record's
        `preparations` say why."""
        draft, house = self.draft, self.house
        model = draft.policy.models[making.primary_model]
        if draft.classification is None:
            raise AssertionError("evidence is gathered for a request that was classified")
        estimate = Sizing(request, making, Counts(request)).estimate(model)
        situation = situation_of(draft, house, self.in_force)
        judged = judge_aside(
            model, draft.classification, draft.policy, request=request, estimate=estimate, situation=situation
        )
        deadline = min(house.clock.monotonic() + MOST_S, draft.started + self.task.limits.deadline_s)
        aside = Aside(draft, house, self.task.name, deadline, draft.preparations)
        if judged.reason is not None:
            aside.skip(kind, model, judged.reason.value)
            return None
        return await aside.call(kind, model, request, estimate)

    def note_unusable(self, error: ProviderMalformedError) -> None:
        """The last answer was paid for, and cannot be used."""
        made = self.draft.preparations
        made[-1] = replace(made[-1], error_code=error.code)
