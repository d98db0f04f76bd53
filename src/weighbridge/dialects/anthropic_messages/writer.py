"""A streamed answer for a caller: events in the order that Anthropic's clients count on.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

import re
from collections.abc import Mapping

import orjson

from weighbridge.dialects.anthropic_messages.blocks import render_thought
from weighbridge.dialects.anthropic_messages.errors import render_error
from weighbridge.dialects.anthropic_messages.response import empty_message, render_stop
from weighbridge.dialects.anthropic_messages.usage import render_usage
from weighbridge.dialects.citations import search_result_locations
from weighbridge.domain.errors import WeighbridgeError
from weighbridge.domain.request import Thought
from weighbridge.domain.response import Delta, FinishReason, ToolPiece
from weighbridge.domain.usage import Usage

_EVENTS = frozenset(
    {
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "ping",
    }
)
_TEXT, _THOUGHT = -1, -2
"""Blocks of text and of thinking among the blocks of calls, which are numbered from 0."""
_DELTAS = {_TEXT: ("text_delta", "text"), _THOUGHT: ("thinking_delta", "thinking")}
_MARKS = re.compile(r'["\\{}]')
_TYPE_FIRST = b'{"type":"'


class EventWriter:
    """The server-sent events of one answer, in their order.

    A host's own events of this dialect pass as they came, but for the model's name. Others are built: one block is
    open at a time, and what belongs to a later one waits until the open one is complete.
    """

    __slots__ = (
        "_calls",
        "_finish",
        "_has_begun",
        "_id",
        "_is_own",
        "_last",
        "_model",
        "_open",
        "_refuses",
        "_usage",
        "_waiting",
    )

    def __init__(self, *, model: str, response_id: str) -> None:
        self._model, self._id = model, response_id
        self._has_begun = self._is_own = self._refuses = False
        self._last = -1
        self._open: _Block | None = None
        self._waiting: dict[int, _Block] = {}
        self._calls: set[int] = set()
        self._finish = FinishReason.UNKNOWN
        self._usage: Usage | None = None

    def delta(self, delta: Delta) -> bytes:
        """One piece; nothing for what has its place at the end."""
        if not self._has_begun:
            self._is_own = delta.wire is not None and _type_in(delta.wire) in _EVENTS
        if self._is_own and delta.wire is not None:
            self._has_begun = True
            return self._passed_on(delta.wire)
        self._finish = delta.finish_reason or self._finish
        self._usage = delta.usage or self._usage
        self._refuses = self._refuses or bool(delta.refusal)
        events = [*self._begin(), *self._think(delta)]
        if text := delta.text + delta.refusal:
            events += self._add(_TEXT, text)
        if delta.citations and self._open is not None and self._open.key == _TEXT:
            events += map(self._cite, search_result_locations(delta.citations))
        for piece in delta.tool_pieces:
            events += self._add(piece.index, piece.arguments, piece)
        return b"".join(events)

    def _think(self, delta: Delta) -> list[bytes]:
        events = self._add(_THOUGHT, delta.thought) if delta.thought else []
        if delta.thought_signature:
            events += [] if self._open is not None and self._open.key == _THOUGHT else self._add(_THOUGHT, "")
            signed = {"type": "signature_delta", "signature": delta.thought_signature}
            events += [_framed("content_block_delta", {"index": self._last, "delta": signed}), *self._close()]
        if delta.thought_seal:
            events += [*self._close(), *self._begin_block(_Block(_THOUGHT, None, delta.thought_seal)), *self._close()]
        return events

    def finish(self) -> bytes:
        """The end of a complete answer."""
        if self._is_own:
            return _framed("message_stop", {})
        events = [*self._begin(), *self._close()]
        for key in list(self._waiting):
            events += [*self._begin_block(self._waiting.pop(key)), *self._close()]
        stop = render_stop(self._finish, refuses=self._refuses, calls=bool(self._calls))
        ending = {"delta": {"stop_reason": stop, "stop_sequence": None}, "usage": render_usage(self._usage)}
        return b"".join([*events, _framed("message_delta", ending), _framed("message_stop", {})])

    def error(self, error: WeighbridgeError) -> bytes:
        """The end of a broken one. Anthropic's clients raise on it; a made-up `end_turn` would hide the fault."""
        return b"event: error\ndata: %b\n\n" % render_error(error)

    def _passed_on(self, wire: bytes) -> bytes:
        kind = _type_in(wire)
        if kind == "message_stop":
            # The caller may be told of its record before the end, so `finish` writes it.
            return b""
        if kind == "message_start":
            event = orjson.loads(wire)
            wire = orjson.dumps(event | {"message": event["message"] | {"model": self._model}})
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), wire.replace(b"\n", b"\ndata: "))

    def _begin(self) -> list[bytes]:
        if self._has_begun:
            return []
        self._has_begun = True
        message = empty_message(self._model, self._id) | {"usage": render_usage(self._usage)}
        return [_framed("message_start", {"message": message})]

    def _add(self, key: int, text: str, piece: ToolPiece | None = None) -> list[bytes]:
        """New text of a block, sent at once when the block is open or may be opened."""
        if self._open is not None and self._open.key == key:
            self._open.read(text)
            return [*self._say(text), *self._advance()]
        if key in self._waiting:
            self._waiting[key].keep(text)
            return []
        if key in self._calls:
            # Only space can follow a complete object, so nothing is lost with a call that was closed.
            return []
        block = _Block(key, piece)
        block.keep(text)
        if piece is not None:
            self._calls.add(key)
        if self._open is not None and not self._open.is_complete:
            self._waiting[key] = block
            return []
        return [*self._close(), *self._begin_block(block)]

    def _advance(self) -> list[bytes]:
        """Open what waits, once the open block is complete."""
        events: list[bytes] = []
        while self._waiting and self._open is not None and self._open.is_complete:
            block = self._waiting.pop(next(iter(self._waiting)))
            events += [*self._close(), *self._begin_block(block)]
        return events

    def _begin_block(self, block: "_Block") -> list[bytes]:
        self._last += 1
        self._open = block
        start = _framed("content_block_start", {"index": self._last, "content_block": block.opening})
        return [start, *self._say(block.release())]

    def _say(self, text: str) -> list[bytes]:
        """New text of the open block."""
        if not text or self._open is None:
            return []
        kind, name = _DELTAS.get(self._open.key, ("input_json_delta", "partial_json"))
        delta = {"type": kind, name: text}
        return [_framed("content_block_delta", {"index": self._last, "delta": delta})]

    def _cite(self, location: Mapping[str, object]) -> bytes:
        delta = {"type": "citations_delta", "citation": location}
        return _framed("content_block_delta", {"index": self._last, "delta": delta})

    def _close(self) -> list[bytes]:
        if self._open is None:
            return []
        self._open = None
        return [_framed("content_block_stop", {"index": self._last})]


