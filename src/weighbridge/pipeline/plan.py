"""From a request to a plan: classify it, pack it, judge the models. All computation, no call."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import orjson

from weighbridge.classify.classify import classify
from weighbridge.classify.detectors import detect
from weighbridge.context.assemble import assemble
from weighbridge.context.label import SOURCES_HEAD
from weighbridge.domain.check import Check
from weighbridge.domain.decision import Candidate, Decision, DropReason
from weighbridge.domain.errors import InvalidFieldError, ModelsCoolingDownError, NoCandidateError
from weighbridge.domain.evidence import Gathered
from weighbridge.domain.hold import Demand, Estimate
from weighbridge.domain.levels import Capability
from weighbridge.domain.material import NOTHING, Marks, Material, Source
from weighbridge.domain.packed import Packed
from weighbridge.domain.policy import Policy, PortfolioModel
from weighbridge.domain.request import TEXT_OUTPUT, Message, OutputFormat, Request, Tool
from weighbridge.domain.signals import Classification
from weighbridge.domain.task import ConfidenceRule, Contract, StreamMode, Task
from weighbridge.domain.tool import DeclaredTool
from weighbridge.domain.usage import TokenCount
from weighbridge.pipeline.draft import Draft, digest_of_input
from weighbridge.pipeline.fits import UNTELLING, Fits, unknown_to
from weighbridge.pipeline.gather import evidence_signals, gather, require_evidence
from weighbridge.pipeline.house import House, InForce
from weighbridge.pipeline.pace import enter
from weighbridge.pipeline.remember import with_state
from weighbridge.pipeline.situation import situation_of
from weighbridge.pipeline.sizing import Counts, Sizing, input_limit, with_attachments
from weighbridge.routing.route import route
from weighbridge.routing.situation import Situation
from weighbridge.validation.schema import check_schema

T = TypeVar("T")

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
    sizing: Sizing
    """Upper estimates of the packed request."""
    deadline: float
    """Monotonic time by which an answer must be there."""
    material: Material = NOTHING
    """What the answer is judged against beside its contract."""
    checks: Mapping[str, Check] = field(default_factory=dict)
    """The operator's own checks, by name."""
    is_for_numbers: bool = False
    """Vectors or scores are wanted, and no answer."""
    is_ranking: bool = False
    """Scores are wanted."""
    offered: tuple[DeclaredTool, ...] = ()
    """The gateway's own tools that the model may ask for."""
    verifier: PortfolioModel | None = None
    """Says how sure an answer is; `None` where the task asks for none, or none may see the request."""

    def estimate(self, model: PortfolioModel) -> Estimate:
        """What one attempt on `model` would use at most."""
        return self.sizing.estimate(model)

    def demand(self, model: PortfolioModel, house: House) -> Demand:
        """What an attempt on `model` asks of the budgets."""
        return self.sizing.demand(model, house.lengths.usual(self.task.name), house.undercounts)

    def sized(self, request: Request, model: PortfolioModel) -> Estimate:
        """What another request for the same task would use at most."""
        return Sizing(request, self.task, Counts(request)).estimate(model)

    def corrected(self, request: Request, told: tuple[Message, ...]) -> "Plan":
        """The same plan with `told` after the conversation, sized anew."""
        messages = (*self.packed.messages, *told)
        sizing = Sizing(request, self.task, Counts(replace(request, messages=messages)))
        return replace(self, packed=replace(self.packed, messages=messages), sizing=sizing)

    def with_tools(self, request: Request, told: tuple[Message, ...], sources: tuple[Source, ...]) -> "Plan":
        """The same plan after a round of tools: `told` follows the conversation, `sources` may be cited."""
        known = {source.id: source for source in (*self.material.sources, *sources)}
        material = replace(self.material, sources=tuple(known.values()))
        return replace(self.corrected(request, told), material=material)

    def fits(self, model: PortfolioModel) -> bool:
        """Input and the longest answer are within the model's window."""
        size = self.estimate(model)
        return size.input_tokens + size.output_tokens <= model.context_window_tokens

    def final_request(self, request: Request, model: PortfolioModel, output_tokens: int | None = None) -> Request:
        """What is really sent to `model`: packed, limited to what is paid for (`None`: to the estimate), with
        log-probabilities where a rule reads confidence."""
        escalation = self.task.escalate_when
        reads_confidence = escalation is not None and "confidence" in escalation.names
        return replace(
            offering(request, self.offered),
            messages=self.packed.messages,
            output=_constrained(request, self.task, model),
            max_output_tokens=self.estimate(model).output_tokens if output_tokens is None else output_tokens,
            wants_logprobs=request.wants_logprobs or (reads_confidence and Capability.LOGPROBS in model.capabilities),
        )


async def make_plan(draft: Draft, house: House, in_force: InForce) -> Plan:
    """Fill the draft step by step. Raises RequestError, AccessError, PolicyError, AnswerError or StoreError.

    Where all models that may serve rest for a moment, that moment is waited for: up to 3 s and within the deadline.
    """
    counts = Counts(draft.request)
    task, known = await _off_loop(draft, partial(_classified, draft, in_force, counts))
    await enter(draft, task, counts.of_input, house)
    gathered = await gather(draft, task, known.sensitivity, house, in_force)
    if task.conversation is not None:
        gathered = await with_state(draft, task, gathered, house, situation_of(draft, house, in_force))
    for is_last in (*[False] * MOST_WAITS, True):
        try:
            situation = situation_of(draft, house, in_force)
            return await _off_loop(draft, partial(_make_plan, draft, in_force, situation, gathered, counts))
        except ModelsCoolingDownError as error:
            most_s = min(LONGEST_REST_WAITED_S, task.limits.deadline_s)
            if is_last or error.wait_s > draft.started + most_s - house.clock.monotonic():
                raise
            await house.clock.sleep(error.wait_s * (1.0 + 0.1 * house.chance()))
    raise AssertionError("the last round returns or raises")


