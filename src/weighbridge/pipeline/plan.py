"""From a request to a plan: classify it, pack it, judge the models. All computation, no call."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from weighbridge.budget.cost import estimate as estimate_cost
from weighbridge.budget.tokens import count_tokens
from weighbridge.classify.classify import classify
from weighbridge.classify.detectors import detect
from weighbridge.context.assemble import assemble
from weighbridge.domain.check import Check
from weighbridge.domain.decision import Candidate, Decision, DropReason
from weighbridge.domain.errors import ModelsCoolingDownError, NoCandidateError, NotFoundError
from weighbridge.domain.hold import Estimate
from weighbridge.domain.levels import Capability
from weighbridge.domain.material import NOTHING, Marks, Material
from weighbridge.domain.packed import Packed
from weighbridge.domain.policy import Budget, Policy, PortfolioModel
from weighbridge.domain.request import TEXT_OUTPUT, Message, OutputFormat, Request
from weighbridge.domain.signals import Classification
from weighbridge.domain.task import ConfidenceRule, Contract, StreamMode, Task
from weighbridge.domain.usage import TokenCount
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House, InForce
from weighbridge.routing.route import route
from weighbridge.routing.situation import Situation
from weighbridge.validation.schema import check_schema

LONGEST_REST_WAITED_S = 3.0
MOST_WAITS = 12
"""A model that rests for longer is not waited for, nor one that rests again and again."""
OFF_LOOP_CHARS = 20_000
"""Input longer than this is counted and searched in a thread, so that other requests keep moving."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything decided before the first call."""

    task: Task
    classification: Classification
    decision: Decision
    output: OutputFormat
    """The shape that the caller wants."""
    packed: Packed
    """What is sent."""
    sizing: "Sizing"
    """Upper estimates of the packed request."""
    budgets: tuple[Budget, ...]
    """The budgets that cover this request."""
    deadline: float
    """Monotonic time by which an answer must be there."""
    material: Material = NOTHING
    """What the answer is judged against beside its contract."""
    checks: Mapping[str, Check] = field(default_factory=dict)
    """The operator's own checks, by name."""
    is_for_vectors: bool = False
    """Vectors are wanted, and no answer."""
    verifier: PortfolioModel | None = None
    """Says how sure an answer is; `None` where the task asks for none, or none may see the request."""

    def estimate(self, model: PortfolioModel) -> Estimate:
        """What one attempt on `model` would use at most."""
        return self.sizing.estimate(model)

    def sized(self, request: Request, model: PortfolioModel) -> Estimate:
        """What another request for the same task would use at most."""
        return Sizing(request, self.task, Counts(request)).estimate(model)

    def corrected(self, request: Request, told: tuple[Message, ...]) -> "Plan":
        """The same plan with `told` after the conversation, sized anew."""
        messages = (*self.packed.messages, *told)
        sizing = Sizing(request, self.task, Counts(replace(request, messages=messages)))
        return replace(self, packed=replace(self.packed, messages=messages), sizing=sizing)

    def fits(self, model: PortfolioModel) -> bool:
        """Input and the longest answer are within the model's window."""
        size = self.estimate(model)
        return size.input_tokens + size.output_tokens <= model.context_window_tokens

    def final_request(self, request: Request, model: PortfolioModel) -> Request:
        """What is really sent to `model`: packed, limited, with log-probabilities where a rule reads confidence."""
        escalation = self.task.escalate_when
        reads_confidence = escalation is not None and "confidence" in escalation.names
        return replace(
            request,
            messages=self.packed.messages,
            output=_constrained(request, self.task, model),
            max_output_tokens=self.estimate(model).output_tokens,
            wants_logprobs=request.wants_logprobs or (reads_confidence and Capability.LOGPROBS in model.capabilities),
        )


def count_input(request: Request, policy: Policy) -> TokenCount:
    """The input's size by the tokenizer of the model that it names, or of its task's primary.

    Raises NotFoundError for a task or model that does not exist.
    """
    model = policy.models.get(request.model)
    if model is None:
        task = policy.tasks.get(request.model.removeprefix("task/")) or policy.tasks.get(policy.default_task or "")
        if task is None or (request.model not in {"auto", f"task/{task.name}"}):
            raise NotFoundError(
                f"There is no model {request.model!r}.",
                advice="GET /v1/models lists what may stand in `model`.",
                code="unknown_model",
                param="model",
            )
        model = policy.models[task.primary_model]
    return count_tokens(request.text, model.tokenizer)


