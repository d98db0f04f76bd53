"""The pieces of a stream put together into one response, to be judged like any other answer."""

from weighbridge.domain.request import Thought, ToolCall
from weighbridge.domain.response import Choice, Delta, FinishReason, Response, ToolPiece
from weighbridge.domain.usage import Usage

LARGEST_KEPT_CHARS = 4_000_000
"""Of one answer. What is longer flows on to the caller, and is not kept to be judged."""


class Collector:
    """Collects the first choice's pieces, up to a limit. Appends only; joins once at the end."""

    __slots__ = (
        "_calls",
        "_finish",
        "_logprobs",
        "_model",
        "_refusal",
        "_size",
        "_texts",
        "_thinking",
        "_thoughts",
        "_usage",
        "is_whole",
    )

    def __init__(self) -> None:
        self._size = 0
        self.is_whole = True
        """False once the answer became longer than what is kept of it."""
        self._texts: list[str] = []
        self._refusal: list[str] = []
        self._thinking: list[str] = []
        self._thoughts: list[Thought] = []
        self._logprobs: list[float] = []
        self._calls: dict[int, list[ToolPiece]] = {}
        self._finish: FinishReason | None = None
        self._usage: Usage | None = None
        self._model = ""

    def add(self, delta: Delta) -> None:
        """Take in one piece. Usage is cumulative where it is reported more than once, so the last report counts."""
        if delta.choice:
            return
        self._finish = delta.finish_reason or self._finish
        self._usage = delta.usage or self._usage
        self._model = delta.model or self._model
        self._size += len(delta.text) + len(delta.tool_text) + len(delta.refusal) + len(delta.thought)
        if self._size > LARGEST_KEPT_CHARS:
            self.is_whole = False
            return
        if delta.text:
            self._texts.append(delta.text)
        if delta.refusal:
            self._refusal.append(delta.refusal)
        if delta.thought:
            self._thinking.append(delta.thought)
        if delta.thought_signature or delta.thought_seal:
            self._end_thought(delta.thought_signature)
        if delta.thought_seal:
            self._thoughts.append(Thought("", sealed=delta.thought_seal))
        if delta.logprobs:
            self._logprobs.extend(delta.logprobs)
        for piece in delta.tool_pieces:
            self._calls.setdefault(piece.index, []).append(piece)

    def _end_thought(self, signature: str = "") -> None:
        if self._thinking or signature:
            self._thoughts.append(Thought("".join(self._thinking), signature))
            self._thinking = []

    def response(self) -> Response:
        """The whole answer so far. A stream without a finish reason was cut: `unknown`."""
        self._end_thought()
        choice = Choice(
            text="".join(self._texts),
            finish_reason=self._finish or FinishReason.UNKNOWN,
            tool_calls=tuple(_joined(self._calls[index]) for index in sorted(self._calls)),
            refusal="".join(self._refusal) or None,
            logprobs=tuple(self._logprobs) or None,
            thoughts=tuple(self._thoughts),
        )
        return Response(self._model, (choice,), self._usage)


def _joined(pieces: list[ToolPiece]) -> ToolCall:
    return ToolCall(
        id=next((piece.id for piece in pieces if piece.id), ""),
        name=next((piece.name for piece in pieces if piece.name), ""),
        arguments="".join(piece.arguments for piece in pieces),
    )
