"""`weighbridge.yaml`: its sections and their rows. From these classes the editors' JSON Schema is generated."""

from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from weighbridge.config.fields import (
    Count,
    Flag,
    HostReference,
    KeyReference,
    ModelName,
    Name,
    Options,
    Pattern,
    Row,
    SecretReference,
    Share,
    TaskReference,
    Text,
    Texts,
    Usd,
    UsdPerMillion,
    one_of_names,
    wrong,
)
from weighbridge.config.known import SIMULATED
from weighbridge.config.schema_task import TaskFields, TaskRow
from weighbridge.domain.levels import Capability, Sensitivity, Tier
from weighbridge.domain.policy import SignalKind
from weighbridge.domain.signals import ANSWER_SIGNALS, REQUEST_SIGNALS
from weighbridge.domain.usage import TOKENIZERS, WORDS

RESERVED_MODEL_NAMES = {"auto"}
RESERVED_WORDS = {"and", "or", "not", "in", "true", "false", "null", "for", "if", "else", "inf", "nan"}
KEYWORD_KINDS = {SignalKind.HAS_KEYWORDS, SignalKind.NO_KEYWORDS}


class HostRow(Row):
    """An endpoint that speaks one wire format."""

    dialect: Literal["openai_chat", "simulated"]
    """The wire format: `openai_chat` for OpenAI Chat Completions, `simulated` for the built-in double."""
    provider: Annotated[Text | None, Field(validate_default=True)] = None
    """The company or system, in OpenTelemetry's spelling (`openai`, `mistral_ai`); it finds catalogue prices."""
    base_url: Annotated[Text | None, Field(validate_default=True)] = None
    """Where it listens, up to and including `/v1`."""
    credential: SecretReference | None = None
    """Its key, as `${env:NAME}` or `${file:PATH}`."""
    region: Text | None = None
    """Where content is handled, for a task's `allowed_regions`."""
    options: Options = Field(default_factory=dict)
    """Behaviour of a simulated host."""

    @field_validator("provider")
    @classmethod
    def _provider_is_told(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("dialect") not in {None, SIMULATED}:
            raise wrong("the company or system behind this host, such as openai")
        return value

    @field_validator("base_url")
    @classmethod
    def _is_plain_http(cls, value: str | None, info: ValidationInfo) -> str | None:
        dialect = info.data.get("dialect")
        if dialect == SIMULATED and value is not None:
            raise wrong("no base_url, because a simulated host is inside the gateway")
        if dialect not in {None, SIMULATED} and value is None:
            raise wrong("an http or https URL up to and including /v1")
        return value if value is None else _checked_url(value)

    @field_validator("options")
    @classmethod
    def _only_simulated(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if value and info.data.get("dialect") not in {None, SIMULATED}:
            raise wrong("no options, which only a simulated host has")
        return value


def _checked_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise wrong("an http or https URL up to and including /v1") from None
    if not is_usable or any(char.isspace() or not char.isprintable() for char in value):
        raise wrong("an http or https URL up to and including /v1")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise wrong("a URL without user, password, query or fragment; secrets belong in credential")
    return value.rstrip("/")


class PriceRow(Row):
    """US dollars per million tokens, exact."""

    input_usd_per_million: UsdPerMillion
    """Uncached input."""
    output_usd_per_million: UsdPerMillion
    """Output, reasoning included."""
    cache_read_usd_per_million: UsdPerMillion | None = None
    """Input served from the provider's cache; without it the input price counts."""
    cache_write_usd_per_million: UsdPerMillion | None = None
    """Input written to the provider's cache; without it the input price counts."""


def _day_text(value: object) -> object:
    if not isinstance(value, str):
        raise wrong("a day such as 2027-06-30")
    return value


class ModelRow(Row):
    """A model that may be used."""

    host: HostReference
    """The host that serves it; `simulated` exists without being declared."""
    upstream_name: Text | None = None
    """Its name on that host; without it, its name here."""
    price: PriceRow | None = None
    """What a token costs; without it the catalogue is asked, and what the catalogue does not know is unknown."""
    context_window_tokens: Count
    """Input and output together."""
    max_output_tokens: Count
    """The longest answer it can give."""
    tier: Tier = Tier.BALANCED
    """Its place in the portfolio; high risk is served by `frontier` only."""
    cleared_for: Sensitivity = Sensitivity.INTERNAL
    """The most protected content it may see."""
    tokenizer: Annotated[str, *one_of_names("tokenizers", TOKENIZERS)] = WORDS
    """Vocabulary for counting; `words` is an estimate."""
    capabilities: list[Capability] = Field(default_factory=list)
    """What it can do beyond plain text."""
    retires_on: Annotated[date, BeforeValidator(_day_text)] | None = None
    """From this day on it gets no traffic."""


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
    may_audit: Flag = False
    """May read every caller's records; without it, only its own."""


class BudgetRow(Row):
    """A spending limit over a calendar period in UTC."""

    limit_usd: Usd
    """Most that may be spent in one period, in US dollars, holds included."""
    period: Literal["day", "month", "total"]
    """When it starts afresh."""
    key: KeyReference | None = None
    """Counts this key only."""
    task: TaskReference | None = None
    """Counts this task only."""


class StoreRow(Row):
    """Where records live."""

    path: Text = "weighbridge.db"
    """SQLite file, relative to this config."""
    queue_limit: Count = 10_000
    """Records that may wait for the disk before new requests are refused."""


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
    if value in RESERVED_WORDS or value in REQUEST_SIGNALS or value in ANSWER_SIGNALS:
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
    budgets: dict[Name, BudgetRow] = Field(default_factory=dict)
    """Spending limits, by name."""
    keys: dict[Name, KeyRow] = Field(default_factory=dict)
    """Keys that callers present, by name; without any, only a loopback gateway serves."""
    store: StoreRow = StoreRow()
    """Where records live."""
    privacy: PrivacyRow = PrivacyRow()
    """What holds for every task that does not say otherwise."""


def config_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `weighbridge.yaml`, for editors."""
    return _published(MainFile)


def task_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one file in `tasks/`, for editors."""
    return _published(TaskRow)


def _published(kind: type[Row]) -> dict[str, Any]:
    schema = kind.model_json_schema()
    gate = schema["$defs"]["QualityGateRow"]
    share = gate["properties"].pop("minimums")["additionalProperties"]
    gate["patternProperties"] = {"^minimum_[a-z0-9_]+$": share}
    gate["required"] = ["dataset"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
