"""One attempt: hold the money, call, validate, settle. Whatever happens, the hold ends."""

from dataclasses import dataclass, replace

from weighbridge.budget.rates import Pass
from weighbridge.domain.attempt import Step, StepKind
from weighbridge.domain.errors import ModelRestsError, ProviderError
from weighbridge.domain.hold import Hold
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.response import FinishReason
from weighbridge.pipeline.checks import checked
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.holding import give_back, set_aside, settle
from weighbridge.pipeline.house import House
from weighbridge.pipeline.pace import enter_model
from weighbridge.pipeline.plan import Plan
from weighbridge.pipeline.probe import probed
from weighbridge.pipeline.result import Result, answered, escalated, failed
from weighbridge.pipeline.tool_round import asked_of_us


@dataclass(frozen=True, slots=True)
class Reserved:
    """What a call was given before it goes out."""

    hold: Hold
    """The money."""
    entered: Pass
    """Its place under the model's rate limits."""


async def begin(draft: Draft, plan: Plan, model: PortfolioModel, house: House) -> Reserved | Result:
    """Set money aside for the candidate, and ask whether it may be called at this very moment.

    The result of a model that rests, or is called too often, costs nothing. Raises BudgetExceededError, and then
    nothing is held; StoreError.
    """
    demand = plan.demand(model, house)
    tokens = demand.tokens(demand.least_output_tokens)
    entered = await enter_model(draft, plan.task, model, tokens, house)
    if isinstance(entered, ModelRestsError):
        return failed(entered, plan, model, 0.0)
    try:
        hold = await set_aside(demand, draft, plan.task.name, plan.deadline, house)
    except BaseException:
        house.rates.leave(entered, 0)
        raise
    reserved = Reserved(hold, entered)
    if not house.health.admit(model):
        give_back(hold, house)
        house.rates.leave(entered, 0)
        return failed(_rests(model), plan, model, 0.0)
    draft.holds.append(hold.amount)
    return reserved


def end(reserved: Reserved, result: Result, plan: Plan, house: House) -> None:
    """Settle, and remember what the provider counted and how long the answer was; one that was cut off counts twice its
    length, since nobody knows how much longer it would have been."""
    response, usage = result.response, result.usage
    settle(reserved.hold, result.cost, usage, house)
    house.rates.leave(reserved.entered, None if usage is None else usage.prompt_tokens + usage.output_tokens)
    if response is None or usage is None:
        return
    if not usage.is_estimated:
        house.undercounts.note(result.model.name, plan.estimate(result.model).input_tokens, usage.prompt_tokens)
    if len(response.choices) > 1 or plan.is_for_numbers:
        return
    is_cut = response.choices[0].finish_reason is FinishReason.LENGTH
    house.lengths.note(plan.task.name, usage.output_tokens * (2 if is_cut else 1))


def _rests(model: PortfolioModel) -> ModelRestsError:
    return ModelRestsError(
        f"{model.name} failed a moment ago and is left alone.", advice="Another model is asked.", may_have_cost=False
    )


async def attempt(draft: Draft, plan: Plan, name: str, house: House) -> Result:
    """Call candidate `name` once, for its whole answer, and judge that."""
    result = await _called(draft, plan, name, house)
    if asked_of_us(result.response, plan):
        return result  # no answer yet
    try:
        result = await checked(result, plan)
    except BaseException:  # what the call cost is told although nobody waits for the check any more
        draft.attempts.append(result.told(Step(StepKind.REFUSE, "cancelled")))
        raise
    result = await probed(result, draft, plan, house)
    return escalated(result, plan, len(draft.attempts) + 1)


async def _called(draft: Draft, plan: Plan, name: str, house: House) -> Result:
    model = draft.policy.models[name]
    reserved = await begin(draft, plan, model, house)
    if isinstance(reserved, Result):
        return reserved
    hold = reserved.hold
    request = plan.final_request(draft.request, model, hold.output_tokens)
    if request.is_stream:
        request = replace(request, is_stream=False)
    result = Result(model, 0.0, estimate=hold.amount)
    started = house.clock.monotonic()
    try:
        host = draft.policy.hosts[model.host]
        response = await house.providers.call(host, model, request, plan.deadline - started)
        result = answered(response, plan, model, latency_s=house.clock.monotonic() - started)
        house.health.note_success(model)
    except ProviderError as error:
        result = failed(error, plan, model, house.clock.monotonic() - started)
        house.health.note_failure(model, error)
    except BaseException:
        cut_short = Result(model, house.clock.monotonic() - started, estimate=hold.amount)
        house.health.note_nothing(model)
        draft.attempts.append(cut_short.told(Step(StepKind.REFUSE, "cancelled")))
        raise
    finally:
        end(reserved, result, plan, house)
    return replace(result, estimate=hold.amount)
