"""A streamed chat answer as server-sent events (WHATWG HTML, server-sent events)."""

from time import time

from weighbridge.dialects.openai_chat.events import DONE, is_usage_only, render_event, render_stream_error
from weighbridge.domain.caller import Caller
from weighbridge.domain.errors import WeighbridgeError
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.record import Record
from weighbridge.domain.request import Request
from weighbridge.domain.response import Delta, ToolPiece
from weighbridge.pipeline.house import House
from weighbridge.pipeline.stream import LiveStream, open_stream
from weighbridge.server.answers import begun_headers, record_headers
from weighbridge.server.wire import HeaderList, Send

_STREAM_HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]


async def stream_chat(request: Request, caller: Caller, house: House, send: Send) -> None:
    """Send the answer piece by piece. Errors before the first piece are raised; later ones become an error event."""
    begun = await open_stream(request, caller, house)
    events = _Events(send, request.wants_stream_usage)
    if isinstance(begun, Outcome):
        await _replay(begun, events)
    else:
        await _relay(begun, events)


async def _relay(live: LiveStream, events: "_Events") -> None:
    try:
        async with live as deltas:
            await events.start(live.record_id, live.model, begun_headers(live))
            async for delta in deltas:
                await events.delta(delta)
    except WeighbridgeError as error:
        await events.fail(error)
        return
    await events.finish(live.record)


async def _replay(outcome: Outcome, events: "_Events") -> None:
    """A whole, validated answer in the shape of a stream."""
    record, choice = outcome.record, outcome.response.choices[0]
    await events.start(record.id, outcome.model, record_headers(record))
    calls = tuple(ToolPiece(index, call.id, call.name, call.arguments) for index, call in enumerate(choice.tool_calls))
    await events.delta(Delta(text=choice.text, refusal=choice.refusal or "", tool_pieces=calls))
    await events.delta(Delta(finish_reason=choice.finish_reason))
    if outcome.response.usage is not None:
        await events.delta(Delta(usage=outcome.response.usage))
    await events.finish(record)


class _Events:
    """Writes the events of one answer."""

    def __init__(self, send: Send, wants_usage: bool) -> None:
        self._send, self._wants_usage = send, wants_usage
        self._is_first = True

    async def start(self, number: str, model: str, headers: HeaderList) -> None:
        self._number, self._model, self._created = number, model, int(time())
        await self._send({"type": "http.response.start", "status": 200, "headers": [*_STREAM_HEADERS, *headers]})

    async def delta(self, delta: Delta) -> None:
        if is_usage_only(delta) and not self._wants_usage:
            return
        rendered = render_event(
            delta, model=self._model, created=self._created, response_id=self._number, is_first=self._is_first
        )
        self._is_first = False
        await self._write(b"data: %b\n\n" % rendered)

    async def finish(self, record: Record | None) -> None:
        """Verdict and cost were not known when the headers left; a comment, which clients skip, carries them."""
        note = b""
        if record is not None:
            cost = "unknown" if record.cost is None else str(record.cost)
            note = f": record={record.id} verdict={record.verdict} cost_usd={cost}\n\n".encode()
        await self._write(b"%bdata: %b\n\n" % (note, DONE), is_last=True)

    async def fail(self, error: WeighbridgeError) -> None:
        await self._write(b"data: %b\n\n" % render_stream_error(error), is_last=True)

    async def _write(self, block: bytes, *, is_last: bool = False) -> None:
        await self._send({"type": "http.response.body", "body": block, "more_body": not is_last})
