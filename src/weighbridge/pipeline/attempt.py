"""One attempt: hold the money, call, validate, settle. Whatever happens, the hold ends."""

from dataclasses import dataclass, replace

from weighbridge.budget.cost import cost_of
from weighbridge.budget.tokens import count_tokens
from weighbridge.domain.attempt import Attempt, Step, StepKind
from weighbridge.domain.errors import BudgetExceededError, ProviderError
from weighbridge.domain.hold import Estimate, Hold, Settlement
from weighbridge.domain.money import ZERO, Money
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.response import Response
from weighbridge.domain.signals import SignalValue
from weighbridge.domain.usage import Usage
from weighbridge.domain.verdict import Verdict, VerdictStatus
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House
from weighbridge.pipeline.plan import Plan
from weighbridge.validation.escalation import apply_escalation
from weighbridge.validation.validate import validate

UNCHECKED = Verdict(VerdictStatus.UNCHECKED)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an attempt: an answer with its verdict, or an error."""

    model: PortfolioModel
    latency_s: float
    response: Response | None = None
    verdict: Verdict = UNCHECKED
    error: ProviderError | BudgetExceededError | None = None
    usage: Usage | None = None
    cost: Money | None = None
    estimate: Money | None = None
    first_chunk_s: float | None = None

    @property
    def judged(self) -> Verdict | ProviderError | BudgetExceededError:
        """What the ladder decides on."""
        return self.verdict if self.error is None else self.error

    @property
    def spent(self) -> Money:
        """Its cost, or as long as that is unknown its estimate; nothing where neither is known."""
        amount = self.estimate if self.cost is None else self.cost
        return ZERO if amount is None else amount

    def told(self, step: Step) -> Attempt:
        """The attempt as the record keeps it."""
        return Attempt(
            model=self.model.name,
            host=self.model.host,
            verdict=self.verdict,
            step=step,
            latency_s=self.latency_s,
            first_chunk_s=self.first_chunk_s,
            served_by=self.response.model if self.response else None,
            usage=self.usage,
            cost=self.cost,
            estimate=self.estimate,
            error_code=self.error.code if self.error else None,
            error_status=self.error.provider_status if isinstance(self.error, ProviderError) else None,
        )


def take_hold(draft: Draft, plan: Plan, name: str, house: House) -> Hold:
    """Reserve the candidate's upper estimate. Raises BudgetExceededError, and then nothing is reserved."""
    amount = plan.estimate(draft.policy.models[name]).cost
    hold = house.ledger.hold(amount, plan.budgets, house.clock.now())
    draft.holds.append(amount)
    return hold


async def attempt(draft: Draft, plan: Plan, name: str, house: House) -> Result:
    """Call candidate `name` once, for its whole answer, and judge that."""
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
        result = answered(
            response,
            plan,
            model,
            latency_s=house.clock.monotonic() - started,
            first_chunk_s=None,
            number=len(draft.attempts) + 1,
        )
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


def answered(
    response: Response, plan: Plan, model: PortfolioModel, *, latency_s: float, first_chunk_s: float | None, number: int
) -> Result:
    """Price an answer and judge it: the contract first, then the task's escalation rule."""
    usage = response.usage or _counted(response, plan.estimate(model), model)
    verdict = _contract_verdict(response, plan, model)
    if plan.task.escalate_when is not None:
        signals = _answer_signals(response, plan, verdict, usage)
        signals |= {"latency_s": latency_s, "attempt": number}
        verdict = apply_escalation(verdict, plan.task.escalate_when, signals, plan.classification.risk)
    return Result(
        model,
        latency_s,
        response,
        verdict,
        usage=usage,
        cost=cost_of(model.price, usage),
        estimate=plan.estimate(model).cost,
        first_chunk_s=first_chunk_s,
    )


def failed(error: ProviderError, plan: Plan, model: PortfolioModel, latency_s: float) -> Result:
    """A call without an answer: free when the provider cannot have billed it, else of unknown cost."""
    cost = None if error.may_have_cost else ZERO
    return Result(model, latency_s, error=error, cost=cost, estimate=plan.estimate(model).cost)


def note_failure(error: ProviderError, name: str, house: House) -> None:
    """Count it against the model, unless the request itself was at fault."""
    if error.is_retryable or error.code == "provider_auth":
        house.health.note_failure(name, error.retry_after_s)


def _contract_verdict(response: Response, plan: Plan, model: PortfolioModel) -> Verdict:
    def count(text: str) -> int:
        return count_tokens(text, model.tokenizer).tokens

    return validate(response, plan.task.contract, plan.output, count)


def _answer_signals(response: Response, plan: Plan, verdict: Verdict, usage: Usage) -> dict[str, SignalValue]:
    signals: dict[str, SignalValue] = {
        **plan.classification.signals,
        "validation_fails": not verdict.is_valid,
        "output_tokens": usage.output_tokens,
        "output_words": len(response.text.split()),
        "finish_reason": response.choices[0].finish_reason.value,
    }
    if verdict.confidence is not None:
        signals["confidence"] = verdict.confidence
    return signals


def _counted(response: Response, estimate: Estimate, model: PortfolioModel) -> Usage:
    output = sum(count_tokens(choice.text, model.tokenizer).tokens for choice in response.choices)
    return Usage(estimate.input_tokens, output, is_estimated=True)
