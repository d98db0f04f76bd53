"""How fast requests may come in: past every rate limit that covers them, or not at all."""

from collections.abc import Callable
from functools import partial

from weighbridge.budget.rates import Pass
from weighbridge.domain.budget import Payer
from weighbridge.domain.errors import ModelRestsError, RateLimitedError
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.task import Task
from weighbridge.domain.usage import TokenCount
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House
from weighbridge.pipeline.sizing import output_limit

NO_LIMIT = Pass()
AFTER_DEADLINE_S = 60.0
"""So long after its deadline a request whose process died is over for everybody."""


def payer_of(draft: Draft, task: str) -> Payer:
    """On whose account the request is made."""
    return Payer(draft.caller.name, task, draft.caller.team, draft.request.user, draft.request.metadata)


async def enter(draft: Draft, task: Task, count: Callable[[str], TokenCount], house: House) -> None:
    """Let the request in; it leaves when its record is closed. Raises RateLimitedError, CountersAwayError."""
    limits = draft.policy.rate_limits
    if not limits:
        return
    tokens = 0
    if any(limit.tokens_per_minute is not None for limit in limits):
        model = draft.policy.models[task.primary_model]
        longest = output_limit(draft.request, task, model)
        usual = house.lengths.usual(task.name)
        tokens = count(model.tokenizer).tokens + (longest if usual is None else min(usual, longest))
    payer, lease_s = payer_of(draft, task.name), task.limits.deadline_s + AFTER_DEADLINE_S
    entered = await house.rates.enter(limits, payer, tokens, lease_s, house.clock.monotonic(), None)
    draft.rates = entered.standings
    draft.leaving.append(partial(house.rates.leave, entered))


async def enter_model(
    draft: Draft, task: Task, model: PortfolioModel, tokens: int, house: House
) -> Pass | ModelRestsError:
    """Let a call of `model` in, or say why another is asked. Raises CountersAwayError."""
    limits = draft.policy.rate_limits
    if not any(limit.model == model.name for limit in limits):
        return NO_LIMIT
    try:
        payer, lease_s = payer_of(draft, task.name), task.limits.deadline_s + AFTER_DEADLINE_S
        return await house.rates.enter(limits, payer, tokens, lease_s, house.clock.monotonic(), model.name)
    except RateLimitedError as error:
        return ModelRestsError(error.condition, advice="Another model is asked.", may_have_cost=False)
