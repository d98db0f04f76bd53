"""What is put before a model to answer from, and what became of everything that could have been."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from weighbridge.domain.conversation import ConversationState
from weighbridge.domain.material import Authority, Source
from weighbridge.domain.money import Money


class WhenNone(StrEnum):
    """What happens to a request for which there is no evidence."""

    REFUSE = "refuse"
    """There is no answer."""
    SAY_SO = "say_so"
    """The task's declared answer is given."""
    ESCALATE = "escalate"
    """A person decides."""
    ANSWER = "answer"
    """The model answers from what it knows."""


class Treatment(StrEnum):
    """What happens to sources that are in doubt."""

    MARK = "mark"
    """They are shown, and marked."""
    LEAVE_OUT = "leave_out"
    """They are not shown."""


@dataclass(frozen=True, slots=True)
class EvidenceRule:
    """Where a task's evidence comes from, and how much of it is shown."""

    collections: tuple[str, ...] = ()
    """What is searched; empty: nothing."""
    tools: tuple[str, ...] = ()
    """Tools that are always asked before the model is."""
    offered_tools: tuple[str, ...] = ()
    """Tools that the model may ask for."""
    max_tool_rounds: int = 3
    """So often a model may ask for tools before it has to answer."""
    max_tokens: int | None = 2_000
    """Most tokens of sources; `None`: as many as fit."""
    max_cost: Money | None = None
    """Most that the sources' tokens may cost in one call, at the dearest of the task's models."""
    most_sources: int = 8
    """Most passages."""
    min_relevance: float = 0.3
    """A passage that holds less of what is asked is no evidence."""
    reranker: str | None = None
    """The task whose model ranks what was found anew; `None`: nobody does."""
    most_ranked: int = 20
    """So many of the first are ranked anew."""
    when_none: WhenNone = WhenNone.REFUSE
    """What happens without evidence."""
    deprecated: Treatment = Treatment.MARK
    """What happens to sources that are not in force."""
    suspicious: Treatment = Treatment.MARK
    """What happens to sources that read like instructions."""


class SourceStatus(StrEnum):
    """Whether a source is in force."""

    CURRENT = "current"
    DEPRECATED = "deprecated"
    """It says so itself."""
    SUPERSEDED = "superseded"
    """Another says that it takes its place."""
    OUTDATED = "outdated"
    """Another on the same topic is newer, or has more authority."""
    EXPIRED = "expired"
    """It was effective until a day that has passed."""
    NOT_YET_EFFECTIVE = "not_yet_effective"
    """It will be effective from a day to come."""


class LeftOutReason(StrEnum):
    """Why a source was found and not shown."""

    BELOW_RELEVANCE = "below_relevance"
    """It holds too little of what is asked."""
    NOT_IN_FORCE = "not_in_force"
    """The task leaves out what is not current."""
    NOT_YET_EFFECTIVE = "not_yet_effective"
    """It does not hold yet."""
    SUSPICIOUS = "suspicious"
    """It reads like instructions, and the task leaves such sources out."""
    REPEATS = "repeats"
    """Another source says the same."""
    OVER_BUDGET = "over_budget"
    """It does not fit any more."""
    TOO_MANY = "too_many"
    """As many as the task allows are shown already."""


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A source that the model was shown."""

    id: str
    """What the answer cites."""
    tokens: int
    """Its size, its label included."""
    status: SourceStatus
    """Whether it is in force."""
    authority: Authority
    """How far it may be believed."""
    relevance: float | None = None
    """How much of what is asked it holds; `None` where nobody searched for it."""
    similarity: float | None = None
    """Of its vector and the question's; `None` where these were not compared."""
    score: float | None = None
    """What the model says that ranked it; `None` where none did."""
    is_suspicious: bool = False
    """It reads like instructions."""
    because_of: str | None = None
    """For one that is superseded or outdated: what took its place."""
    digest: str = ""
    """The first 16 hexadecimal digits of the sha256 of its text, to see later whether it is still the same."""


@dataclass(frozen=True, slots=True)
class LeftOutSource:
    """A source that was found and not shown."""

    id: str
    """Which."""
    reason: LeftOutReason
    """Why."""
    relevance: float | None = None
    """How much of what is asked it holds."""
    similarity: float | None = None
    """Of its vector and the question's."""
    score: float | None = None
    """What the model says that ranked it."""
    because_of: str | None = None
    """The source that says the same, or took its place."""


@dataclass(frozen=True, slots=True)
class ToolRun:
    """One call of a declared tool."""

    tool: str
    """Its name."""
    asked_at: str
    """RFC 3339, UTC."""
    latency_s: float
    """How long it took."""
    error: str | None = None
    """Why it gave nothing, if so, such as `status 503`."""
    is_asked_by_model: bool = False
    """The model asked for it; else it is always asked."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the model was shown beside the conversation, and why just that."""

    shown: tuple[ShownSource, ...] = ()
    """In the order in which they are shown."""
    left_out: tuple[LeftOutSource, ...] = ()
    """The most valuable first."""
    tokens: int = 0
    """Size of all that is shown."""
    limit_tokens: int | None = None
    """What it had to fit; `None`: only the request's own limit."""
    tools: tuple[ToolRun, ...] = field(default=())
    """Tools that were asked."""

    @property
    def best_relevance(self) -> float | None:
        """Of what is shown and in force."""
        known = (item.relevance for item in self.shown if item.status is SourceStatus.CURRENT)
        return max((value for value in known if value is not None), default=None)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was fetched for a request before it is packed."""

    today: date
    """The day that says what is in force."""
    sources: tuple[Source, ...] = ()
    """Passages that were found, results of tools, and what the request brought."""
    tools: tuple[ToolRun, ...] = ()
    """Tools that were asked."""
    unavailable: tuple[str, ...] = ()
    """Ids under which the results of tools would have been cited, had there been any."""
    limit_tokens: int | None = None
    """Most tokens of sources."""
    state: ConversationState | None = None
    """What stands for the older part of the conversation."""