class _Block:
    """A block of the answer, and its text for as long as it waits."""

    __slots__ = ("_end", "_kept", "_piece", "_sealed", "key")

    def __init__(self, key: int, piece: ToolPiece | None, sealed: str = "") -> None:
        self.key, self._piece, self._sealed = key, piece, sealed
        self._kept: list[str] = []
        self._end = _ObjectEnd()

    @property
    def opening(self) -> dict[str, object]:
        """The block as it begins: without its text. A sealed thought is whole from its beginning."""
        if self.key == _THOUGHT:
            return render_thought(Thought("", sealed=self._sealed))
        if self._piece is None:
            return {"type": "text", "text": ""}
        return {"type": "tool_use", "id": self._piece.id, "name": self._piece.name, "input": {}}

    @property
    def is_complete(self) -> bool:
        """Nothing can follow: text and thoughts may end anywhere, arguments end with the brace that closes them."""
        return self._piece is None or self._end.is_reached

    def read(self, text: str) -> None:
        """Take note of new text that is sent at once."""
        if self._piece is not None:
            self._end.read(text)

    def keep(self, text: str) -> None:
        """Take new text in, to be sent when the block is opened."""
        self.read(text)
        self._kept.append(text)

    def release(self) -> str:
        """What was kept."""
        text = "".join(self._kept)
        self._kept = []
        return text


class _ObjectEnd:
    """Finds the brace that closes a JSON object whose text comes in pieces, reading each piece once."""

    __slots__ = ("_depth", "_escaped", "_is_in_text", "_length", "is_reached")

    def __init__(self) -> None:
        self._depth = self._length = 0
        self._escaped = -1
        self._is_in_text = self.is_reached = False

    def read(self, piece: str) -> None:
        """Read on."""
        for found in _MARKS.finditer(piece):
            place, mark = self._length + found.start(), found[0]
            if place == self._escaped:
                continue
            if mark == '"':
                self._is_in_text = not self._is_in_text
            elif mark == "\\":
                self._escaped = place + 1
            elif not self._is_in_text:
                self._depth += 1 if mark == "{" else -1
                self.is_reached = self._depth == 0
        self._length += len(piece)


def _framed(kind: str, fields: Mapping[str, object]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps({"type": kind, **fields}))


def _type_in(wire: bytes) -> str:
    """An event's type. Hosts write it first, where it is found without reading the rest."""
    if wire.startswith(_TYPE_FIRST):
        start = len(_TYPE_FIRST)
        return wire[start : wire.index(b'"', start)].decode()
    kind = orjson.loads(wire).get("type")
    return orjson.dumps(kind)[1:-1].decode() if isinstance(kind, str) else ""
