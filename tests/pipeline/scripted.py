"""A network whose answers are written down beforehand, and a gateway on it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from weighbridge.domain.errors import ProviderError
from weighbridge.domain.hold import Standing
from weighbridge.domain.policy import Host, Policy, PortfolioModel, StoreSettings
from weighbridge.domain.record import Record, RecordFilter
from weighbridge.domain.request import Request
from weighbridge.domain.response import Delta, Response
from weighbridge.pipeline.house import House
from weighbridge.pipeline.wire import open_house

Answer = Response | ProviderError | float | Sequence[Delta | ProviderError | float]
"""A response, an error, seconds of silence before the next answer, or the pieces of a stream with its silences."""


class Script:
    """Satisfies `ports.Providers`: model name → what it answers, call after call."""

    def __init__(self, **answers: Sequence[Answer]) -> None:
        self._answers = {name.replace("_", "-"): list(lines) for name, lines in answers.items()}
        self.calls: list[str] = []
        self.requests: list[Request] = []
        self.was_closed = False

    async def call(self, host: Host, model: PortfolioModel, request: Request, timeout_s: float) -> Response:
        """The next answer of this model."""
        self._note(model, request)
        answer = self._answers[model.name].pop(0)
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            answer = self._answers[model.name].pop(0)
        if isinstance(answer, ProviderError):
            raise answer
        assert isinstance(answer, Response)
        return answer

    async def stream(
        self, host: Host, model: PortfolioModel, request: Request, timeout_s: float
    ) -> AsyncGenerator[Delta, None]:
        """The next answer of this model, piece by piece."""
        self._note(model, request)
        pieces = self._answers[model.name].pop(0)
        assert isinstance(pieces, Sequence)
        try:
            for piece in pieces:
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                elif isinstance(piece, ProviderError):
                    raise piece
                else:
                    yield piece
        finally:
            self.was_closed = True

    def _note(self, model: PortfolioModel, request: Request) -> None:
        self.calls.append(model.name)
        self.requests.append(request)


@asynccontextmanager
async def gateway_on(script: Script, policy: Policy, folder: Path, *, review_limit: int = 100) -> AsyncIterator[House]:
    """The whole gateway with its own database, on a scripted network."""
    policy = replace(policy, store=StoreSettings(str(folder / "records.db"), review_limit=review_limit))
    async with open_house(policy) as house:
        house.providers, house.chance = script, lambda: 0.0
        yield house


async def only_record(house: House) -> Record:
    """The one record that the test made."""
    found = await house.records.find(RecordFilter())
    assert len(found) == 1
    return found[0]


async def standing_of(house: House) -> Standing:
    """How full the policy's one budget is, all that was settled so far counted."""
    await house.ledger.expire(0)
    (standing,) = await house.ledger.standings(house.in_force.policy.budgets, house.clock.now())
    return standing
