"""A streamed chat answer, both ways, one server-sent event's JSON at a time."""

from typing import cast

import orjson

from weighbridge.dialects.citations import url_citations
from weighbridge.dialects.openai_chat.errors import error_in_answer, render_error
from weighbridge.dialects.openai_chat.response import (
    malformed,
    parse_call,
    parse_finish,
    parse_logprobs,
    parse_text,
    parse_thought,
    render_finish,
    render_logprobs,
    text_or_empty,
)
from weighbridge.dialects.openai_chat.usage import parse_usage, render_usage
from weighbridge.dialects.wire_object import event_in
from weighbridge.domain.errors import WeighbridgeError
from weighbridge.domain.response import Delta, ToolPiece

DONE = b"[DONE]"
"""What the event after the last chunk holds instead of JSON."""
_NOTHING: dict[str, object] = {}


def parse_event(chunk: bytes) -> Delta:
    """One event of a host's stream, its bytes kept for a caller of the same dialect.

    Only the first choice is read; the others travel in the bytes. Raises ProviderMalformedError for an event that is
    not a chunk, ProviderError for one that reports an error.
    """
    event = event_in(chunk, malformed)
    if event.get("error") or event.get("object") == "error":
        raise error_in_answer(event.get("error") or event)
    choice = _first_choice(event.get("choices"))
    delta = choice.get("delta")
    if type(delta) is not dict:
        delta = _NOTHING
    pieces = _tool_pieces(delta.get("tool_calls"))
    usage = event.get("usage")
    return Delta(
        text=parse_text(delta.get("content")),
        tool_text="".join([piece.name + piece.arguments for piece in pieces]) if pieces else "",
        refusal=text_or_empty(delta.get("refusal"), "refusal"),
        finish_reason=parse_finish(choice.get("finish_reason")),
        logprobs=parse_logprobs(choice.get("logprobs")),
        usage=parse_usage(usage) if usage is not None else None,
        model=text_or_empty(event.get("model"), "model") or None,
        wire=chunk,
        tool_pieces=pieces,
        thought=parse_thought(delta) if delta else "",
    )


class EventReader:
    """Reads one stream."""

    __slots__ = ("has_ended",)

    def __init__(self) -> None:
        self.has_ended = False
        """True once the answer is complete; a stream that stops without it was cut."""

    def parse_event(self, chunk: bytes) -> Delta | None:
        """One event; `None` for the one after which nothing follows. Raises ProviderError."""
        if chunk == DONE:
            self.has_ended = True
            return None
        delta = parse_event(chunk)
        self.has_ended = self.has_ended or delta.finish_reason is not None
        return delta


def _first_choice(choices: object) -> dict[str, object]:
    """The part of choice 0 in this event: none in a usage event, or in Azure's first one with its filter results."""
    if choices is None:
        return _NOTHING
    if type(choices) is not list:
        raise malformed("holds choices that are not a list")
    for choice in choices:
        if type(choice) is not dict:
            raise malformed("holds a choice that is not an object")
        if not choice.get("index"):
            return choice
    return _NOTHING


def _tool_pieces(calls: object) -> tuple[ToolPiece, ...]:
    if not calls:
        return ()
    if type(calls) is not list:
        raise malformed("holds tool calls that are not a list")
    return tuple(_tool_piece(call) for call in calls)


def _tool_piece(call: object) -> ToolPiece:
    called = parse_call(call)
    index = cast("dict[str, object]", call).get("index", 0)
    if type(index) is not int or index < 0:
        raise malformed("holds a tool call with a bad index")
    return ToolPiece(index, called.id, called.name, called.arguments)


def is_usage_only(delta: Delta) -> bool:
    """True for the extra event that OpenAI sends only to callers who asked for usage; keep it from the others."""
    if delta.usage is None or delta.finish_reason is not None or delta.has_content or delta.tool_pieces:
        return False
    return delta.wire is None or b'"choices":[]' in delta.wire.replace(b" ", b"")


def render_event(delta: Delta, *, model: str, created: int, response_id: str, is_first: bool) -> bytes:
    """One chunk's JSON for a caller, `model` being the one that really serves.

    A host's own bytes are passed on with only the model's name replaced. A built chunk names the assistant when it
    `is_first`; a delta with nothing but usage becomes the event without choices.
    """
    if delta.wire is not None:
        return _renamed(delta.wire, delta.model, model)
    chunk: dict[str, object] = {
        "id": response_id,
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
        "choices": [] if is_usage_only(delta) else [_render_choice(delta, is_first)],
    }
    if delta.usage is not None:
        chunk["usage"] = render_usage(delta.usage)
    return orjson.dumps(chunk)


def _renamed(wire: bytes, old: str | None, new: str) -> bytes:
    """The name replaced in the bytes: inside JSON text a quote is escaped, so the key is found only as a key."""
    if old is None or old == new:
        return wire
    name, renamed = orjson.dumps(old), orjson.dumps(new)
    for key in (b'"model":', b'"model": '):
        if wire.count(key + name) == 1:
            return wire.replace(key + name, key + renamed)
    return orjson.dumps(cast("dict[str, object]", orjson.loads(wire)) | {"model": new})


def _render_choice(delta: Delta, is_first: bool) -> dict[str, object]:
    said: dict[str, object] = {"role": "assistant"} if is_first else {}
    if delta.text or (is_first and not delta.has_content):
        said["content"] = delta.text
    if delta.thought:
        said["reasoning_content"] = delta.thought
    if delta.refusal:
        said["refusal"] = delta.refusal
    if delta.citations:
        said["annotations"] = url_citations(delta.citations)
    if delta.tool_pieces:
        said["tool_calls"] = [_render_piece(piece) for piece in delta.tool_pieces]
    return {
        "index": delta.choice,
        "delta": said,
        "logprobs": render_logprobs(delta.logprobs),
        "finish_reason": None if delta.finish_reason is None else render_finish(delta.finish_reason),
    }


def _render_piece(piece: ToolPiece) -> dict[str, object]:
    if not piece.id:
        return {"index": piece.index, "function": {"arguments": piece.arguments}}
    function = {"name": piece.name, "arguments": piece.arguments}
    return {"index": piece.index, "id": piece.id, "type": "function", "function": function}


def render_stream_error(error: WeighbridgeError) -> bytes:
    """The event that ends a broken stream. OpenAI's clients raise on it; a made-up `stop` would hide the fault."""
    return render_error(error)


class EventWriter:
    """The server-sent events of one answer, in their order."""

    __slots__ = ("_begun", "_created", "_model", "_response_id", "_shows_usage")

    def __init__(self, *, model: str, response_id: str, created: int, shows_usage: bool) -> None:
        self._model, self._response_id, self._created = model, response_id, created
        self._shows_usage = shows_usage
        self._begun: set[int] = set()

    def delta(self, delta: Delta) -> bytes:
        """One piece; nothing for usage that the caller did not ask for, or for a piece that says nothing."""
        if (is_usage_only(delta) and not self._shows_usage) or not (delta.wire or delta.says_something):
            return b""
        rendered = render_event(
            delta,
            model=self._model,
            created=self._created,
            response_id=self._response_id,
            is_first=delta.choice not in self._begun,
        )
        self._begun.add(delta.choice)
        return b"data: %b\n\n" % rendered

    def finish(self) -> bytes:
        """The end of a complete answer."""
        return b"data: %b\n\n" % DONE

    def error(self, error: WeighbridgeError) -> bytes:
        """The end of a broken one."""
        return b"data: %b\n\n" % render_stream_error(error)
