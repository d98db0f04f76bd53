"""A streamed answer as server-sent events (WHATWG HTML, server-sent events), in the dialect that was asked."""

from collections.abc import Callable, Iterator
from typing import Protocol

from weighbridge.domain.caller import Caller
from weighbridge.domain.errors import WeighbridgeError
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.record import Record
from weighbridge.domain.request import Request
from weighbridge.domain.response import Delta, Response, ToolPiece
from weighbridge.pipeline.house import House
from weighbridge.pipeline.stream import LiveStream, open_stream
from weighbridge.server.answers import answer_headers, begun_headers
from weighbridge.server.wire import HeaderList, Send

_STREAM_HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]


class EventWriter(Protocol):
    """A dialect's events of one answer, framed."""

    def delta(self, delta: Delta) -> bytes:
        """One piece; may be nothing."""
        ...

    def finish(self) -> bytes:
        """The end of a complete answer."""
        ...

    def error(self, error: WeighbridgeError) -> bytes:
        """The end of a broken one."""
        ...


MakeWriter = Callable[[str, str], EventWriter]
"""Model that serves and record id → the writer of that answer."""


async def stream_answer(request: Request, caller: Caller, house: House, send: Send, writer: MakeWriter) -> None:
    """Send the answer piece by piece. Errors before the first piece are raised; later ones become an error event."""
    begun = await open_stream(request, caller, house)
    if isinstance(begun, Outcome):
        await _replay(begun, request, send, writer(begun.model, begun.record.id))
    else:
        await _relay(begun, send, writer(begun.model, begun.record_id))


async def _relay(live: LiveStream, send: Send, writer: EventWriter) -> None:
    try:
        async with live as deltas:
            await _start(send, begun_headers(live))
            async for delta in deltas:
                await _write(send, writer.delta(delta))
    except WeighbridgeError as error:
        await _write(send, writer.error(error), is_last=True)
        return
    await _write(send, _note(live.record) + writer.finish(), is_last=True)


async def _replay(outcome: Outcome, request: Request, send: Send, writer: EventWriter) -> None:
    """A whole, validated answer in the shape of a stream."""
    await _start(send, answer_headers(outcome))
    pieces = b"".join(map(writer.delta, _cut(outcome.response, request.wants_logprobs)))
    await _write(send, pieces + _note(outcome.record) + writer.finish(), is_last=True)


def _cut(response: Response, shows_logprobs: bool) -> Iterator[Delta]:
    """Every choice with its end, then usage."""
    for number, choice in enumerate(response.choices):
        calls = tuple(
            ToolPiece(index, call.id, call.name, call.arguments) for index, call in enumerate(choice.tool_calls)
        )
        logprobs = choice.logprobs if shows_logprobs else None
        for thought in choice.thoughts:
            yield Delta(thought=thought.text, choice=number)
            yield Delta(thought_signature=thought.signature, thought_seal=thought.sealed, choice=number)
        yield Delta(
            text=choice.text,
            refusal=choice.refusal or "",
            tool_pieces=calls,
            logprobs=logprobs,
            choice=number,
            citations=choice.citations,
        )
        yield Delta(finish_reason=choice.finish_reason, choice=number)
    if response.usage is not None:
        yield Delta(usage=response.usage)


def _note(record: Record | None) -> bytes:
    """Verdict and cost were not known when a live stream's headers left; a comment, which clients skip, has them."""
    if record is None:
        return b""
    cost = "unknown" if record.cost is None else str(record.cost)
    return f": record={record.id} verdict={record.verdict} cost_usd={cost}\n\n".encode()


async def _start(send: Send, headers: HeaderList) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [*_STREAM_HEADERS, *headers]})


async def _write(send: Send, block: bytes, *, is_last: bool = False) -> None:
    if block or is_last:
        await send({"type": "http.response.body", "body": block, "more_body": not is_last})
