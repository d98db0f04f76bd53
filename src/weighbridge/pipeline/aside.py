"""An extra call beside the attempts: hold, call, settle, and tell what it was."""

from dataclasses import dataclass

from weighbridge.budget.cost import cost_of
from weighbridge.domain.errors import BudgetExceededError, ModelRestsError, ProviderError
from weighbridge.domain.hold import Estimate, Hold
from weighbridge.domain.money import ZERO, Money
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.probe import Probe, ProbeKind
from weighbridge.domain.request import Request
from weighbridge.domain.response import Response
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.holding import exactly, give_back, set_aside, settle
from weighbridge.pipeline.house import House


@dataclass(frozen=True, slots=True)
class Aside:
    """Extra calls of one request."""

    draft: Draft
    house: House
    task: str
    """What the request is for."""
    deadline: float
    """Monotonic time by which the request must be answered."""
    made: list[Probe]
    """In the order in which they ended, those that were cut short included."""

    def skip(self, kind: ProbeKind, model: PortfolioModel, why: str) -> None:
        """The call is not made; `why` is a code."""
        self.made.append(Probe(kind, model.name, model.host, 0.0, cost=ZERO, error_code=why))

    async def call(self, kind: ProbeKind, model: PortfolioModel, request: Request, size: Estimate) -> Response | None:
        """The answer, or `None` when nothing came of it: `made` says why."""
        house = self.house
        try:
            hold = await set_aside(exactly(size), self.draft, self.task, self.deadline, house)
        except BudgetExceededError as error:
            self.skip(kind, model, error.code)
            return None
        if not house.health.admit(model):
            give_back(hold, house)
            self.skip(kind, model, ModelRestsError.code)
            return None
        self.draft.holds.append(size.cost)
        return await self._made(kind, model, request, size, hold)

    async def _made(
        self, kind: ProbeKind, model: PortfolioModel, request: Request, size: Estimate, hold: Hold
    ) -> Response | None:
        house, started = self.house, self.house.clock.monotonic()
        response: Response | None = None
        cost: Money | None = None
        code: str | None = "cancelled"
        try:
            host = self.draft.policy.hosts[model.host]
            response = await house.providers.call(host, model, request, self.deadline - started)
            code, cost = None, cost_of(model.price, response.usage)
            house.health.note_success(model)
        except ProviderError as error:
            code, cost = error.code, None if error.may_have_cost else ZERO
            house.health.note_failure(model, error)
        except BaseException:
            house.health.note_nothing(model)
            raise
        finally:
            usage = None if response is None else response.usage
            settle(hold, cost, usage, house)
            latency_s = house.clock.monotonic() - started
            self.made.append(Probe(kind, model.name, model.host, latency_s, usage, cost, size.cost, code))
        return response
