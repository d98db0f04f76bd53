"""A streamed answer for a caller: typed events in the order that OpenAI's clients count on.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from weighbridge.dialects.citations import file_citations
from weighbridge.dialects.openai_chat.errors import render_error
from weighbridge.dialects.openai_responses.reasoning import Event, ReasoningEvents
from weighbridge.dialects.openai_responses.response import call_item, envelope, message_item, text_parts
from weighbridge.domain.citation import Citation
from weighbridge.domain.errors import WeighbridgeError
from weighbridge.domain.request import ToolCall
from weighbridge.domain.response import Delta, FinishReason, ToolPiece
from weighbridge.domain.usage import Usage

_ENDS = (b"response.completed", b"response.incomplete")


class EventWriter:
    """The server-sent events of one answer, in their order.

    A host's own events of this dialect pass as they came, but for the model's name. Others are built: the message is
    item 0 of the output or absent, calls follow in the order in which they begin; several items may be open at once.
    """

    __slots__ = (
        "_at",
        "_calls",
        "_citations",
        "_created",
        "_finish",
        "_id",
        "_items",
        "_last",
        "_model",
        "_number",
        "_parts",
        "_thought",
        "_usage",
    )

    def __init__(self, *, model: str, response_id: str, created: int) -> None:
        self._model, self._id, self._created = model, response_id, created
        self._number = self._items = self._at = 0
        self._parts: dict[str, list[str]] = {}
        self._calls: dict[int, _Call] = {}
        self._citations: tuple[Citation, ...] = ()
        self._thought: ReasoningEvents | None = None
        self._finish = FinishReason.UNKNOWN
        self._usage: Usage | None = None
        self._last: bytes | None = None

    def delta(self, delta: Delta) -> bytes:
        """One piece; nothing for what has its place at the end."""
        if delta.wire is not None and _is_typed(delta.wire):
            return self._passed_on(delta.wire)
        self._finish = delta.finish_reason or self._finish
        self._usage = delta.usage or self._usage
        events = self._begin()
        if delta.thought:
            events += self._think(delta.thought)
        if delta.has_content and not delta.thought:
            events += self._end_thought()
        if delta.text:
            events += self._say("output_text", delta.text)
        if delta.citations and self._last is None:
            events += self._annotate(delta.citations)
        if delta.refusal:
            events += self._say("refusal", delta.refusal)
        for piece in delta.tool_pieces:
            events += self._call(piece)
        return b"".join(events)

    def finish(self) -> bytes:
        """The end of a complete answer."""
        if self._last is not None:
            return self._last
        events = [*self._begin(), *self._end_thought()]
        if not self._parts and not self._calls:
            events += self._say("output_text", "")
        events += [*self._close_message(), *self._close_calls()]
        response = self._response(self._finish)
        events.append(self._framed(f"response.{response['status']}", {"response": response}))
        return b"".join(events)

    def error(self, error: WeighbridgeError) -> bytes:
        """The end of a broken one. OpenAI's clients raise on its `error`; a made-up end would hide the fault."""
        told = orjson.loads(render_error(error))["error"]
        fields = {"code": told["code"], "message": told["message"], "param": told["param"], "error": told}
        return self._framed("error", fields)

    def _passed_on(self, wire: bytes) -> bytes:
        event = orjson.loads(wire)
        if type(event.get("response")) is dict:
            event["response"] = event["response"] | {"model": self._model}
            wire = orjson.dumps(event)
        kind = str(event["type"]).encode()
        framed = b"event: %b\ndata: %b\n\n" % (kind, wire.replace(b"\n", b"\ndata: "))
        if kind in _ENDS:
            self._last = framed  # the caller may be told of its record before the end, so `finish` writes it
            return b""
        return framed

    def _begin(self) -> list[bytes]:
        if self._number:
            return []
        begun = {"response": self._response(None)}
        return [self._framed("response.created", begun), self._framed("response.in_progress", begun)]

    def _think(self, text: str) -> list[bytes]:
        """What is thought; all of it is one item, though more may come between what is said."""
        events = list[bytes]()
        if self._thought is None:
            self._thought = ReasoningEvents(self._id, self._items)
            self._items += 1
            events += self._framed_all(self._thought.begin())
        return events + self._framed_all(self._thought.say(text))

    def _end_thought(self) -> list[bytes]:
        return [] if self._thought is None else self._framed_all(self._thought.end())

    def _framed_all(self, events: Iterator[Event]) -> list[bytes]:
        return [self._framed(kind, fields) for kind, fields in events]

    def _say(self, kind: str, text: str) -> list[bytes]:
        events = [] if kind in self._parts else self._begin_part(kind)
        self._parts[kind].append(text)
        if text:
            events.append(self._framed(f"response.{kind}.delta", self._place(kind) | _marks(kind) | {"delta": text}))
        return events

    def _annotate(self, citations: tuple[Citation, ...]) -> list[bytes]:
        if "output_text" not in self._parts:
            return []  # a host's own events passed as they came
        self._citations, place = citations, self._place("output_text")
        return [
            self._framed(
                "response.output_text.annotation.added",
                place | {"annotation_index": number, "annotation": annotation},
            )
            for number, annotation in enumerate(file_citations(citations))
        ]

    def _part(self, kind: str, text: str) -> dict[str, object]:
        if kind == "output_text":
            return text_parts(text, None, [], self._citations)[0]
        return {"type": "refusal", "refusal": text}

    def _begin_part(self, kind: str) -> list[bytes]:
        events = list[bytes]()
        if not self._parts:
            self._at, self._items = self._items, self._items + 1
            item = message_item(self._id, [], "in_progress")
            events.append(self._framed("response.output_item.added", {"output_index": self._at, "item": item}))
        self._parts[kind] = []
        events.append(self._framed("response.content_part.added", self._place(kind) | {"part": self._part(kind, "")}))
        return events

    def _call(self, piece: ToolPiece) -> list[bytes]:
        events = list[bytes]()
        if piece.index not in self._calls:
            call = self._calls[piece.index] = _Call(self._items, piece)
            self._items += 1
            item = call.item(self._id, "in_progress")
            events.append(self._framed("response.output_item.added", {"output_index": call.at, "item": item}))
        call = self._calls[piece.index]
        if piece.arguments:
            call.arguments.append(piece.arguments)
            fields = call.place(self._id) | {"delta": piece.arguments}
            events.append(self._framed("response.function_call_arguments.delta", fields))
        return events

    def _close_message(self) -> list[bytes]:
        events = list[bytes]()
        for kind, texts in self._parts.items():
            text, place = "".join(texts), self._place(kind)
            name = "text" if kind == "output_text" else "refusal"
            events.append(self._framed(f"response.{kind}.done", place | _marks(kind) | {name: text}))
            events.append(self._framed("response.content_part.done", place | {"part": self._part(kind, text)}))
        if self._parts:
            done = {"output_index": self._at, "item": self._message()}
            events.append(self._framed("response.output_item.done", done))
        return events

    def _close_calls(self) -> list[bytes]:
        events = list[bytes]()
        for call in self._calls.values():
            done = call.place(self._id) | {"name": call.begun.name, "arguments": "".join(call.arguments)}
            events.append(self._framed("response.function_call_arguments.done", done))
            item = {"output_index": call.at, "item": call.item(self._id)}
            events.append(self._framed("response.output_item.done", item))
        return events

    def _response(self, finish: FinishReason | None) -> dict[str, object]:
        items = dict[int, dict[str, object]]()
        if finish is not None:
            items |= {call.at: call.item(self._id) for call in self._calls.values()}
            items |= {self._at: self._message()} if self._parts else {}
            items |= {} if self._thought is None else {self._thought.at: self._thought.item}
        ordered = [items[at] for at in sorted(items)]
        return envelope(self._id, self._model, self._created, ordered, finish, self._usage if finish else None)

    def _message(self) -> dict[str, object]:
        return message_item(self._id, [self._part(kind, "".join(texts)) for kind, texts in self._parts.items()])

    def _place(self, kind: str) -> dict[str, object]:
        part = list(self._parts).index(kind)
        return {"item_id": message_item(self._id, [])["id"], "output_index": self._at, "content_index": part}

    def _framed(self, kind: str, fields: Mapping[str, object]) -> bytes:
        event = orjson.dumps({"type": kind, "sequence_number": self._number, **fields})
        self._number += 1
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), event)


@dataclass(slots=True)
class _Call:
    """A call that has begun."""

    at: int
    """Its place in the output."""
    begun: ToolPiece
    """Its first fragment."""
    arguments: list[str] = field(default_factory=list)
    """What came of its arguments."""

    def item(self, response_id: str, status: str = "completed") -> dict[str, object]:
        """As it stands."""
        call = ToolCall(self.begun.id, self.begun.name, "".join(self.arguments))
        return call_item(response_id, self.begun.index, call, status)

    def place(self, response_id: str) -> dict[str, object]:
        """Where its fragments belong."""
        return {"item_id": self.item(response_id)["id"], "output_index": self.at}


def _marks(kind: str) -> dict[str, object]:
    return {"logprobs": []} if kind == "output_text" else {}


def _is_typed(wire: bytes) -> bool:
    """An event of this dialect, whose type is written first or at least says whose it is."""
    return b'"response.' in wire[:200] or str(orjson.loads(wire).get("type", "")).startswith("response.")