async def make_plan(draft: Draft, house: House, in_force: InForce) -> Plan:
    """Fill the draft step by step. Raises RequestError, AccessError or NoCandidateError.

    Where all models that may serve rest for a moment, that moment is waited for: up to 3 s and within the deadline.
    """
    for is_last in (*[False] * MOST_WAITS, True):
        try:
            return await _planned(draft, house, in_force)
        except ModelsCoolingDownError as error:
            task = draft.task
            most_s = min(LONGEST_REST_WAITED_S, task.limits.deadline_s if task else 0.0)
            if is_last or error.wait_s > draft.started + most_s - house.clock.monotonic():
                raise
            await house.clock.sleep(error.wait_s * (1.0 + 0.1 * house.chance()))
    raise AssertionError("the last round returns or raises")


async def _planned(draft: Draft, house: House, in_force: InForce) -> Plan:
    now = house.clock.now()
    resting = house.health.cooling_down(in_force.policy.models.values())
    today = datetime.fromtimestamp(now, UTC).date()
    situation = Situation(today, draw_of(draft.id), resting, in_force.proofs, house.demotions)
    if len(draft.request.text) > OFF_LOOP_CHARS:
        return await asyncio.to_thread(_make_plan, draft, in_force, situation)
    return _make_plan(draft, in_force, situation)


def draw_of(record_id: str) -> float:
    """A number from 0 to 1 that looks drawn and is always the same for a record."""
    return int.from_bytes(hashlib.sha256(record_id.encode()).digest()[:8]) / 2**64


def _make_plan(draft: Draft, in_force: InForce, situation: Situation) -> Plan:
    request, policy = draft.request, in_force.policy
    if request.output.schema_json is not None:
        check_schema(request.output.schema_json)
    counts = Counts(request)
    classification = classify(request, draft.caller, policy, in_force.nearest, counts.of_input)
    draft.classification = classification
    task = policy.tasks[classification.task]
    if request.embedding is not None:
        task = _for_vectors(task)
    sized_by = policy.models.get(request.model) or policy.models[task.primary_model]
    packed = _packed(request, task, policy, lambda text: counts.of(text, sized_by.tokenizer))
    draft.packed = packed
    is_unchanged = packed.messages is request.messages
    sizing = Sizing(request, task, counts if is_unchanged else Counts(replace(request, messages=packed.messages)))
    decision = route(request, classification, policy, estimate=sizing.estimate, situation=situation)
    draft.decision = decision
    if not decision.order:
        raise _no_candidate(decision, situation)
    return Plan(
        task=task,
        classification=classification,
        decision=decision,
        output=request.output,
        packed=packed,
        sizing=sizing,
        budgets=_budgets(policy, draft.caller.name, task.name),
        deadline=draft.started + task.limits.deadline_s,
        material=Material(task.instructions or "", request.text, request.sources, _marks),
        checks=in_force.checks,
        is_for_vectors=request.embedding is not None,
        verifier=policy.models[decision.verifier.model] if decision.verifier and decision.verifier.is_kept else None,
    )


def _packed(request: Request, task: Task, policy: Policy, count: Callable[[str], TokenCount]) -> Packed:
    if request.embedding is not None:  # each text is for itself: nothing is put before it, and none is left out
        return Packed(request.messages, count(request.text))
    return assemble(request, task, count, _input_limit(request, task, policy))


def _for_vectors(task: Task) -> Task:
    """What is asked of a text is not asked of vectors; who may see the content, and what it may cost, holds as ever."""
    return replace(
        task,
        contract=Contract(),
        escalate_when=None,
        confidence=ConfidenceRule(),
        instructions=None,
        safe_answer=None,
        review=None,
    )


def _marks(text: str) -> Marks:
    found = detect(text)
    secrets = frozenset(kind.value for kind in found if kind.is_secret)
    return Marks(secrets, frozenset(kind.value for kind in found if not kind.is_secret))


