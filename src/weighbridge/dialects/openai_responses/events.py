"""A streamed answer from a host, one typed event's JSON at a time."""

from collections.abc import Callable

from weighbridge.dialects.openai_chat.errors import error_in_answer
from weighbridge.dialects.openai_chat.response import parse_logprobs, text_or_empty
from weighbridge.dialects.openai_responses.reasoning import BETWEEN
from weighbridge.dialects.openai_responses.response import CALLS, finish_of, malformed, parse_call
from weighbridge.dialects.openai_responses.usage import parse_usage
from weighbridge.dialects.wire_object import event_in, object_in
from weighbridge.domain.response import Delta, ToolPiece

Event = dict[str, object]
_FAILURES = ("error", "response.failed")


class EventReader:
    """Reads one stream. It remembers which items are calls, and whether they said anything yet."""

    __slots__ = ("_calls", "_readers", "_silent", "has_ended")

    def __init__(self) -> None:
        self._calls: dict[object, int] = {}
        self._silent: set[int] = set()
        self._readers = self._table()
        self.has_ended = False
        """True after the last event; a stream that stops without it was cut."""

    def parse_event(self, chunk: bytes) -> Delta | None:
        """One event, its bytes kept for a caller of the same dialect; `None` for a `[DONE]` that some hosts add.

        Events that say nothing to the gateway are only their bytes. Raises ProviderMalformedError for an event that
        breaks the dialect, ProviderError for one that reports an error.
        """
        if chunk == b"[DONE]":
            return None
        event = event_in(chunk, malformed)
        kind = event.get("type")
        if type(kind) is not str:
            raise malformed("holds an event without a type")
        if kind in _FAILURES:
            raise error_in_answer(_error_of(event))
        read = self._readers.get(kind, _other)
        return read(event, chunk)

    def _table(self) -> dict[str, Callable[[Event, bytes], Delta]]:
        return {
            "response.output_text.delta": _text,
            "response.refusal.delta": _refusal,
            "response.reasoning_summary_text.delta": _thought,
            "response.reasoning_text.delta": _thought,
            "response.reasoning_summary_part.added": _summary_part,
            "response.function_call_arguments.delta": self._arguments,
            "response.custom_tool_call_input.delta": self._arguments,
            "response.output_item.added": self._added,
            "response.output_item.done": self._done,
            "response.completed": self._ended,
            "response.incomplete": self._ended,
        }

    def _added(self, event: Event, chunk: bytes) -> Delta:
        item = object_in(event, "item", malformed)
        if item.get("type") not in CALLS:
            return Delta(wire=chunk)
        called = parse_call(item)
        index = self._calls.setdefault(event.get("output_index"), len(self._calls))
        if not called.arguments:
            self._silent.add(index)
        piece = ToolPiece(index, called.id, called.name, called.arguments)
        return Delta(tool_text=called.name + called.arguments, tool_pieces=(piece,), wire=chunk)

    def _arguments(self, event: Event, chunk: bytes) -> Delta:
        index = self._calls.get(event.get("output_index"))
        if index is None:
            raise malformed("holds arguments of a call that has not begun")
        text = text_or_empty(event.get("delta"), "tool arguments")
        if text:
            self._silent.discard(index)
        return Delta(tool_text=text, tool_pieces=(ToolPiece(index, arguments=text),), wire=chunk)

    def _done(self, event: Event, chunk: bytes) -> Delta:
        """A call that never sent fragments may have its arguments here."""
        index = self._calls.get(event.get("output_index"))
        if index is None or index not in self._silent:
            return Delta(wire=chunk)
        self._silent.discard(index)
        text = parse_call(object_in(event, "item", malformed)).arguments
        return Delta(tool_text=text, tool_pieces=(ToolPiece(index, arguments=text),), wire=chunk)

    def _ended(self, event: Event, chunk: bytes) -> Delta:
        response = object_in(event, "response", malformed)
        self.has_ended = True
        status = "completed" if event.get("type") == "response.completed" else "incomplete"
        return Delta(
            finish_reason=finish_of({"status": status, **response}, bool(self._calls)),
            usage=parse_usage(response.get("usage")),
            model=text_or_empty(response.get("model"), "model") or None,
            wire=chunk,
        )


def _text(event: Event, chunk: bytes) -> Delta:
    logprobs = parse_logprobs({"content": event.get("logprobs")})
    return Delta(text=text_or_empty(event.get("delta"), "text"), logprobs=logprobs, wire=chunk)


def _refusal(event: Event, chunk: bytes) -> Delta:
    return Delta(refusal=text_or_empty(event.get("delta"), "refusal"), wire=chunk)


def _thought(event: Event, chunk: bytes) -> Delta:
    return Delta(thought=text_or_empty(event.get("delta"), "summary"), wire=chunk)


def _summary_part(event: Event, chunk: bytes) -> Delta:
    """What was thought before stands apart from it."""
    return Delta(thought=BETWEEN if event.get("summary_index") else "", wire=chunk)


def _other(event: Event, chunk: bytes) -> Delta:
    response = event.get("response")
    model = response.get("model") if type(response) is dict else None
    return Delta(model=text_or_empty(model, "model") or None, wire=chunk)


def _error_of(event: Event) -> object:
    response = event.get("response")
    return response.get("error") if type(response) is dict else event.get("error") or event
