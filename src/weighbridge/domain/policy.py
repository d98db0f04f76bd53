"""The policy in force: hosts, portfolio, tasks. Frozen values; a reload swaps the whole thing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from weighbridge.domain.caller import Caller
from weighbridge.domain.levels import Capability, Risk, Sensitivity, Tier
from weighbridge.domain.money import Money, Price
from weighbridge.domain.signals import Condition


@dataclass(frozen=True, slots=True)
class Secret:
    """A resolved secret that cannot be printed by accident."""

    reference: str
    """Where it came from, `${env:NAME}` or `${file:PATH}`; safe to show."""
    value: str = field(repr=False, compare=False)
    """The secret. Only the transport and the key check read it."""


@dataclass(frozen=True, slots=True)
class Host:
    """An endpoint with a credential: one row."""

    name: str
    """Its name in the config."""
    provider: str
    """The company or system, in OpenTelemetry's spelling (`openai`, `anthropic`, `simulated`)."""
    dialect: str
    """The wire format it speaks: `openai_chat`, or `simulated` for the built-in double."""
    base_url: str | None = None
    """Where it listens, up to and including `/v1`; `None` for the simulated host."""
    credential: Secret | None = None
    """Its key, if it wants one."""
    region: str | None = None
    """Where the content is handled, for `allowed_regions`."""
    options: Mapping[str, object] = field(default_factory=dict)
    """Settings of the simulated host: see `providers/simulated.py`."""


@dataclass(frozen=True, slots=True)
class PortfolioModel:
    """A model we may use: a row of the portfolio."""

    name: str
    """Its name here."""
    host: str
    """The `Host` that serves it."""
    upstream_name: str
    """Its name on the wire of that host."""
    price: Price | None
    """What a token costs; `None` when nobody knows."""
    context_window_tokens: int
    """Input and output together."""
    max_output_tokens: int
    """The longest answer it can give."""
    tier: Tier
    """Its place in the portfolio."""
    cleared_for: Sensitivity
    """The most protected content it may see."""
    tokenizer: str
    """Vocabulary for counting: a splintr name, or `words` for the estimate."""
    capabilities: frozenset[Capability] = frozenset()
    """What it can do beyond plain text."""
    retires_on: date | None = None
    """From this day on it is deprecated and gets no traffic."""


class TooLong(StrEnum):
    """What happens to input over the limit."""

    REFUSE = "refuse"
    COMPACT = "compact"


class StreamMode(StrEnum):
    """When a streamed answer starts to flow."""

    LIVE = "live"
    """As it arrives; the verdict comes with the last event."""
    VALIDATED = "validated"
    """After it passed validation, so that fallback stays possible."""


class OnMissingProof(StrEnum):
    """What a quality gate does to a model without a valid proof."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class QualityGate:
    """The evaluation a model must have passed to serve the task."""

    dataset: str
    """Path of the evaluation set, relative to the config."""
    minimums: Mapping[str, float]
    """Metric → lowest acceptable value, such as `exact_match` → 0.92."""
    on_missing: OnMissingProof = OnMissingProof.WARN
    """Whether an unproved model is refused or only marked."""


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
    stream: StreamMode | None = None
    """When a streamed answer starts to flow; `None`: live unless there is something to validate first."""


class SignalKind(StrEnum):
    """Ways to compute a declared signal from the input."""

    INPUT_TOKENS = "input_tokens"
    INPUT_WORDS = "input_words"
    INPUT_CHARS = "input_chars"
    HAS_KEYWORDS = "has_keywords"
    NO_KEYWORDS = "no_keywords"
    MATCHES = "matches"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class SignalRule:
    """A declared signal."""

    name: str
    """What expressions call it."""
    kind: SignalKind
    """How it is computed."""
    keywords: tuple[str, ...] = ()
    """For the keyword kinds: words or phrases, compared without case."""
    pattern: str | None = None
    """For `matches`: a regular expression in linear-time syntax."""
    key: str | None = None
    """For `metadata`: the key to read; the value is text."""


@dataclass(frozen=True, slots=True)
class GatewayKey:
    """A key that callers present."""

    caller: Caller
    """Who holds it."""
    secret: Secret
    """The key itself, by reference."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A spending limit over a calendar period (UTC)."""

    name: str
    """For messages and the ledger."""
    limit: Money
    """Most that may be spent, holds included, in one period."""
    period: str
    """`day`, `month` or `total`."""
    caller: str | None = None
    """Counts this key only; `None` for all."""
    task: str | None = None
    """Counts this task only; `None` for all."""


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where records live."""

    path: str
    """SQLite file."""
    queue_limit: int = 10_000
    """Records waiting for the disk before new requests are refused."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that decides. Two gateways with the same digest decide alike."""

    digest: str
    """sha256 of the canonical config, secrets left out; every record carries it."""
    hosts: Mapping[str, Host]
    """By name."""
    models: Mapping[str, PortfolioModel]
    """The portfolio, by name, in file order."""
    tasks: Mapping[str, Task]
    """By name, in file order."""
    default_task: str | None
    """Where a request goes that nothing else claims; `None` refuses it."""
    signals: tuple[SignalRule, ...] = ()
    """Declared signals beside the built-in ones."""
    keys: tuple[GatewayKey, ...] = ()
    """Empty on a loopback gateway that asks for none."""
    budgets: tuple[Budget, ...] = ()
    """Spending limits."""
    example_threshold: float | None = None
    """Similarity above which an example decides the task; `None` calibrates it on the examples."""
    store: StoreSettings = StoreSettings("weighbridge.db")
    """Where records live."""
