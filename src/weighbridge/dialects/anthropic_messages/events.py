"""A streamed answer from a host, one server-sent event's JSON at a time."""

from weighbridge.dialects.anthropic_messages.errors import error_in_answer
from weighbridge.dialects.anthropic_messages.response import malformed, parse_call, parse_stop, text_or_empty
from weighbridge.dialects.anthropic_messages.usage import parse_usage
from weighbridge.dialects.wire_object import event_in, object_in
from weighbridge.domain.response import Delta, ToolPiece
from weighbridge.domain.usage import Usage

Event = dict[str, object]


class EventReader:
    """Reads one stream. It remembers which blocks are tool calls, whether they said anything, and the input's count."""

    __slots__ = ("_calls", "_silent", "_usage", "has_ended")

    def __init__(self) -> None:
        self._calls: dict[int, int] = {}
        self._silent: set[int] = set()
        self._usage: Usage | None = None
        self.has_ended = False
        """True after the last event; a stream that stops without it was cut."""

    def parse_event(self, chunk: bytes) -> Delta:
        """One event of the stream, its bytes kept for a caller of the same dialect.

        Events that say nothing to the gateway (pings, types to come) are only their bytes. Raises
        ProviderMalformedError for an event that breaks the dialect, ProviderError for one that reports an error.
        """
        event = event_in(chunk, malformed)
        match event.get("type"):
            case "content_block_delta":
                return self._piece(event, chunk)
            case "content_block_start":
                return self._block(event, chunk)
            case "content_block_stop":
                return self._block_end(event, chunk)
            case "message_start":
                return self._start(event, chunk)
            case "message_delta":
                return self._end(event, chunk)
            case "message_stop":
                self.has_ended = True
            case "error":
                raise error_in_answer(event.get("error"))
            case kind if type(kind) is not str:
                raise malformed("holds an event without a type")
        return Delta(wire=chunk)

    def _piece(self, event: Event, chunk: bytes) -> Delta:
        delta = object_in(event, "delta", malformed)
        kind = delta.get("type")
        if kind == "text_delta":
            return Delta(text=text_or_empty(delta.get("text"), "text"), wire=chunk)
        if kind == "thinking_delta":
            return Delta(thought=text_or_empty(delta.get("thinking"), "thinking"), wire=chunk)
        if kind == "signature_delta":
            return Delta(thought_signature=text_or_empty(delta.get("signature"), "signature"), wire=chunk)
        call = self._calls.get(_index_of(event)) if kind == "input_json_delta" else None
        if call is None:
            return Delta(wire=chunk)
        arguments = text_or_empty(delta.get("partial_json"), "tool arguments")
        if arguments:
            self._silent.discard(call)
        return Delta(tool_text=arguments, tool_pieces=(ToolPiece(call, arguments=arguments),), wire=chunk)

    def _block(self, event: Event, chunk: bytes) -> Delta:
        block, index = object_in(event, "content_block", malformed), _index_of(event)
        if block.get("type") == "text":
            return Delta(text=text_or_empty(block.get("text"), "text"), wire=chunk)
        if block.get("type") == "redacted_thinking":
            return Delta(thought_seal=text_or_empty(block.get("data"), "data"), wire=chunk)
        if block.get("type") != "tool_use":
            return Delta(wire=chunk)
        called = parse_call(block)
        arguments = "" if called.arguments == "{}" else called.arguments
        call = self._calls.setdefault(index, len(self._calls))
        if not arguments:
            self._silent.add(call)
        piece = ToolPiece(call, called.id, called.name, arguments)
        return Delta(tool_text=called.name + arguments, tool_pieces=(piece,), wire=chunk)

    def _block_end(self, event: Event, chunk: bytes) -> Delta:
        """A call that ends without a word has no arguments, which elsewhere is written as an empty object."""
        call = self._calls.get(_index_of(event))
        if call not in self._silent:
            return Delta(wire=chunk)
        self._silent.discard(call)
        return Delta(tool_text="{}", tool_pieces=(ToolPiece(call, arguments="{}"),), wire=chunk)

    def _start(self, event: Event, chunk: bytes) -> Delta:
        message = object_in(event, "message", malformed)
        self._usage = parse_usage(message.get("usage"))
        return Delta(usage=self._usage, model=text_or_empty(message.get("model"), "model") or None, wire=chunk)

    def _end(self, event: Event, chunk: bytes) -> Delta:
        self._usage = parse_usage(event.get("usage"), self._usage)
        stop = object_in(event, "delta", malformed).get("stop_reason")
        return Delta(finish_reason=parse_stop(stop), usage=self._usage, wire=chunk)


def _index_of(event: Event) -> int:
    index = event.get("index")
    if type(index) is not int or index < 0:
        raise malformed("holds a content block with a bad index")
    return index
