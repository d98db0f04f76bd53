"""Where an answer's sources come from, and how a long conversation is kept."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from weighbridge.config.fields import (
    CollectionReference,
    Count,
    Flag,
    KeyReference,
    ModelReference,
    Patience,
    Row,
    SchemaText,
    SecretReference,
    Share,
    TaskReference,
    Text,
    ToolReference,
    Usd,
    number,
    wrong,
)
from weighbridge.config.secrets import REFERENCE
from weighbridge.domain.evidence import Treatment, WhenNone
from weighbridge.domain.levels import Sensitivity
from weighbridge.domain.material import Authority

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]{0,63})\}")
CollectionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,29}$")]
ToolName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
ParameterName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
HeaderName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
_OWN_HEADERS = {"host", "content-length", "connection", "transfer-encoding", "content-type"}


class CollectionRow(Row):
    """Documents that belong together, and what holds for those that do not say otherwise."""

    path: Text | None = None
    """A folder or file, relative to the config: what `weighbridge sources add` reads without being told where."""
    watch: Flag = False
    """While the gateway serves, it looks for changed, new and removed files by itself."""
    vectors: TaskReference | None = None
    """The task whose primary model makes vectors of the passages and of questions, so that questions in other words
    find them too; without it they are found by their words alone."""
    authority: Authority | None = None
    """`authoritative`, `supporting` (if nobody says anything) or `not_authoritative`."""
    sensitivity: Sensitivity | None = None
    """How far they may travel; without it `internal`. A request gets documents up to its own level."""
    owner: Text | None = None
    """Who answers for them."""
    readers: list[KeyReference] | None = None
    """The keys that may get them; without it, all."""

    @model_validator(mode="after")
    def _watches_something(self) -> "CollectionRow":
        if self.watch and self.path is None:
            raise wrong("a path to watch")
        return self


def _callable_url(value: str) -> str:
    try:
        parts = urlsplit(PLACEHOLDER.sub("x", value))
        fixed = urlsplit(value)
        is_whole = parts.scheme in {"http", "https"} and parts.hostname is not None and not parts.fragment
        is_fixed = "{" not in fixed.netloc and fixed.username is None
    except ValueError:
        is_whole = is_fixed = False
    if not is_whole or not is_fixed or not value.isascii() or " " in value:
        raise wrong("an http:// or https:// address whose host is fixed: parameters stand in its path or query")
    return value


class ToolRow(Row):
    """A way to ask for live state. Its result is a source with authority, cited as `tool:<name>`."""

    description: Text
    """What it is for; models read it."""
    parameters: dict[ParameterName, Text] = Field(default_factory=dict)
    """Parameter → what it is. Each is text and required; a caller's metadata of that name fills it."""
    url: Annotated[Text, AfterValidator(_callable_url)] | None = None
    """Where, with `{parameter}` in path or query; what fills it is percent-encoded. Redirects are not followed."""
    method: Literal["GET", "POST"] = "GET"
    """`GET`, or `POST` with the arguments as a JSON object."""
    headers: dict[HeaderName, Text] = Field(default_factory=dict)
    """Sent along; names in lower case."""
    secret_headers: dict[HeaderName, SecretReference] = Field(default_factory=dict)
    """The same for values that are secrets, as `${env:NAME}` or `${file:PATH}`."""
    function: Text | None = None
    """A function in Python instead, by its name in the entry-point group `weighbridge.tools`."""
    timeout_s: Annotated[float, Field(gt=0, le=60), BeforeValidator(number)] = 5.0
    """Longest wait for its result, in seconds."""
    max_chars: Annotated[int, Field(strict=True, ge=1, le=200_000)] = 8_000
    """A longer result counts as a failure."""

    @field_validator("headers", "secret_headers")
    @classmethod
    def _are_the_callers(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name in _OWN_HEADERS:
                raise wrong(f"headers other than {name}, which the gateway sets")
        return value

    @field_validator("headers")
    @classmethod
    def _hold_no_secret(cls, value: dict[str, str]) -> dict[str, str]:
        for text in value.values():
            if REFERENCE.search(text):
                raise wrong("references to secrets under secret_headers")
        return value

    @model_validator(mode="after")
    def _is_one_kind(self) -> "ToolRow":
        if (self.url is None) == (self.function is None):
            raise wrong("either url or function")
        for name in PLACEHOLDER.findall(self.url or ""):
            if name not in self.parameters:
                raise wrong(f"a parameter for {{{name}}} in its url")
        return self


class EvidenceRow(Row):
    """Where a task's evidence comes from, and how much of it is shown."""

    collections: list[CollectionReference] = Field(default_factory=list)
    """What is searched with the newest question."""
    tools: list[ToolReference] = Field(default_factory=list)
    """Tools that are asked before the model is, each time."""
    offered_tools: list[ToolReference] = Field(default_factory=list)
    """Tools that the model may ask for; the gateway answers it, up to `max_tool_rounds` times."""
    max_tool_rounds: Annotated[int, Field(strict=True, ge=1, le=10)] = 3
    """So often a model may ask for tools before it has to answer."""
    max_tokens: Count = 2_000
    """Most tokens of sources in a prompt."""
    max_cost_usd: Usd | None = None
    """Most that those tokens may cost in one call, in US dollars, at the dearest of the task's models."""
    max_sources: Annotated[int, Field(strict=True, ge=1, le=100)] = 8
    """Most passages in a prompt."""
    min_relevance: Share = 0.3
    """A passage that holds less of what is asked (0 to 1, by weight of words) is no evidence."""
    reranker: TaskReference | None = None
    """The task whose primary model says how far each passage that was found answers the question, which then counts for
    more than words and vectors. Without it nobody is asked."""
    max_ranked: Annotated[int, Field(strict=True, ge=2, le=40)] = 20
    """So many of the first are shown to the reranker; the others stand behind them."""
    when_none: WhenNone = WhenNone.REFUSE
    """Without evidence: `refuse`, `say_so` (the declared answer), `escalate` (a person), or `answer` all the same."""
    deprecated: Treatment = Treatment.MARK
    """Sources that are not in force: `mark` them, or `leave_out`."""
    suspicious: Treatment = Treatment.MARK
    """Sources that read like instructions to a model: `mark` them, or `leave_out`."""

    @model_validator(mode="after")
    def _has_a_source(self) -> "EvidenceRow":
        if not (self.collections or self.tools or self.offered_tools):
            raise wrong("at least one of collections, tools, offered_tools")
        return self

    @field_validator("offered_tools")
    @classmethod
    def _are_not_asked_anyway(cls, value: list[str], info: ValidationInfo) -> list[str]:
        for name in value:
            if name in (info.data.get("tools") or ()):
                raise wrong(f"tools that are not always asked, which {name} is")
        return value


def _with_turns(value: str) -> str:
    if '"turn"' not in value:
        raise wrong("a schema whose entries have a `turn`, the message they come from")
    return value


class ConversationRow(Row):
    """How the state of a long conversation is kept: a model writes down what its oldest messages say."""

    model: ModelReference
    """Who does that; it sees the older messages, and is asked only where it may."""
    max_tokens: Annotated[int, Field(strict=True, ge=50, le=8_000)] = 800
    """Longest state."""
    keep_messages: Annotated[int, Field(strict=True, ge=1, le=100)] = 4
    """So many of the newest messages stay word for word."""
    json_schema: Annotated[SchemaText, AfterValidator(_with_turns)] | None = None
    """JSON Schema of the state; without it: facts, decisions and open questions, each with its turn."""
    keep_s: Patience = 86_400.0
    """Seconds for which a state is kept, so that the next call does not pay again."""