async def _off_loop(draft: Draft, work: Callable[[], T]) -> T:
    request = draft.request
    is_long = len(request.text) > OFF_LOOP_CHARS or next(request.attachments, None) is not None
    return await asyncio.to_thread(work) if is_long else work()


def _classified(draft: Draft, in_force: InForce, counts: Counts) -> tuple[Task, Classification]:
    request = draft.request
    if request.output.schema_json is not None:
        check_schema(request.output.schema_json)
    draft.input_digest = digest_of_input(request)
    known = classify(request, draft.caller, in_force.policy, in_force.nearest, counts.of_input)
    draft.classification = known
    task = in_force.policy.tasks[known.task]
    draft.unknown = unknown_to(request, task.parameters)
    return (_for_numbers(task) if request.is_for_numbers else task), known


def _make_plan(draft: Draft, in_force: InForce, situation: Situation, gathered: Gathered, counts: Counts) -> Plan:
    request, policy, known = draft.request, in_force.policy, draft.classification
    if known is None:
        raise AssertionError("a plan is made of a request that was classified")
    task = policy.tasks[known.task]
    if request.is_for_numbers:
        task = _for_numbers(task)
    sized_by = policy.models.get(request.model) or policy.models[task.primary_model]
    packed = _packed(request, task, policy, lambda text: counts.of(text, sized_by.tokenizer), gathered)
    draft.packed = packed = with_attachments(packed)
    known = draft.classification = replace(known, signals={**known.signals, **evidence_signals(packed)})
    require_evidence(task, packed)
    is_unchanged = packed.messages is request.messages
    sizing = Sizing(request, task, counts if is_unchanged else Counts(replace(request, messages=packed.messages)))
    offered = tuple(policy.tools[name] for name in task.evidence.offered_tools) if task.evidence else ()
    asked = offering(request, offered)
    fits = Fits(asked, task.parameters, policy)
    decision = route(asked, known, policy, estimate=sizing.estimate, situation=situation, fit=fits.of)
    draft.decision = decision
    if not decision.order:
        raise fits.refusal(decision) or _no_candidate(decision, situation)
    told = task.instructions or ""
    return Plan(
        task=task,
        classification=known,
        decision=decision,
        output=request.output,
        packed=packed,
        sizing=sizing,
        deadline=draft.started + task.limits.deadline_s,
        material=Material(f"{told}\n{SOURCES_HEAD}" if packed.sources else told, request.text, packed.sources, _marks),
        checks=in_force.checks,
        is_for_numbers=request.is_for_numbers,
        is_ranking=request.is_ranking,
        offered=offered,
        verifier=policy.models[decision.verifier.model] if decision.verifier and decision.verifier.is_kept else None,
    )


def offering(request: Request, tools: tuple[DeclaredTool, ...]) -> Request:
    """The request with the gateway's own tools among those on offer. Raises InvalidFieldError when a name is taken."""
    if not tools:
        return request
    own = tuple(Tool(tool.name, tool.description, _parameters(tool)) for tool in tools)
    taken = {tool.name for tool in own} & {tool.name for tool in request.tools}
    if taken:
        raise InvalidFieldError(
            f"The task itself offers the tool {min(taken)!r}.", advice="Give yours another name.", param="tools"
        )
    return replace(request, tools=(*request.tools, *own), added_tools=own)


def _parameters(tool: DeclaredTool) -> str:
    named = {name: {"type": "string", "description": told} for name, told in tool.parameters.items()}
    schema = {"type": "object", "properties": named, "required": list(named), "additionalProperties": False}
    return orjson.dumps(schema).decode()


def _packed(
    request: Request, task: Task, policy: Policy, count: Callable[[str], TokenCount], gathered: Gathered
) -> Packed:
    if request.is_for_numbers:  # each text is for itself: nothing is put before it, and none is left out
        return Packed(request.messages, count(request.text))
    return assemble(request, task, count, input_limit(request, task, policy), gathered)


def _for_numbers(task: Task) -> Task:
    """What is asked of a text is not asked of numbers; who may see the content, and what it may cost, holds as ever."""
    return replace(
        task,
        contract=Contract(),
        escalate_when=None,
        confidence=ConfidenceRule(),
        instructions=None,
        safe_answer=None,
        review=None,
        evidence=None,
        conversation=None,
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
    if task.evidence is not None and task.evidence.offered_tools:
        return StreamMode.VALIDATED  # whether an answer or a question to a tool comes is known at its end
    if task.stream is not None:
        return task.stream
    return StreamMode.VALIDATED if task.escalate_when or _has_shape(task, request.output) else StreamMode.LIVE


def promises_something(plan: Plan) -> bool:
    """There is more to hold the answer against than that it says something."""
    return _has_shape(plan.task, plan.output)


def _has_shape(task: Task, output: OutputFormat) -> bool:
    return task.contract != Contract() or output != TEXT_OUTPUT


def _told(candidate: Candidate) -> str:
    numbers = ", ".join(f"{name} {value}" for name, value in candidate.numbers.items())
    return f"{candidate.model}: {candidate.reason}" + (f", {numbers}" if numbers else "")


def _no_candidate(decision: Decision, situation: Situation) -> NoCandidateError:
    telling = [item for item in decision.candidates if item.reason not in UNTELLING] or list(decision.candidates)
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
