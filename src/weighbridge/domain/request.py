"""What a caller asks, in no provider's format."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast

from weighbridge.domain.levels import Capability, Risk
from weighbridge.domain.material import Source
from weighbridge.domain.reasoning import Reasoning


class Role(StrEnum):
    """Who speaks in a message. `developer` is kept apart from `system`: some models know only one."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of plain text."""

    text: str
    """The text itself; never contains lone surrogates (the parsers refuse them)."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture, by reference or inline."""

    url: str
    """An https or data URL, passed to the provider and never fetched by the gateway."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording, inline."""

    url: str
    """A data URL with its media type."""


@dataclass(frozen=True, slots=True)
class File:
    """A document that the model is to read, by reference or inline. The gateway does not look into it."""

    url: str | None
    """An https or data URL, passed to the provider and never fetched; `None` where only a host knows it."""
    name: str | None = None
    """What it is called."""
    host_id: str | None = None
    """The number that it has at a host, and at no other."""


Attachment = Image | Audio | File


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool to be run."""

    id: str
    """The call's identifier, chosen by the provider."""
    name: str
    """The tool's name."""
    arguments: str
    """The arguments as the JSON text the model wrote, which may be invalid."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered."""

    call_id: str
    """The `ToolCall.id` it answers."""
    text: str
    """The tool's output."""


@dataclass(frozen=True, slots=True)
class Thought:
    """What a model thought before it spoke. Only models of the same maker can be shown it again."""

    text: str
    """What it lets be seen; may be empty."""
    signature: str = ""
    """Its maker's proof that it is unchanged; empty where it gave none."""
    sealed: str = ""
    """The whole of it, where its maker does not let it be seen."""


Part = Text | Attachment | ToolCall | ToolResult | Thought


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation."""

    role: Role
    """Who speaks."""
    parts: tuple[Part, ...]
    """What is said, in order."""

    @property
    def text(self) -> str:
        """All that a model reads as text in this message, tool traffic included."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Text):
            return self.parts[0].text
        return "\n".join(_readable(part) for part in self.parts if not isinstance(part, Attachment))


def _readable(part: Text | ToolCall | ToolResult | Thought) -> str:
    return f"{part.name} {part.arguments}" if isinstance(part, ToolCall) else part.text


def say(role: Role, text: str) -> Message:
    """A message of one piece of text."""
    return Message(role, (Text(text),))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may ask for."""

    name: str
    """Its name."""
    description: str | None
    """What it does, for the model."""
    parameters_json: str | None
    """The JSON Schema of its arguments, as JSON text."""


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Whether the model must, may or may not ask for tools."""

    kind: str
    """`auto`, `none`, `required` (one or more of them) or `tool` (the named one)."""
    name: str | None = None
    """The tool's name, for `tool`."""
    may_be_parallel: bool = True
    """False where one answer may hold one call at most."""


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """The shape that the caller wants the answer in."""

    kind: str
    """`text`, `json_object` or `json_schema`."""
    schema_json: str | None = None
    """The JSON Schema as JSON text, for `json_schema`. Hostile input: see `validation`."""


