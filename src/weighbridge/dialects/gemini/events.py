"""A streamed answer of Gemini's, one chunk's JSON at a time."""

from weighbridge.dialects.gemini.response import (
    calls_in,
    candidates_of,
    parse_call,
    parse_finish,
    parse_logprobs,
    parse_usage,
    parts_of,
    read_answer,
    said_in,
    text_in,
    thought_in,
)
from weighbridge.domain.response import Delta, ToolPiece


class EventReader:
    """Reads one stream. Calls come whole, one after another, and are counted here."""

    __slots__ = ("_calls", "has_ended")

    def __init__(self) -> None:
        self._calls = 0
        self.has_ended = False
        """True once the answer says why it ended; a stream that stops without it was cut."""

    def parse_event(self, chunk: bytes) -> Delta:
        """One chunk. Raises ProviderMalformedError or ProviderError."""
        answer = read_answer(chunk)
        candidates = candidates_of(answer)
        candidate = candidates[0] if candidates else {}
        parts, number = parts_of(candidate), text_in(answer, "responseId")
        pieces = tuple(self._piece(part, number) for part in calls_in(parts))
        finish = parse_finish(candidate.get("finishReason"), has_calls=self._calls > 0)
        self.has_ended = self.has_ended or finish is not None
        return Delta(
            text=said_in(parts),
            thought=thought_in(parts),
            tool_text="".join(piece.name + piece.arguments for piece in pieces),
            tool_pieces=pieces,
            finish_reason=finish,
            logprobs=parse_logprobs(candidate),
            usage=parse_usage(answer.get("usageMetadata")),
            model=text_in(answer, "modelVersion") or None,
        )

    def _piece(self, part: dict[str, object], number: str) -> ToolPiece:
        at, self._calls = self._calls, self._calls + 1
        call = parse_call(part, number, at)
        return ToolPiece(at, call.id, call.name, call.arguments)
