"""One streamed call: pieces come in, are collected for judgement, and the last ones wait for the record."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace

from weighbridge.budget.cost import cost_of
from weighbridge.dialects.collector import LARGEST_KEPT_CHARS, Collector
from weighbridge.domain.attempt import Step, StepKind
from weighbridge.domain.errors import ProviderError
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.response import Delta
from weighbridge.domain.usage import Usage
from weighbridge.domain.verdict import Finding, FindingCode, Verdict, VerdictStatus
from weighbridge.pipeline.attempt import Reserved, begin, end
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House
from weighbridge.pipeline.plan import Plan, promises_something
from weighbridge.pipeline.result import Result, answered, counted, escalated, failed

TOO_LONG_TO_JUDGE = Verdict(
    VerdictStatus.INVALID,
    (
        Finding(
            FindingCode.TOO_LONG, f"The answer is longer than {LARGEST_KEPT_CHARS:,} characters, and was not judged."
        ),
    ),
)


@dataclass(slots=True)
class Flow:
    """A call in progress. It ends in exactly one of `finish`, `fail` and `cut_short`, each of which ends the hold."""

    draft: Draft
    plan: Plan
    model: PortfolioModel
    house: House
    reserved: Reserved
    deltas: AsyncGenerator[Delta, None]
    started: float
    collector: Collector = field(default_factory=Collector)
    first_chunk_s: float | None = None
    is_foreign: bool = False
    """The host speaks another dialect than the caller: its bytes mean nothing to the caller."""
    withheld_usage: Usage | None = None
    """What such a host reported so far."""

    @classmethod
    async def start(cls, draft: Draft, plan: Plan, name: str, house: House) -> "Flow | Result":
        """Hold the money and call, if the model may be called now. Raises BudgetExceededError or StoreError."""
        model = draft.policy.models[name]
        reserved = await begin(draft, plan, model, house)
        if isinstance(reserved, Result):
            return reserved
        started = house.clock.monotonic()
        host = draft.policy.hosts[model.host]
        request = plan.final_request(draft.request, model, reserved.hold.output_tokens)
        deltas = house.providers.stream(host, model, request, plan.deadline - started)
        is_foreign = host.dialect != draft.request.dialect
        return cls(draft, plan, model, house, reserved, deltas, started, is_foreign=is_foreign)

    async def next_delta(self) -> Delta | None:
        """The next piece, or `None` at the end. Raises ProviderError."""
        delta = await anext(self.deltas, None)
        if delta is None:
            return self._usage_at_last()
        self.collector.add(delta)
        if self.is_foreign and delta.wire is not None:
            self.withheld_usage = delta.usage or self.withheld_usage
            delta = replace(delta, wire=None, usage=None)
        if delta.has_content and self.first_chunk_s is None:
            self.first_chunk_s = self._elapsed_s()
        return delta

    def _usage_at_last(self) -> Delta | None:
        """Dialects tell usage at different places; across them it comes once, at the end."""
        usage, self.withheld_usage = self.withheld_usage, None
        return None if usage is None else Delta(usage=usage)

    def finish(self) -> Result:
        """The stream ended: judge and price the whole answer."""
        result = answered(
            self.collector.response(),
            self.plan,
            self.model,
            latency_s=self._elapsed_s(),
            first_chunk_s=self.first_chunk_s,
        )
        if not self.collector.is_whole and promises_something(self.plan):
            result = replace(result, verdict=TOO_LONG_TO_JUDGE)
        self.house.health.note_success(self.model)
        return self._settled(escalated(result, self.plan, len(self.draft.attempts) + 1))

    def fail(self, error: ProviderError) -> Result:
        """The stream broke. What already came was generated, so its cost is unknown rather than nothing."""
        self.house.health.note_failure(self.model, error)
        if self.first_chunk_s is not None:
            error.may_have_cost = True
        return self._settled(failed(error, self.plan, self.model, self._elapsed_s()))

    async def cut_short(self) -> None:
        """The caller went away: hang up on the provider."""
        await self.deltas.aclose()
        self.house.health.note_nothing(self.model)
        usage = self._used_so_far()
        cost = cost_of(self.model.price, usage)
        cut = Result(self.model, self._elapsed_s(), usage=usage, cost=cost, first_chunk_s=self.first_chunk_s)
        result = self._settled(cut)
        self.draft.attempts.append(result.told(Step(StepKind.REFUSE, "cancelled")))

    def _used_so_far(self) -> Usage | None:
        """What came is what was used, by the provider's count or ours; `None` where nothing came, and what the provider
        did meanwhile is unknown."""
        if self.first_chunk_s is None or not self.collector.is_whole or self.draft.request.choices > 1:
            return None
        response = self.collector.response()
        return response.usage or counted(response, self.plan.estimate(self.model), self.model)

    def _elapsed_s(self) -> float:
        return self.house.clock.monotonic() - self.started

    def _settled(self, result: Result) -> Result:
        end(self.reserved, result, self.plan, self.house)
        return replace(result, estimate=self.reserved.hold.amount)
