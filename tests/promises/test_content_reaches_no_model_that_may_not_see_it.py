"""Sensitive content stays away from models not cleared for it: first choice, fallback and pinned call alike."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from make import a_policy, a_request, a_task
from weighbridge import WeighbridgeError
from weighbridge.domain.caller import ANONYMOUS
from weighbridge.domain.decision import DropReason
from weighbridge.domain.errors import NoCandidateError, ProviderUnavailableError
from weighbridge.domain.levels import Risk, Sensitivity
from weighbridge.domain.policy import Host, Policy, PortfolioModel, StoreSettings
from weighbridge.domain.request import Request
from weighbridge.domain.response import Delta, Response
from weighbridge.pipeline.run import run
from weighbridge.pipeline.stream import open_stream
from weighbridge.pipeline.wire import open_house

SECRET = "My card is 4111 1111 1111 1111 and the key is AKIAIOSFODNN7EXAMPLE."


class Witness:
    """A network that fails every call and remembers who was sent what."""

    def __init__(self) -> None:
        self.saw: list[str] = []

    async def call(self, host: Host, model: PortfolioModel, request: Request, timeout_s: float) -> Response:
        self.saw.append(model.name)
        raise ProviderUnavailableError("down")

    async def stream(
        self, host: Host, model: PortfolioModel, request: Request, timeout_s: float
    ) -> AsyncGenerator[Delta, None]:
        self.saw.append(model.name)
        raise ProviderUnavailableError("down")
        yield Delta()


def portfolio(folder: Path, cleared: str) -> Policy:
    """Three models of which only `cleared` may see restricted content."""
    policy = a_policy(a_task(fallback_models=("frontier-reasoning", "frontier-backup")))
    models = {
        name: replace(model, cleared_for=Sensitivity.RESTRICTED if name == cleared else Sensitivity.INTERNAL)
        for name, model in policy.models.items()
    }
    return replace(policy, models=models, store=StoreSettings(str(folder / "records.db")))


@pytest.mark.parametrize("cleared", ["fast-small", "frontier-reasoning", "frontier-backup"])
@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("model", ["auto", "fast-small", "frontier-reasoning", "frontier-backup"])
async def test_only_the_cleared_model_is_ever_called(tmp_path: Path, cleared: str, is_stream: bool, model: str) -> None:
    witness = Witness()
    request = a_request(SECRET, task="tag", risk=Risk.LOW, model=model, is_stream=is_stream)
    async with open_house(portfolio(tmp_path, cleared)) as house:
        house.providers = witness
        with pytest.raises(WeighbridgeError):
            await (open_stream if is_stream else run)(request, ANONYMOUS, house)
    assert set(witness.saw) <= {cleared}
    assert witness.saw or model not in {"auto", cleared}


async def test_content_that_no_model_may_see_is_refused_with_the_reason_of_each(tmp_path: Path) -> None:
    witness = Witness()
    async with open_house(portfolio(tmp_path, "nobody")) as house:
        house.providers = witness
        with pytest.raises(NoCandidateError) as refused:
            await run(a_request(SECRET, task="tag", risk=Risk.LOW), ANONYMOUS, house)
    assert witness.saw == []
    assert {item.reason for item in refused.value.decision.candidates} == {DropReason.SENSITIVITY_NOT_ALLOWED}
