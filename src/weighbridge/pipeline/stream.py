"""A live stream and its commit boundary.

Until the first piece of content the ladder is free to move to another model. From then on the answer belongs to the
model that began it: no retry, no switch. The end of the answer (finish reason, usage) is held back until the whole was
validated, settled and recorded, so a caller that saw the end has its record on disk. An answer that turns out invalid
ends in an error event instead.
"""

from collections.abc import AsyncGenerator, AsyncIterator

from weighbridge.domain.attempt import StepKind
from weighbridge.domain.caller import Caller
from weighbridge.domain.citation import Citation
from weighbridge.domain.errors import ModelsCoolingDownError, NoEvidenceError, ProviderError
from weighbridge.domain.levels import Capability
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.rate import RateStanding
from weighbridge.domain.record import Record
from weighbridge.domain.request import Request
from weighbridge.domain.response import Delta, Response
from weighbridge.domain.task import StreamMode
from weighbridge.pipeline.attempt import attempt
from weighbridge.pipeline.climb import Climb, ending_without_models
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.endings import give_up, keep_failure
from weighbridge.pipeline.flow import Flow
from weighbridge.pipeline.house import House
from weighbridge.pipeline.kept import keep_answer, kept_answer, kept_or_made
from weighbridge.pipeline.ladder import step_after_commit
from weighbridge.pipeline.plan import Plan, make_plan, stream_mode
from weighbridge.pipeline.result import Result
from weighbridge.pipeline.review import HandOver
from weighbridge.pipeline.run import answer, conclude, record


async def open_stream(request: Request, caller: Caller, house: House) -> "LiveStream | Outcome":
    """Begin a streamed answer. Where there is something to validate first, the whole answer comes back instead."""
    in_force = house.in_force
    draft = Draft.open(request, caller, house, in_force.policy)
    ending: LiveStream | Response | HandOver
    try:
        plan = await make_plan(draft, house, in_force)
        is_live = stream_mode(plan.task, request) is StreamMode.LIVE
        ending = await (_live(draft, plan, house) if is_live else kept_or_made(draft, plan, house, answer))
    except (ModelsCoolingDownError, NoEvidenceError) as error:
        ending = await ending_without_models(draft, error, house)
    except BaseException as error:
        await keep_failure(draft, error, house)
        raise
    return ending if isinstance(ending, LiveStream) else await conclude(draft, ending, house)


async def _live(draft: Draft, plan: Plan, house: House) -> "LiveStream | Response | HandOver":
    """A kept answer, or one that flows; a stream keeps nobody waiting who asks the same."""
    async with kept_answer(draft, plan, house) as kept:
        return kept or await _begin(draft, plan, house)


async def _begin(draft: Draft, plan: Plan, house: House) -> "LiveStream | Response | HandOver":
    async with Climb[LiveStream](draft, plan, house, lambda plan, name: _call(draft, plan, name, house)) as climb:
        while True:
            begun = await climb.call()
            if isinstance(begun, LiveStream):
                return begun
            ending = await climb.ending_after(begun)
            if ending is not None:
                return ending


async def _call(draft: Draft, plan: Plan, name: str, house: House) -> "LiveStream | Result":
    """A stream that has begun; or the result of a call that ended without content, or of a model that cannot stream."""
    if Capability.STREAMING not in draft.policy.models[name].capabilities:
        return await attempt(draft, plan, name, house)
    flow = await Flow.start(draft, plan, name, house)
    if isinstance(flow, Result):
        return flow
    begun = await _until_content(flow)
    return begun if isinstance(begun, Result) else LiveStream(flow, begun)


async def _until_content(flow: Flow) -> Result | list[Delta]:
    """The pieces up to the first content, or the result of a call that ended without any."""
    begun: list[Delta] = []
    try:
        while (delta := await flow.next_delta()) is not None:
            begun.append(delta)
            if delta.has_content:
                return begun
    except ProviderError as error:
        return flow.fail(error)
    except BaseException:
        await flow.cut_short()
        raise
    return flow.finish()


class LiveStream:
    """An answer that has begun to flow. Enter it to get the pieces; leaving it early hangs up.

    >>> async with live as deltas:
    ...     async for delta in deltas: ...

    The pieces end normally once the record is on disk; else iteration raises AnswerError or StoreError. However the
    block is left, the call is settled and recorded exactly once.
    """

    __slots__ = ("_begun", "_flow", "_is_over", "_pieces", "record")

    def __init__(self, flow: Flow, begun: list[Delta]) -> None:
        self._flow, self._begun = flow, begun
        self._is_over = False
        self._pieces = self._deltas()
        self.record: Record | None = None
        """The record, once the stream has ended."""

    async def __aenter__(self) -> AsyncGenerator[Delta, None]:
        return self._pieces

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        await self._pieces.aclose()
        await self._abandon(error or GeneratorExit())

    @property
    def record_id(self) -> str:
        """The record it will have."""
        return self._flow.draft.id

    @property
    def model(self) -> str:
        """Portfolio name of the model that began it."""
        return self._flow.model.name

    @property
    def rates(self) -> tuple[RateStanding, ...]:
        """What rate limits leave to the caller."""
        return self._flow.draft.rates

    @property
    def unknown_parameters(self) -> tuple[str, ...]:
        """Fields that nobody knows, where the caller is to hear of them."""
        return self._flow.draft.unknown

    @property
    def left_out(self) -> tuple[str, ...]:
        """What the host is not told of the request."""
        return self._flow.plan.decision.left_out(self.model)

    @property
    def dialect(self) -> str:
        """What the caller speaks."""
        return self._flow.draft.request.dialect

    @property
    def is_fallback(self) -> bool:
        """It is not the first of the order."""
        return self.model != self._flow.plan.decision.order[0]

    @property
    def reason(self) -> str:
        """The route's reason."""
        return self._flow.plan.decision.reason.value

    async def _deltas(self) -> AsyncGenerator[Delta, None]:
        flow = self._flow
        held: list[Delta] = []
        try:
            async for delta in self._flowing():
                if held or delta.finish_reason is not None:
                    held.append(delta)
                else:
                    yield delta
            result = flow.finish()
        except ProviderError as error:
            result = flow.fail(error)
        except BaseException as error:
            await self._abandon(error)
            raise
        if citations := await self._conclude(result):
            yield Delta(citations=citations)
        for delta in held:
            yield delta

    async def _flowing(self) -> AsyncIterator[Delta]:
        for begun in self._begun:
            yield begun
        while (delta := await self._flow.next_delta()) is not None:
            yield delta

    async def _abandon(self, error: BaseException) -> None:
        """The caller went away, or was never told that the answer had begun."""
        if self._is_over:
            return
        self._is_over = True
        await self._flow.cut_short()
        await keep_failure(self._flow.draft, error, self._flow.house)

    async def _conclude(self, result: Result) -> tuple[Citation, ...]:
        self._is_over = True
        draft, house = self._flow.draft, self._flow.house
        step = step_after_commit(result.judged)
        draft.attempts.append(result.told(step))
        if step.kind is StepKind.ACCEPT and result.response is not None:
            outcome = await record(draft, result.response, house)  # first: whoever leaves now leaves a record behind
            self.record = outcome.record
            await keep_answer(draft, self._flow.plan, result.response, house)
            return outcome.response.choices[0].citations
        error = give_up(draft, step)
        await keep_failure(draft, error, house)
        raise error
