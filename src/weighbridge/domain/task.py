"""A task: the compiled selection record. What a good answer is, who may give it, and what may be used for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from weighbridge.domain.conversation import ConversationRule
from weighbridge.domain.difficulty import DifficultyModel
from weighbridge.domain.evidence import EvidenceRule
from weighbridge.domain.fit import STRICT, ParameterRule
from weighbridge.domain.gate import QualityGate
from weighbridge.domain.kept import CacheRule
from weighbridge.domain.levels import Risk, Sensitivity
from weighbridge.domain.money import Money
from weighbridge.domain.secret import Secret
from weighbridge.domain.signals import Condition


class TooLong(StrEnum):
    """What happens to input over the limit."""

    REFUSE = "refuse"
    COMPACT = "compact"
    """Its oldest messages are left out."""
    STATE = "state"
    """A model writes down what its oldest messages say."""


class StreamMode(StrEnum):
    """When a streamed answer starts to flow."""

    LIVE = "live"
    """As it arrives; the verdict comes with the last event."""
    VALIDATED = "validated"
    """After it passed validation, so that fallback stays possible."""


class Forbidden(StrEnum):
    """What an answer may not hold."""

    SECRETS = "secrets"
    """Keys, tokens, passwords."""
    PERSONAL = "personal"
    """Personal data of a kind that the request did not hold."""
    INSTRUCTIONS = "instructions"
    """The task's own instructions."""


@dataclass(frozen=True, slots=True)
class CitationRule:
    """How an answer says where it has things from."""

    is_required: bool = True
    """At least one citation."""
    is_every_sentence: bool = False
    """One in each sentence of a text answer."""
    field: str | None = None
    """Of a JSON answer: the field with the ids. `None`: marks `[id]` in the text."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What a valid answer looks like. Every part that is `None` or empty is not checked."""

    labels: tuple[str, ...] = ()
    """The allowed answers, compared without case and surrounding space."""
    min_words: int | None = None
    """Fewest words."""
    max_words: int | None = None
    """Most words."""
    max_tokens: int | None = None
    """Most tokens, by the serving model's tokenizer."""
    schema_json: str | None = None
    """JSON Schema as JSON text."""
    required_fields: tuple[str, ...] = ()
    """Top-level fields that a JSON answer must have, with a value other than null."""
    pattern: str | None = None
    """A regular expression (linear-time syntax: no look-around, no back-references) the answer must match."""
    synonyms: tuple[tuple[str, str], ...] = ()
    """What else a model may say, and the label that it means."""
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes; the answer is in one of them, where its length tells."""
    citations: CitationRule | None = None
    """Whether and how the answer cites."""
    forbidden: frozenset[Forbidden] = frozenset()
    """What must not be in it."""
    marker: str | None = None
    """A text in the instructions that no honest answer holds."""
    checks: tuple[str, ...] = ()
    """Names of the operator's own checks."""


class OnExpiry(StrEnum):
    """What becomes of a review item that nobody decided in time."""

    REFUSE = "refuse"
    """There is no answer."""
    DEGRADE = "degrade"
    """The task's declared answer is given."""


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """When a person decides on an answer, and within which bounds."""

    is_always: bool = False
    """Every answer is decided on by a person, not only one that the ladder found no valid answer for."""
    deadline_s: float = 86_400.0
    """Time for the person."""
    lock_s: float = 900.0
    """How long a claim keeps others away."""
    wait_s: float = 0.0
    """How long the call itself waits for the decision before it is told where to ask."""
    needs_two: bool = False
    """Four eyes."""
    on_expiry: OnExpiry = OnExpiry.REFUSE
    """What becomes of an item that nobody decided."""
    webhook_url: str | None = None
    """Told when an item is decided or expires."""
    webhook_secret: Secret | None = None
    """Signs what the webhook is told."""


@dataclass(frozen=True, slots=True)
class Canary:
    """A model that takes the primary's place for a part of the traffic, until its proof ends."""

    model: str
    """Portfolio name."""
    share: float
    """Of the task's requests."""


@dataclass(frozen=True, slots=True)
class ShadowRule:
    """A model that answers a sample of requests again, without anybody getting its answer."""

    model: str
    """Portfolio name of the challenger."""
    share: float
    """Of the task's answered requests."""
    budget: Money
    """The most that challenger and judge may cost together in one day (UTC)."""
    judge: str | None = None
    """The gate's scorer of kind `judge` that compares both answers; `None`: nobody does."""


@dataclass(frozen=True, slots=True)
class Router:
    """A learned router: the signal `predicted_gain`."""

    path: str
    """Its artefact, relative to the config."""
    model: DifficultyModel | None = None
    """`None` while there is no artefact, or one of other models or another prompt: then the signal is unknown."""
    file_digest: str | None = None
    """sha256 of the artefact's file; `None` while there is none."""


class ConfidenceSource(StrEnum):
    """Where a task's confidence comes from."""

    LOGPROBS = "logprobs"
    SAMPLES = "samples"
    VERIFIER = "verifier"


