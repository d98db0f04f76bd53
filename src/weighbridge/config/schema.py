"""`weighbridge.yaml`: its sections and their rows. From these classes the editors' JSON Schema is generated."""

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from weighbridge.config.fields import (
    Count,
    Flag,
    KeyReference,
    ModelName,
    ModelReference,
    Name,
    Pattern,
    Row,
    SecretReference,
    Share,
    TaskReference,
    Text,
    Texts,
    Usd,
    number,
    wrong,
)
from weighbridge.config.schema_evidence import CollectionName, CollectionRow, ToolName, ToolRow
from weighbridge.config.schema_gate import publish_floors
from weighbridge.config.schema_portfolio import HostRow, ModelRow
from weighbridge.config.schema_task import ParametersRow, TaskFields, TaskRow
from weighbridge.domain.budget import OnExceed, Per, Period
from weighbridge.domain.levels import Sensitivity
from weighbridge.domain.policy import SignalKind, WhenAway
from weighbridge.domain.signals import ANSWER_SIGNALS, EVIDENCE_SIGNALS, REQUEST_SIGNALS, ROUTER_SIGNALS

RESERVED_MODEL_NAMES = {"auto"}
TAKEN_NAMES = REQUEST_SIGNALS.keys() | EVIDENCE_SIGNALS.keys() | ROUTER_SIGNALS.keys() | ANSWER_SIGNALS.keys()
RESERVED_WORDS = {"and", "or", "not", "in", "true", "false", "null", "for", "if", "else", "inf", "nan"}
KEYWORD_KINDS = {SignalKind.HAS_KEYWORDS, SignalKind.NO_KEYWORDS}


class SignalRow(Row):
    """A value computed from the input, for expressions to read."""

    kind: SignalKind
    """How it is computed."""
    keywords: Annotated[Texts | None, Field(validate_default=True)] = None
    """For `has_keywords` and `no_keywords`: words or phrases, compared without case."""
    pattern: Annotated[Pattern | None, Field(validate_default=True)] = None
    """For `matches`: a regular expression in linear-time syntax."""
    key: Annotated[Text | None, Field(validate_default=True)] = None
    """For `metadata`: the key of the caller's metadata; the value is text."""

    @field_validator("keywords", "pattern", "key")
    @classmethod
    def _fits_kind(cls, value: object, info: ValidationInfo) -> object:
        kind = info.data.get("kind")
        wanted = {"keywords": KEYWORD_KINDS, "pattern": {SignalKind.MATCHES}, "key": {SignalKind.METADATA}}
        is_wanted = kind in wanted[str(info.field_name)]
        if kind is not None and is_wanted != (value is not None):
            raise wrong(
                f"{info.field_name}, which kind {kind} needs"
                if is_wanted
                else f"nothing; kind {kind} reads no {info.field_name}"
            )
        return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise wrong("a time zone of the IANA database, such as Europe/Berlin") from None
    return value


class KeyRow(Row):
    """A key that callers present."""

    secret: SecretReference
    """The key itself, as `${env:NAME}` or `${file:PATH}`."""
    sensitivity: Sensitivity | None = None
    """The level that all of this caller's content has at least."""
    may_pin: Flag = True
    """May ask for a portfolio model by name instead of a task."""
    tasks: list[TaskReference] | None = None
    """The tasks this caller may use; without it, all."""
    models: list[ModelReference] | None = None
    """The models that may serve this caller; without it, all that its tasks name."""
    team: Text | None = None
    """The team it belongs to, for budgets."""
    may_admin: Flag = False
    """May make and revoke keys, and read the audit log."""
    may_audit: Flag = False
    """May read every caller's records; without it, only its own."""
    may_review: Flag = False
    """May decide on the answers of its tasks that wait for a person."""
    may_edit_sources: Flag = False
    """May add and remove documents, and search them whoever they are for."""


class BudgetRow(Row):
    """A limit on money, tokens, or both, over a period."""

    limit_usd: Usd | None = None
    """Most that may be spent in one period, in US dollars, holds included."""
    limit_tokens: Annotated[int, Field(strict=True, ge=0, le=10**15)] | None = None
    """Most tokens in one period, input and output together, holds included."""
    period: Period
    """When it starts afresh: with each `hour`, `day`, `week` (Monday) or `month`, never (`total`), or `rolling`."""
    window_s: Annotated[int, Field(strict=True, ge=60, le=31_622_400)] | None = None
    """With `rolling`: no stretch of this many seconds holds more than the limit."""
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    """Where days, weeks and months begin, such as `Europe/Berlin`."""
    key: KeyReference | None = None
    """Counts this key only."""
    team: Text | None = None
    """Counts the keys of this team only."""
    task: TaskReference | None = None
    """Counts this task only."""
    tag: Annotated[dict[Text, Text], Field(min_length=1, max_length=1)] | None = None
    """Counts requests only whose metadata has this entry, such as `{feature: checkout}`."""
    per: Per | None = None
    """Each `key`, `team`, `task` or `user` (the request's `user`) has the whole limit for itself."""
    warn_at: Annotated[list[Share], Field(max_length=10)] = Field(default_factory=lambda: [0.8])
    """Shares of the limit at which the log warns, once a period each."""
    on_exceed: OnExceed = OnExceed.REJECT
    """A call without room: `reject` it, ask a `cheaper` candidate, or `queue` it for what running calls give back."""
    queue_s: Annotated[float, Field(gt=0, le=600), BeforeValidator(number)] = 5.0
    """With `queue`: the longest wait, in seconds, within the task's own deadline."""

    @model_validator(mode="after")
    def _limits_something(self) -> "BudgetRow":
        if self.limit_usd is None and self.limit_tokens is None:
            raise wrong("limit_usd, limit_tokens, or both")
        if (self.period is Period.ROLLING) != (self.window_s is not None):
            raise wrong("window_s together with period: rolling, and with no other")
        return self


