"""A streamed answer of Bedrock's, one event at a time: an object with one member, named after the event's type.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html
"""

from weighbridge.dialects.bedrock.errors import EXCEPTIONS, error_in_stream
from weighbridge.dialects.bedrock.response import malformed, parse_finish, parse_usage, text_in
from weighbridge.dialects.wire_object import WireObject, event_in, object_in
from weighbridge.domain.response import Delta, FinishReason, ToolPiece


class EventReader:
    """Reads one stream. It remembers which blocks are tool calls, and whether they said anything."""

    __slots__ = ("_calls", "_silent", "has_ended")

    def __init__(self) -> None:
        self._calls: dict[object, int] = {}
        self._silent: set[int] = set()
        self.has_ended = False
        """True once the answer says why it ended; a stream that stops without it was cut."""

    def parse_event(self, chunk: bytes) -> Delta:
        """One event; those of kinds to come say nothing. Raises ProviderMalformedError, or ProviderError for one that
        reports an error."""
        event = event_in(chunk, malformed)
        kind = next(iter(event), "")
        if kind in EXCEPTIONS:
            raise error_in_stream(kind, event[kind])
        match kind:
            case "contentBlockStart":
                return self._start(object_in(event, kind, malformed))
            case "contentBlockDelta":
                return self._piece(object_in(event, kind, malformed))
            case "contentBlockStop":
                return self._block_end(object_in(event, kind, malformed))
            case "messageStop":
                self.has_ended = True
                reason = parse_finish(object_in(event, kind, malformed).get("stopReason"))
                return Delta(finish_reason=reason or FinishReason.UNKNOWN)
            case "metadata":
                return Delta(usage=parse_usage(object_in(event, kind, malformed).get("usage")))
        return Delta()

    def _start(self, event: WireObject) -> Delta:
        called = object_in(event, "start", malformed).get("toolUse")
        if type(called) is not dict:
            return Delta()
        call = self._calls.setdefault(_index_of(event), len(self._calls))
        self._silent.add(call)
        name = text_in(called, "name")
        return Delta(tool_text=name, tool_pieces=(ToolPiece(call, text_in(called, "toolUseId"), name),))

    def _piece(self, event: WireObject) -> Delta:
        delta = object_in(event, "delta", malformed)
        call, said = self._calls.get(_index_of(event)), delta.get("toolUse")
        thought = delta.get("reasoningContent")
        if type(thought) is dict:
            shown, signature = text_in(thought, "text"), text_in(thought, "signature")
            return Delta(thought=shown, thought_signature=signature, thought_seal=text_in(thought, "redactedContent"))
        if call is None or type(said) is not dict:
            return Delta(text=text_in(delta, "text"))
        arguments = text_in(said, "input")
        if arguments:
            self._silent.discard(call)
        return Delta(tool_text=arguments, tool_pieces=(ToolPiece(call, arguments=arguments),))

    def _block_end(self, event: WireObject) -> Delta:
        """A call that ends without a word has no arguments, which elsewhere is written as an empty object."""
        call = self._calls.get(_index_of(event))
        if call not in self._silent:
            return Delta()
        self._silent.discard(call)
        return Delta(tool_text="{}", tool_pieces=(ToolPiece(call, arguments="{}"),))


def _index_of(event: WireObject) -> int:
    index = event.get("contentBlockIndex")
    if type(index) is not int or index < 0:
        raise malformed("holds a content block with a bad index")
    return index