@dataclass(frozen=True, slots=True)
class ConfidenceRule:
    """How sure an answer is: from the provider's log-probabilities, or from extra calls."""

    source: ConfidenceSource = ConfidenceSource.LOGPROBS
    """Which."""
    samples: int = 3
    """For `samples`: how many answers are compared, the given one included."""
    temperature: float = 0.7
    """For `samples`: what the further ones are drawn with."""
    verifier_model: str | None = None
    """For `verifier`: the portfolio model that is asked; it must be allowed to see the request."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one request may use."""

    max_input_tokens: int | None = None
    """Longest input; `None` leaves it to the models' windows."""
    max_output_tokens: int = 1024
    """Longest answer, also the figure money is held for."""
    max_cost: Money | None = None
    """Dearest acceptable estimate for one attempt."""
    deadline_s: float = 60.0
    """Time for all attempts together."""
    max_attempts: int = 3
    """Calls to providers, all models together."""
    when_too_long: TooLong = TooLong.REFUSE
    """Refuse, or compact the conversation to fit."""
    max_repairs: int = 0
    """How often one model is told what is wrong with its answer before the next is asked; counts as attempts."""
    max_retries: int = 1
    """How often the last candidate is called again after a fault that may pass; counts as attempts."""
    retries_before_fallback: int = 0
    """The same for a candidate that has another one after it."""
    max_request_cost: Money | None = None
    """The most that all attempts together may cost, each counted at its estimate while its cost is unknown."""
    hedge_after_s: float | None = None
    """A call that is not answered by then gets company: the next candidate is called too, and the first good answer
    wins. `None`: never."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A declared way to recognise a task. All parts that are stated must hold."""

    name: str
    """For the record: which rule matched."""
    keywords: tuple[str, ...] = ()
    """Any of these words or phrases occurs, in any case."""
    pattern: str | None = None
    """This regular expression (linear-time syntax) occurs."""
    min_words: int | None = None
    """The input has at least so many words."""
    max_words: int | None = None
    """The input has at most so many words."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """The caller's metadata holds these values."""


@dataclass(frozen=True, slots=True)
class Task:
    """A compiled selection record: what the task is, and what justifies its route."""

    name: str
    """`support_ticket_tagging` and the like."""
    risk: Risk
    """The risk it is declared with; a caller may raise it, never lower it."""
    primary_model: str
    """The first choice while `use_primary_when` holds."""
    fallback_models: tuple[str, ...]
    """Next choices, in order; never contains the primary."""
    rationale: str | None = None
    """Why the primary is the right one, in plain English, for reasons."""
    use_primary_when: Condition | None = None
    """Evaluated before the call; the primary is dropped when it does not hold."""
    escalate_when: Condition | None = None
    """Evaluated on the answer; when it holds, the next candidate is tried."""
    confidence: ConfidenceRule = ConfidenceRule()
    """Where `confidence` comes from."""
    gate: QualityGate | None = None
    """What a model must have proved."""
    contract: Contract = Contract()
    """What a valid answer is."""
    instructions: str | None = None
    """System text put before the caller's messages."""
    limits: Limits = Limits()
    """Bounds."""
    safe_answer: str | None = None
    """Given, and marked as degraded, when no model gave a valid answer; `None` makes that an error."""
    review: ReviewRule | None = None
    """When a person decides; `None`: never."""
    sensitivity: Sensitivity | None = None
    """The level of everything in this task, at least."""
    allowed_regions: frozenset[str] | None = None
    """Regions whose hosts may serve it; `None` for any."""
    allows_unknown_price: bool = False
    """Serve it by a model whose price nobody knows."""
    rules: tuple[Rule, ...] = ()
    """How to recognise it without being told."""
    examples: tuple[str, ...] = ()
    """Labelled examples for recognition by similarity."""
    stores_content: bool = False
    """Keep prompt and answer in the record."""
    retention_days: int = 30
    """Age at which its records are deleted."""
    log_fields: tuple[str, ...] = ()
    """What its log line carries."""
    router: Router | None = None
    """Says which requests gain from the fallback; `None`: nothing does."""
    canary: Canary | None = None
    """A model that takes the primary's place now and then; `None`: none."""
    shadow: ShadowRule | None = None
    """A model that answers again beside the one that serves; `None`: none."""
    stream: StreamMode | None = None
    """When a streamed answer starts to flow; `None`: live unless there is something to validate first."""
    evidence: EvidenceRule | None = None
    """Where sources come from; `None`: only from the request."""
    cache: CacheRule | None = None
    """How long its answers are given again to the very same request; `None`: never."""
    conversation: ConversationRule | None = None
    """How the state of a long conversation is kept, for `when_too_long: state`."""
    parameters: ParameterRule = STRICT
    """What happens to fields that not every host can be told."""

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that may serve it without being pinned, the primary first."""
        return (self.primary_model, *self.fallback_models, *([self.canary.model] if self.canary else []))