class RateLimitRow(Row):
    """Bounds on requests and tokens a minute, and on requests at a time."""

    requests_per_minute: Count | None = None
    """A bucket of this size that fills evenly."""
    tokens_per_minute: Count | None = None
    """The same for tokens, input and output together; what an answer really used is counted at its end."""
    concurrent: Count | None = None
    """Requests that are answered at once."""
    key: KeyReference | None = None
    """Counts this key only."""
    team: Text | None = None
    """Counts the keys of this team only."""
    task: TaskReference | None = None
    """Counts this task only."""
    model: ModelReference | None = None
    """Counts calls of this model instead of requests; over it the next candidate is asked."""
    per: Per | None = None
    """Each `key`, `team`, `task` or `user` has the whole limit for itself."""

    @model_validator(mode="after")
    def _limits_something(self) -> "RateLimitRow":
        if self.requests_per_minute is None and self.tokens_per_minute is None and self.concurrent is None:
            raise wrong("requests_per_minute, tokens_per_minute, concurrent, or several of them")
        return self


class StoreRow(Row):
    """Where records live."""

    path: Text = "weighbridge.db"
    """SQLite file, relative to this config; not used where there is a `url`."""
    url: SecretReference | None = None
    """Address of a PostgreSQL database that several gateways share, as `postgresql://user:password@host/name`."""
    queue_limit: Count = 10_000
    """Records that may wait for the disk before new requests are refused."""
    key_secret: SecretReference | None = None
    """Secret of the hash under which made keys are kept; without it, the file `<path>.key-secret` is made."""
    review_limit: Count = 10_000
    """Answers that may wait for a person before no more are handed over."""


class CountersRow(Row):
    """Where several gateways count rate limits together."""

    url: SecretReference
    """Address of a Valkey or Redis server, as `redis://user:password@host:6379/0`."""
    when_away: WhenAway = WhenAway.REFUSE
    """While it does not answer: `refuse` requests that a rate limit covers, or let each gateway count its share."""
    gateways: Count = 1
    """How many gateways share the limits while each counts for itself."""


class PrivacyRow(Row):
    """What holds for every task that does not say otherwise."""

    default_sensitivity: Sensitivity | None = None
    """Level of the tasks that state none."""
    retention_days: Annotated[int, Field(strict=True, ge=1, le=36_500)] = 30
    """Age at which records are deleted."""


class RecognitionRow(Row):
    """How tasks are recognised in requests that do not state one."""

    example_threshold: Share | None = None
    """Similarity from which an example decides; without it, calibrated on the examples."""


def _version(value: object) -> object:
    if value != 1 or isinstance(value, bool):
        raise wrong("1, the only version of this format so far")
    return value


def _free_model_name(value: str) -> str:
    if value in RESERVED_MODEL_NAMES or value.startswith("task/"):
        raise wrong("a name other than auto and task/…, which callers use for routing")
    return value


def _free_signal_name(value: str) -> str:
    if value in RESERVED_WORDS or value in TAKEN_NAMES:
        raise wrong("a name that is not taken; the gateway itself gives this one a meaning")
    return value


SignalName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$"), AfterValidator(_free_signal_name)]


class MainFile(Row):
    """The config of a Weighbridge gateway."""

    version: Annotated[Literal[1], BeforeValidator(_version)]
    """Version of this format: 1."""
    hosts: dict[Name, HostRow] = Field(default_factory=dict)
    """Endpoints, by name."""
    models: Annotated[dict[Annotated[ModelName, AfterValidator(_free_model_name)], ModelRow], Field(min_length=1)]
    """The portfolio: models that may be used, by name."""
    tasks: dict[Name, TaskFields] | list[TaskRow] = Field(default_factory=dict)
    """Selection records, beside those in `tasks/*.yaml`."""
    default_task: TaskReference | None = None
    """Where a request goes that nothing else claims; without it such a request is refused."""
    recognise: RecognitionRow = RecognitionRow()
    """How tasks are recognised in requests that do not state one."""
    signals: dict[SignalName, SignalRow] = Field(default_factory=dict)
    """Values computed from the input, by the name that expressions call them."""
    sources: dict[CollectionName, CollectionRow] = Field(default_factory=dict)
    """Collections of documents to answer from, by name."""
    tools: dict[ToolName, ToolRow] = Field(default_factory=dict)
    """Ways to ask for live state, by name."""
    rate_limits: dict[Name, RateLimitRow] = Field(default_factory=dict)
    """How fast callers may come, by name."""
    budgets: dict[Name, BudgetRow] = Field(default_factory=dict)
    """Spending limits, by name."""
    keys: dict[Name, KeyRow] = Field(default_factory=dict)
    """Keys that callers present, by name; without any, only a loopback gateway serves."""
    store: StoreRow = StoreRow()
    """Where records live."""
    counters: CountersRow | None = None
    """Where several gateways count rate limits together; without it each counts for itself."""
    privacy: PrivacyRow = PrivacyRow()
    """What holds for every task that does not say otherwise."""
    parameters: ParametersRow = ParametersRow()
    """Fields that not every host can be told, for every task that does not say otherwise."""


def config_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `weighbridge.yaml`, for editors."""
    return _published(MainFile)


def task_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one file in `tasks/`, for editors."""
    return _published(TaskRow)


def _published(kind: type[Row]) -> dict[str, Any]:
    schema = kind.model_json_schema()
    publish_floors(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
