"""One attempt: hold the money, call, validate, settle. Whatever happens, the hold ends."""

from dataclasses import replace

from weighbridge.domain.attempt import Step, StepKind
from weighbridge.domain.errors import ProviderError
from weighbridge.domain.hold import Hold, Settlement
from weighbridge.domain.money import Money
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House
from weighbridge.pipeline.plan import Plan
from weighbridge.pipeline.probe import probed
from weighbridge.pipeline.result import Result, answered, escalated, failed


def take_hold(draft: Draft, plan: Plan, name: str, house: House) -> Hold:
    """Reserve the candidate's upper estimate. Raises BudgetExceededError, and then nothing is reserved."""
    amount = plan.estimate(draft.policy.models[name]).cost
    hold = house.ledger.hold(amount, plan.budgets, house.clock.now())
    draft.holds.append(amount)
    return hold


async def attempt(draft: Draft, plan: Plan, name: str, house: House) -> Result:
    """Call candidate `name` once, for its whole answer, and judge that."""
    result = await probed(await _called(draft, plan, name, house), draft, plan, house)
    return escalated(result, plan, len(draft.attempts) + 1)


async def _called(draft: Draft, plan: Plan, name: str, house: House) -> Result:
    model = draft.policy.models[name]
    request = plan.final_request(draft.request, model)
    if request.is_stream:
        request = replace(request, is_stream=False)
    hold = take_hold(draft, plan, name, house)
    cost: Money | None = None
    started = house.clock.monotonic()
    try:
        host = draft.policy.hosts[model.host]
        response = await house.providers.call(host, model, request, plan.deadline - started)
        result = answered(response, plan, model, latency_s=house.clock.monotonic() - started)
        cost = result.cost
        house.health.note_success(name)
    except ProviderError as error:
        result = failed(error, plan, model, house.clock.monotonic() - started)
        cost = result.cost
        note_failure(error, name, house)
    except BaseException:
        cut_short = Result(model, house.clock.monotonic() - started, estimate=hold.amount)
        draft.attempts.append(cut_short.told(Step(StepKind.REFUSE, "cancelled")))
        raise
    finally:
        house.ledger.settle(Settlement(hold.id, cost))
    return result


def note_failure(error: ProviderError, name: str, house: House) -> None:
    """Count it against the model, unless the request itself was at fault."""
    if error.is_retryable or error.code == "provider_auth":
        house.health.note_failure(name, error.retry_after_s)
