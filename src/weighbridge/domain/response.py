"""What a model answered, in no provider's format."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from weighbridge.domain.citation import Citation
from weighbridge.domain.request import Thought, ToolCall
from weighbridge.domain.usage import Usage


class FinishReason(StrEnum):
    """Why the model stopped."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Choice:
    """One alternative answer."""

    text: str
    """The answer's text; empty when the model only called tools."""
    finish_reason: FinishReason = FinishReason.STOP
    """Why it ended."""
    tool_calls: tuple[ToolCall, ...] = ()
    """Tools the model asks for."""
    refusal: str | None = None
    """The model's own words when it declined through its refusal channel."""
    logprobs: tuple[float, ...] | None = None
    """Natural-log probability of each output token; `None` when the provider gave none."""
    citations: tuple[Citation, ...] = ()
    """What it says it has from where; found by the gateway in answers whose contract asks for citations."""
    thoughts: tuple[Thought, ...] = ()
    """What the model thought before, where the host shows that."""


@dataclass(frozen=True, slots=True)
class Response:
    """One complete answer from one host."""

    model: str
    """The model name that the host says served it."""
    choices: tuple[Choice, ...]
    """At least one."""
    usage: Usage | None
    """What the provider reported; `None` when it reported nothing."""
    provider_id: str | None = None
    """The provider's own identifier of the answer."""
    body: Mapping[str, object] | None = None
    """The parsed wire body, for a caller of the same dialect."""
    vectors: tuple[str, ...] | None = None
    """Where vectors were wanted: one for each text, base64 of 32-bit floats, little end first."""
    scores: tuple[float, ...] | None = None
    """Where scores were wanted: one for each passage, on the model's own scale."""

    @property
    def text(self) -> str:
        """The first choice's text."""
        return self.choices[0].text


@dataclass(frozen=True, slots=True)
class ToolPiece:
    """A fragment of a tool call. Fragments of several calls may alternate; `index` tells them apart."""

    index: int
    """Which call of the answer, from 0."""
    id: str = ""
    """The call's identifier; in its first fragment only."""
    name: str = ""
    """The tool's name; in its first fragment only."""
    arguments: str = ""
    """New text of its arguments."""


@dataclass(frozen=True, slots=True)
class Delta:
    """One piece of a streamed answer."""

    text: str = ""
    """New text."""
    tool_text: str = ""
    """New text of tool-call names and arguments, for size limits."""
    refusal: str = ""
    """New text on the refusal channel."""
    finish_reason: FinishReason | None = None
    """Set on the piece that ends the choice."""
    logprobs: tuple[float, ...] | None = None
    """Log-probabilities of the tokens in this piece."""
    usage: Usage | None = None
    """Set on the piece that reports usage, usually the last."""
    model: str | None = None
    """The model name that the host says serves the stream."""
    wire: bytes | None = None
    """The event's JSON as it arrived, for a caller of the same dialect; `None` when there is none."""
    tool_pieces: tuple[ToolPiece, ...] = ()
    """The fragments of tool calls in this piece."""
    choice: int = 0
    """Which alternative it belongs to. Only the first is judged; a host's own bytes may hold the others too."""
    citations: tuple[Citation, ...] = ()
    """Those of the whole text, once it is there."""
    thought: str = ""
    """New text of what the model thinks."""
    thought_signature: str = ""
    """Ends a thought that its maker signs."""
    thought_seal: str = ""
    """A whole thought that its maker does not let be seen."""

    @property
    def has_content(self) -> bool:
        """True once the caller would see something: from here on the answer cannot change model."""
        return bool(self.text or self.tool_text or self.refusal or self.thought)

    @property
    def says_something(self) -> bool:
        """There is something in it for a caller of another format than the host's."""
        told = (self.finish_reason, self.usage, self.logprobs)
        return self.has_content or bool(self.tool_pieces or self.citations) or any(item is not None for item in told)
