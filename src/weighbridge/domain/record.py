"""The one record of a request: enough to explain, replay and re-decide it."""

from dataclasses import dataclass
from enum import StrEnum

from weighbridge.domain.attempt import Attempt
from weighbridge.domain.conversation import StateNote
from weighbridge.domain.decision import Decision
from weighbridge.domain.evidence import Evidence
from weighbridge.domain.kept import CacheHit
from weighbridge.domain.money import Money
from weighbridge.domain.packed import DroppedMessage
from weighbridge.domain.probe import Probe
from weighbridge.domain.shadow import Shadow
from weighbridge.domain.signals import Classification
from weighbridge.domain.usage import TokenCount, Usage
from weighbridge.domain.verdict import VerdictStatus

LOG_FIELDS: tuple[str, ...] = (
    "record_id",
    "created_at",
    "task",
    "risk",
    "sensitivity",
    "caller",
    "route",
    "route_reason",
    "model",
    "attempts",
    "status",
    "validation_status",
    "fallback_reason",
    "error_code",
    "confidence",
    "prompt_tokens",
    "completion_tokens",
    "estimate_usd",
    "cost_usd",
    "duration_s",
    "policy_digest",
    "source_ids",
    "source_count",
    "best_relevance",
)
"""What a task's `observability.log_fields` may name; `pipeline/log_line.py` fills them from the record."""


class OutcomeStatus(StrEnum):
    """How the request ended."""

    ANSWERED = "answered"
    DEGRADED = "degraded"
    """No model gave a valid answer, so the task's declared one was given."""
    IN_REVIEW = "in_review"
    """A person decides; the review item holds what came of it."""
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Content:
    """Prompt and answer, kept only for tasks whose policy says so."""

    prompt: str
    """What the model was asked, roles included."""
    answer: str | None
    """What the caller got."""


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that happened to one request."""

    id: str
    """`rec_` and a time-ordered identifier."""
    created_at: str
    """UTC, RFC 3339 with microseconds."""
    expires_at: str
    """UTC, RFC 3339: when the retention job deletes it."""
    policy_digest: str
    """The policy that decided."""
    caller: str
    """Key name."""
    dialect: str
    """The door's wire format."""
    requested_model: str
    """What the caller asked for."""
    is_stream: bool
    """Whether the answer was streamed."""
    input_digest: str
    """sha256 of the messages, so that equal inputs can be found without storing them."""
    status: OutcomeStatus
    """How it ended."""
    error_code: str | None
    """Code of the error that the caller got, or got a declared answer in place of."""
    classification: Classification | None
    """`None` when the request was refused before classification."""
    decision: Decision | None
    """`None` when the request was refused before routing."""
    attempts: tuple[Attempt, ...]
    """In order."""
    served_model: str | None
    """Portfolio name of the model whose answer was given."""
    is_fallback: bool
    """The answer came from another model than the first of the order."""
    prompt_count: TokenCount | None
    """Our own count of the input and how it was made."""
    dropped_messages: tuple[DroppedMessage, ...]
    """What compaction left out of the conversation."""
    estimate: Money | None
    """What was held."""
    usage: Usage | None
    """All attempts together; `None` when one is unknown."""
    cost: Money | None
    """All attempts together; `None` when one is unknown."""
    duration_s: float
    """From the first byte parsed to the answer ready."""
    log_fields: tuple[str, ...] = ()
    """What the task's log line carries."""
    review_id: str | None = None
    """The review item that this request opened."""
    shadow: Shadow | None = None
    """For shadow traffic: the answer that this one is held against. Nobody got this one."""
    content: Content | None = None
    """`None` unless the task stores content."""
    evidence: Evidence | None = None
    """What the model was shown beside the conversation; `None` where nobody looked for anything."""
    state: StateNote | None = None
    """What stood for the older part of the conversation; `None`: nothing had to."""
    latest_customer_message_used: bool | None = None
    """The newest thing that the user said was sent word for word; `None` when nothing was packed."""
    cache_hit: CacheHit | None = None
    """The answer was kept from an earlier request; `None`: it was made for this one."""
    cited: tuple[str, ...] = ()
    """Ids of the sources that the answer cites, where the task's contract asks for citations."""
    preparations: tuple[Probe, ...] = ()
    """Extra calls before the first attempt. Their cost is part of `cost`."""
    unknown_parameters: tuple[str, ...] = ()
    """Fields that the caller's format does not have, where the task wants the caller to hear of them."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """What the host that served was not told of the request."""
        served = self.served_model
        return () if self.decision is None or served is None else self.decision.left_out(served)

    @property
    def verdict(self) -> str:
        """What callers are told of the answer: a `VerdictStatus`; `degraded` for a declared answer, `in_review` where
        a person, not validation, has the last word."""
        if self.status in {OutcomeStatus.DEGRADED, OutcomeStatus.IN_REVIEW}:
            return self.status.value
        if self.cache_hit is not None:
            return VerdictStatus.VALID.value  # nothing else is kept
        return self.attempts[-1].verdict.status.value if self.attempts else VerdictStatus.UNCHECKED.value


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which records to list; `None` matches everything."""

    task: str | None = None
    """Only this task."""
    model: str | None = None
    """Only answers of this model."""
    status: str | None = None
    """Only this `OutcomeStatus`."""
    is_fallback: bool | None = None
    """Only answers that did, or did not, come from a fallback."""
    caller: str | None = None
    """Only this key's requests."""
    since: str | None = None
    """Created at or after this RFC 3339 time."""
    before_id: str | None = None
    """Page on: only records older than this one."""
    limit: int = 50
    """At most so many."""