def _constrained(request: Request, task: Task, model: PortfolioModel) -> OutputFormat:
    """The task's schema, where the caller asked for no shape of its own and the host can hold the model to it."""
    schema = task.contract.schema_json
    if schema is None or request.output != TEXT_OUTPUT or Capability.JSON_SCHEMA not in model.capabilities:
        return request.output
    return OutputFormat("json_schema", schema)


def stream_mode(task: Task, request: Request) -> StreamMode:
    """The task's own choice; without one, live unless the answer has to be checked before anybody may see it."""
    if task.review is not None and task.review.is_always:
        return StreamMode.VALIDATED
    if task.stream is not None:
        return task.stream
    return StreamMode.VALIDATED if task.escalate_when or _has_shape(task, request.output) else StreamMode.LIVE


def promises_something(plan: Plan) -> bool:
    """There is more to hold the answer against than that it says something."""
    return _has_shape(plan.task, plan.output)


def _has_shape(task: Task, output: OutputFormat) -> bool:
    return task.contract != Contract() or output != TEXT_OUTPUT


class Counts:
    """Token counts of one request, each text counted once by each tokenizer."""

    __slots__ = ("_known", "_text")

    def __init__(self, request: Request) -> None:
        self._text = request.text
        self._known: dict[tuple[str, str], TokenCount] = {}

    def of_input(self, tokenizer: str) -> TokenCount:
        """All messages, by this tokenizer."""
        return self.of(self._text, tokenizer)

    def of(self, text: str, tokenizer: str) -> TokenCount:
        """Any text, by this tokenizer."""
        known = self._known.get((tokenizer, text))
        if known is None:
            known = self._known[tokenizer, text] = count_tokens(text, tokenizer)
        return known


class Sizing:
    """Upper estimates of one request on each model, made once for each."""

    __slots__ = ("_counts", "_known", "_request", "_task")

    def __init__(self, request: Request, task: Task, counts: Counts) -> None:
        self._request, self._task, self._counts = request, task, counts
        self._known: dict[str, Estimate] = {}

    def estimate(self, model: PortfolioModel) -> Estimate:
        """Input as packed, output up to the lowest of the caller's, the task's and the model's limit."""
        known = self._known.get(model.name)
        if known is None:
            input_tokens = self._counts.of_input(model.tokenizer).tokens
            output_tokens = _output_limit(self._request, self._task, model)
            cost = estimate_cost(model.price, input_tokens, output_tokens * self._request.choices)
            known = self._known[model.name] = Estimate(input_tokens, output_tokens, cost)
        return known


def _output_limit(request: Request, task: Task, model: PortfolioModel) -> int:
    if request.embedding is not None:
        return 0
    wanted = request.max_output_tokens or task.limits.max_output_tokens
    return min(wanted, model.max_output_tokens)


def _input_limit(request: Request, task: Task, policy: Policy) -> int:
    names = (request.model,) if request.model in policy.models else task.models
    models = [policy.models[name] for name in names]
    room = max(model.context_window_tokens - _output_limit(request, task, model) for model in models)
    return room if task.limits.max_input_tokens is None else min(room, task.limits.max_input_tokens)


def _budgets(policy: Policy, caller: str, task: str) -> tuple[Budget, ...]:
    return tuple(budget for budget in policy.budgets if budget.caller in {None, caller} and budget.task in {None, task})


def _told(candidate: Candidate) -> str:
    numbers = ", ".join(f"{name} {value}" for name, value in candidate.numbers.items())
    return f"{candidate.model}: {candidate.reason}" + (f", {numbers}" if numbers else "")


def _no_candidate(decision: Decision, situation: Situation) -> NoCandidateError:
    telling = [item for item in decision.candidates if item.reason not in _UNTELLING] or list(decision.candidates)
    condition = f"No model may serve this request ({'; '.join(map(_told, telling))})."
    waits = [situation.cooling_down[item.model] for item in telling if item.reason is DropReason.COOLING_DOWN]
    if waits:
        advice = "Try again in a few seconds."
        return ModelsCoolingDownError(condition, advice=advice, decision=decision, wait_s=min(waits))
    return NoCandidateError(
        condition,
        advice="Change the request, or the policy.",
        decision=decision,
    )


_UNTELLING = frozenset({DropReason.NOT_IN_SELECTION_RECORD, DropReason.NOT_PINNED, DropReason.NOT_DRAWN})
