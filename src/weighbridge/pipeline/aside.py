"""An extra call beside the attempts: hold, call, settle, and tell what it was."""

from collections.abc import Sequence
from dataclasses import dataclass

from weighbridge.budget.cost import cost_of
from weighbridge.domain.errors import BudgetExceededError, ProviderError
from weighbridge.domain.hold import Settlement
from weighbridge.domain.money import ZERO, Money
from weighbridge.domain.policy import Budget, PortfolioModel
from weighbridge.domain.probe import Probe, ProbeKind
from weighbridge.domain.request import Request
from weighbridge.domain.response import Response
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House


@dataclass(frozen=True, slots=True)
class Aside:
    """Extra calls of one request."""

    draft: Draft
    house: House
    budgets: Sequence[Budget]
    """Those that cover the request."""
    deadline: float
    """Monotonic time by which the request must be answered."""
    made: list[Probe]
    """In the order in which they ended, those that were cut short included."""

    async def call(
        self, kind: ProbeKind, model: PortfolioModel, request: Request, estimate: Money | None
    ) -> Response | None:
        """The answer, or `None` when nothing came of it: `made` says why."""
        house, started = self.house, self.house.clock.monotonic()
        try:
            hold = house.ledger.hold(estimate, self.budgets, house.clock.now())
        except BudgetExceededError as error:
            self.made.append(Probe(kind, model.name, model.host, 0.0, cost=ZERO, error_code=error.code))
            return None
        self.draft.holds.append(estimate)
        response: Response | None = None
        cost: Money | None = None
        code: str | None = "cancelled"
        try:
            host = self.draft.policy.hosts[model.host]
            response = await house.providers.call(host, model, request, self.deadline - started)
            code, cost = None, cost_of(model.price, response.usage)
        except ProviderError as error:
            code, cost = error.code, None if error.may_have_cost else ZERO
        finally:
            house.ledger.settle(Settlement(hold.id, cost))
            latency_s = house.clock.monotonic() - started
            usage = None if response is None else response.usage
            self.made.append(Probe(kind, model.name, model.host, latency_s, usage, cost, estimate, code))
        return response