TEXT_OUTPUT = OutputFormat("text")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the model should choose tokens. `None` leaves it to the provider."""

    temperature: float | None = None
    """0 for the most likely token."""
    top_p: float | None = None
    """Nucleus size."""
    seed: int | None = None
    """Asks for repeatable sampling."""
    top_k: int | None = None
    """Choose among so many."""
    frequency_penalty: float | None = None
    """Against words that were said often."""
    presence_penalty: float | None = None
    """Against words that were said at all."""
    stop: tuple[str, ...] = ()
    """Texts that end the answer."""


@dataclass(frozen=True, slots=True)
class EmbeddingWish:
    """The caller wants vectors of its texts, one for each message, and no answer."""

    dimensions: int | None = None
    """Numbers in a vector; `None` leaves it to the model."""
    is_base64: bool = False
    """As base64 of 32-bit floats rather than as numbers."""


_SEEN_BY: Mapping[type, Capability] = {
    Image: Capability.VISION,
    Audio: Capability.AUDIO,
    File: Capability.FILES,
}


def attached_to(messages: Iterable[Message]) -> Iterator[Attachment]:
    """What comes along beside text. Asked several times in each request, so kinds are looked up by their type."""
    return (cast("Attachment", part) for message in messages for part in message.parts if type(part) in _SEEN_BY)


@dataclass(frozen=True, slots=True)
class Request:
    """One call as the gateway understands it, whatever door it came through."""

    messages: tuple[Message, ...]
    """The conversation, oldest first; at least one message has text."""
    model: str = "auto"
    """What the caller asked for: `task/<name>`, `auto`, or the name of a portfolio model."""
    dialect: str = "native"
    """The wire format it came in, which is also the one its answer and errors go out in."""
    task: str | None = None
    """The task that the caller states, if any."""
    risk: Risk | None = None
    """The risk that the caller states, if any."""
    max_output_tokens: int | None = None
    """The caller's own limit."""
    sampling: Sampling = Sampling()
    """Sampling wishes."""
    tools: tuple[Tool, ...] = ()
    """Tools on offer."""
    added_tools: tuple[Tool, ...] = ()
    """Those of `tools` that the gateway itself offers; a kept body does not hold them."""
    tool_choice: ToolChoice | None = None
    """What is to be done with them; `None` leaves it to the model."""
    output: OutputFormat = TEXT_OUTPUT
    """The wanted shape of the answer."""
    reasoning: Reasoning | None = None
    """How much the model is to think; `None` leaves it to the model."""
    choices: int = 1
    """How many alternatives are asked for (`n`)."""
    wants_logprobs: bool = False
    """The caller asked to see log-probabilities."""
    is_stream: bool = False
    """The caller wants the answer in pieces."""
    wants_stream_usage: bool = False
    """The caller asked for usage at the end of the stream."""
    sources: tuple[Source, ...] = ()
    """Documents that the caller brings along for the answer to draw on."""
    user: str | None = None
    """The caller's own customer, for budgets; never sent on by itself."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """The caller's own labels; classification rules may read them."""
    embedding: EmbeddingWish | None = None
    """Vectors are wanted; `None`: an answer."""
    is_ranking: bool = False
    """Scores are wanted, and no answer: how far each message but the first answers the first."""
    body: Mapping[str, object] | None = None
    """The parsed wire body, kept so that a call to a host of the same dialect passes it on unchanged."""

    @property
    def text(self) -> str:
        """Everything the model would read, for counting and for detectors."""
        if len(self.messages) == 1:
            return self.messages[0].text
        return "\n".join(message.text for message in self.messages)

    @property
    def user_text(self) -> str:
        """What the last user message says, which is what classification looks at."""
        for message in reversed(self.messages):
            if message.role is Role.USER:
                return message.text
        return ""

    @property
    def attachments(self) -> Iterator[Attachment]:
        """What comes along beside text."""
        return attached_to(self.messages)

    @property
    def is_for_numbers(self) -> bool:
        """Vectors or scores are wanted: each text is for itself, and there is no answer that could be wrong."""
        return self.embedding is not None or self.is_ranking

    @property
    def needs(self) -> frozenset[Capability]:
        """The capabilities without which a model cannot serve this request.

        Streaming is none of them: the answer of a model that cannot stream is fetched whole and shown at once.
        """
        wanted = set[Capability]()
        if self.tools:
            wanted.add(Capability.TOOLS)
        if self.wants_logprobs:
            wanted.add(Capability.LOGPROBS)
        if self.output.kind == "json_schema":
            wanted.add(Capability.JSON_SCHEMA)
        for part in self.attachments:
            wanted.add(_SEEN_BY[type(part)])
        if self.embedding is not None:
            wanted.add(Capability.EMBEDDINGS)
        if self.is_ranking:
            wanted.add(Capability.RERANK)
        return frozenset(wanted)
