"""The policy in force: hosts, portfolio, tasks. Frozen values; a reload swaps the whole thing."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from weighbridge.domain.budget import Budget
from weighbridge.domain.caller import Caller
from weighbridge.domain.levels import Capability, Sensitivity, Tier
from weighbridge.domain.money import Price
from weighbridge.domain.profile import AS_IT_COMES, Profile
from weighbridge.domain.proof import Proof
from weighbridge.domain.rate import RateLimit
from weighbridge.domain.reasoning import ReasoningStyle
from weighbridge.domain.secret import Secret
from weighbridge.domain.task import Task
from weighbridge.domain.tool import Collection, DeclaredTool
from weighbridge.domain.vectors import Scale, VectorRule


@dataclass(frozen=True, slots=True)
class Host:
    """An endpoint with a credential: one row."""

    name: str
    """Its name in the config."""
    provider: str
    """The company or system, in OpenTelemetry's spelling (`openai`, `anthropic`, `simulated`)."""
    dialect: str
    """The wire format it speaks; `simulated` and `local` stand for hosts of the gateway's own."""
    base_url: str | None = None
    """Where it listens, up to and including `/v1`; `None` for the simulated host."""
    credential: Secret | None = None
    """Its key, if it wants one."""
    more_credentials: tuple[Secret, ...] = ()
    """Further keys of the same host: all are used in turn, and one that is refused or limited rests by itself."""
    max_concurrent: int = 256
    """Calls at once."""
    max_queued: int = 1_000
    """Calls that may wait for one of those to end."""
    queue_timeout_s: float = 5.0
    """How long they wait."""
    region: str | None = None
    """Where the content is handled, for `allowed_regions`."""
    options: Mapping[str, object] = field(default_factory=dict)
    """Settings of a simulated or local host: see `providers/simulated.py`, `providers/local.py`."""
    auth: str | None = None
    """How the credential is carried, where not as the dialect has it."""
    profile: Profile = AS_IT_COMES
    """What it calls things."""
    signing_region: str | None = None
    """For calls signed for Amazon: the region, where the address does not name it."""


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
    timeout_s: float | None = None
    """Longest wait for a whole answer that is not streamed; `None`: until the deadline."""
    first_token_timeout_s: float | None = None
    """Longest wait for the first content of a stream; `None`: until the deadline."""
    idle_timeout_s: float | None = None
    """Longest silence inside a stream; `None`: until the deadline."""
    retires_on: date | None = None
    """From this day on it is deprecated and gets no traffic."""
    vectors: VectorRule | None = None
    """How it is asked for vectors to search with; `None`: it is not."""
    scores: Scale | None = None
    """What its scores mean, where it ranks passages; `None`: it does not."""

    reasoning: ReasoningStyle | None = None
    """How it is told how much to think; `None`: it is not."""
    profile: Profile = AS_IT_COMES
    """What its host calls things."""

    @property
    def space(self) -> str:
        """Names the vectors that may be compared: of one model, asked in one way."""
        asked = (self.vectors.passage_prefix, self.vectors.dimensions) if self.vectors else ()
        return hashlib.sha256(repr((self.upstream_name, *asked)).encode()).hexdigest()[:16]


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
class StoreSettings:
    """Where records live."""

    path: str
    """SQLite file, where there is no `url`."""
    url: Secret | None = None
    """Address of a PostgreSQL database."""
    queue_limit: int = 10_000
    """Records waiting for the disk before new requests are refused."""
    review_limit: int = 10_000
    """Answers waiting for a person before no more are handed over."""
    key_secret: Secret | None = None
    """Secret of the hash under which made keys are kept; `None`: a file beside the store has it."""


class WhenAway(StrEnum):
    """What becomes of requests that a rate limit covers while nobody can count together."""

    REFUSE = "refuse"
    LOCAL = "local"
    """Each gateway counts its share."""


@dataclass(frozen=True, slots=True)
class CounterSettings:
    """Where gateways count rate limits together."""

    url: Secret
    """Address of a Valkey or Redis server."""
    when_away: WhenAway = WhenAway.REFUSE
    """While the server does not answer."""
    gateways: int = 1
    """How many share the limits while each counts for itself."""


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
    rate_limits: tuple[RateLimit, ...] = ()
    """Bounds on requests and tokens a minute, and on requests at a time."""
    collections: Mapping[str, Collection] = field(default_factory=dict)
    """Documents to answer from, by name."""
    tools: Mapping[str, DeclaredTool] = field(default_factory=dict)
    """Ways to ask for live state, by name."""
    example_threshold: float | None = None
    """Similarity above which an example decides the task; `None` calibrates it on the examples."""
    proofs: tuple[Proof, ...] = ()
    """What models have proved; not in the digest, because each decision names its own."""
    store: StoreSettings = StoreSettings("weighbridge.db")
    """Where records live."""
    counters: CounterSettings | None = None
    """`None`: each process counts rate limits for itself."""
