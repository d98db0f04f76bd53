"""What came of an attempt: an answer, priced and judged, or an error."""

from dataclasses import dataclass, replace

from weighbridge.budget.cost import cost_of
from weighbridge.budget.tokens import count_tokens
from weighbridge.domain.attempt import Attempt, Step
from weighbridge.domain.errors import BudgetExceededError, ProviderError
from weighbridge.domain.hold import Estimate
from weighbridge.domain.money import ZERO, Money
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.probe import Probe
from weighbridge.domain.response import Choice, Response
from weighbridge.domain.signals import SignalValue
from weighbridge.domain.usage import Usage
from weighbridge.domain.verdict import Finding, FindingCode, Verdict, VerdictStatus
from weighbridge.pipeline.plan import Plan
from weighbridge.validation.escalation import apply_escalation
from weighbridge.validation.tidy import tidy
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
    probes: tuple[Probe, ...] = ()

    @property
    def judged(self) -> Verdict | ProviderError | BudgetExceededError:
        """What the ladder decides on."""
        return self.verdict if self.error is None else self.error

    @property
    def spent(self) -> Money:
        """Its cost and that of its probes, each at its estimate as long as it is unknown."""
        own = self.estimate if self.cost is None else self.cost
        amounts = [own, *(probe.estimate if probe.cost is None else probe.cost for probe in self.probes)]
        return sum([amount for amount in amounts if amount is not None], ZERO)

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
            provider_id=self.response.provider_id if self.response else None,
            usage=self.usage,
            cost=self.cost,
            estimate=self.estimate,
            probes=self.probes,
            error_code=self.error.code if self.error else None,
            error_status=self.error.provider_status if isinstance(self.error, ProviderError) else None,
        )


def answered(
    response: Response, plan: Plan, model: PortfolioModel, *, latency_s: float, first_chunk_s: float | None = None
) -> Result:
    """Price an answer and hold it against the contract, as it came or, if that is what it takes, tidied.

    What has begun to flow is judged as it came: the caller has seen it.
    """
    usage = response.usage or counted(response, plan.estimate(model), model)
    response = _without_thoughts(response) if plan.task.contract.forbidden else response
    verdict = _contract_verdict(response, plan, model)
    if first_chunk_s is None and verdict.status is VerdictStatus.INVALID:
        response, verdict = _tidied(response, verdict, plan, model)
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


def _without_thoughts(response: Response) -> Response:
    """Where an answer may not hold everything, what led to it is not shown: nobody tells what of it is harmless."""
    if not any(choice.thoughts for choice in response.choices):
        return response
    return replace(response, body=None, choices=tuple(replace(choice, thoughts=()) for choice in response.choices))


def failed(error: ProviderError, plan: Plan, model: PortfolioModel, latency_s: float) -> Result:
    """A call without an answer: free when the provider cannot have billed it, else of unknown cost."""
    cost = None if error.may_have_cost else ZERO
    return Result(model, latency_s, error=error, cost=cost, estimate=plan.estimate(model).cost)


def escalated(result: Result, plan: Plan, number: int) -> Result:
    """The same after the task's escalation rule, `number` being the attempt's, from 1."""
    rule, response = plan.task.escalate_when, result.response
    if rule is None or response is None or result.usage is None:
        return result
    signals = _answer_signals(response, plan, result.verdict, result.usage)
    signals |= {"latency_s": result.latency_s, "attempt": number}
    return replace(result, verdict=apply_escalation(result.verdict, rule, signals, plan.classification.risk))


def _contract_verdict(response: Response, plan: Plan, model: PortfolioModel) -> Verdict:
    if plan.is_for_numbers:
        return _numbers_verdict(response, plan)

    def count(text: str) -> int:
        return count_tokens(text, model.tokenizer).tokens

    return validate(response, plan.task.contract, plan.output, count, plan.material)


def _numbers_verdict(response: Response, plan: Plan) -> Verdict:
    texts = len(plan.packed.messages)
    if plan.is_ranking:  # the first is the question
        return _counted_verdict(FindingCode.SCORES_MISSING, "scores", len(response.scores or ()), texts - 1)
    return _counted_verdict(FindingCode.VECTORS_MISSING, "vectors", len(response.vectors or ()), texts)


def _counted_verdict(code: FindingCode, what: str, found: int, wanted: int) -> Verdict:
    if found == wanted:
        return Verdict(VerdictStatus.VALID)
    return Verdict(VerdictStatus.INVALID, (Finding(code, f"There are {found} {what} for {wanted} texts."),))


def _tidied(response: Response, verdict: Verdict, plan: Plan, model: PortfolioModel) -> tuple[Response, Verdict]:
    """A tidied answer only if that makes it valid; a model is told of what it wrote itself."""
    proposal, done = tidy(response, plan.task.contract, plan.output)
    if done:
        judged = _contract_verdict(proposal, plan, model)
        if judged.is_valid:
            return proposal, replace(judged, tidied=done)
    return response, verdict


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


def counted(response: Response, estimate: Estimate, model: PortfolioModel) -> Usage:
    """Our own count, where the provider told none."""
    output = sum(count_tokens(said, model.tokenizer).tokens for said in map(_said, response.choices) if said)
    return Usage(estimate.input_tokens, output, is_estimated=True)


def _said(choice: Choice) -> str:
    calls = (f"{call.name} {call.arguments}" for call in choice.tool_calls)
    return " ".join(part for part in (choice.text, choice.refusal, *calls) if part)
