"""Rows of the portfolio: hosts, models and what they cost."""

from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from weighbridge.config.fields import (
    Count,
    HostReference,
    Options,
    Row,
    Seconds,
    SecretReference,
    Text,
    UsdPerMillion,
    number,
    one_of_names,
    wrong,
)
from weighbridge.config.known import INSIDE
from weighbridge.config.presets import PRESETS
from weighbridge.domain.levels import Capability, Sensitivity, Tier
from weighbridge.domain.reasoning import ReasoningStyle
from weighbridge.domain.usage import TOKENIZERS, WORDS

Cosine = Annotated[float, Field(ge=-1, le=1), BeforeValidator(number)]


class HostRow(Row):
    """An endpoint that speaks one wire format."""

    preset: Annotated[str, *one_of_names("presets", tuple(PRESETS))] | None = None
    """A known host: fills in `dialect`, `provider`, `base_url`, `auth`, `output_limit` and `instructions` where they
    are not stated."""

    dialect: Literal["openai_chat", "openai_responses", "anthropic_messages", "gemini", "bedrock", "local", "simulated"]
    """The wire format: `openai_chat` (Chat Completions), `openai_responses`, `anthropic_messages`, `gemini`
    (generateContent), `bedrock` (Converse); `local` for a model that the gateway runs on this machine, `simulated` for
    the double."""
    provider: Annotated[Text | None, Field(validate_default=True)] = None
    """The company or system, in OpenTelemetry's spelling (`openai`, `mistral_ai`); it finds catalogue prices."""
    base_url: Annotated[Text | None, Field(validate_default=True)] = None
    """Where it listens, up to and including `/v1`."""
    auth: Literal["bearer", "x-api-key", "api-key", "x-goog-api-key", "sigv4"] | None = None
    """How the credential is carried, where not as the dialect has it: `Authorization: Bearer`, a header of this name,
    or a signature for Amazon (`sigv4`)."""
    output_limit: Literal["max_tokens", "max_completion_tokens"] | None = None
    """For `openai_chat`: what it calls the limit of an answer; without it, what the caller called it."""
    instructions: Literal["system", "developer"] | None = None
    """For `openai_chat`: the role of instructions that it knows; without it, the caller's."""
    signing_region: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] | None = None
    """For `sigv4`: the region of Amazon's that calls are signed for, where `base_url` does not name it."""
    credential: SecretReference | None = None
    """Its key, as `${env:NAME}` or `${file:PATH}`. For `sigv4` an access key, as `ID:SECRET` or
    `ID:SECRET:SESSION_TOKEN`; without one, what the machine has."""
    more_credentials: list[SecretReference] = Field(default_factory=list)
    """Further keys of this host. All are used in turn; one that is refused or limited rests by itself."""
    max_concurrent: Count = 256
    """Calls at once."""
    max_queued: Annotated[int, Field(strict=True, ge=0, le=100_000)] = 1_000
    """Calls that may wait for one of those to end; more fail with `host_busy`, and another model is asked."""
    queue_timeout_s: Seconds = 5.0
    """Seconds that they wait."""
    region: Text | None = None
    """Where content is handled, for a task's `allowed_regions`."""
    options: Options = Field(default_factory=dict)
    """Behaviour of a simulated host; of a local one `model` (`smollm2`, `multilingual-e5-small` for vectors, or the
    path of a GGUF file), `context_tokens`, `slots` and `threads`."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: Any) -> Any:
        preset = PRESETS.get(str(values.get("preset"))) if isinstance(values, dict) else None
        return values if preset is None else {**preset.stated, **values}

    @field_validator("provider")
    @classmethod
    def _provider_is_told(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("dialect") not in {None, *INSIDE}:
            raise wrong("the company or system behind this host, such as openai")
        return value

    @field_validator("base_url")
    @classmethod
    def _is_plain_http(cls, value: str | None, info: ValidationInfo) -> str | None:
        dialect = info.data.get("dialect")
        if dialect in INSIDE and value is not None:
            raise wrong(f"no base_url, because a {dialect} host belongs to the gateway")
        if dialect not in {None, *INSIDE} and value is None:
            raise wrong("an http or https URL up to and including /v1")
        return value if value is None else _checked_url(value)

    @field_validator("options")
    @classmethod
    def _only_simulated(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if value and info.data.get("dialect") not in {None, *INSIDE}:
            raise wrong("no options, which only simulated and local hosts have")
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
    cache_write_1h_usd_per_million: UsdPerMillion | None = None
    """Input written to the provider's cache for an hour; where `cache_write_usd_per_million` is stated and this is not,
    the cost of such a call is unknown."""
    cache_write_usd_per_million: UsdPerMillion | None = None
    """Input written to the provider's cache; without it the input price counts."""


def _day_text(value: object) -> object:
    if not isinstance(value, str):
        raise wrong("a day such as 2027-06-30")
    return value


class ScaleRow(Row):
    """What a model's own numbers mean, for a model that ranks passages."""

    unrelated: Annotated[float, BeforeValidator(number)]
    """Its score for a question and a passage that have nothing to do with each other."""
    related: Annotated[float, BeforeValidator(number)]
    """Its score from which a passage counts as answering the question in full."""

    @model_validator(mode="after")
    def _rises(self) -> "ScaleRow":
        if self.related <= self.unrelated:
            raise wrong("`related` above `unrelated`")
        return self


class VectorRow(ScaleRow):
    """How a model is asked for vectors to search documents with, and what their nearness means."""

    unrelated: Cosine
    """Cosine similarity of a question and a passage that have nothing to do with each other. `eval run --retrieval`
    shows what yours have."""
    related: Cosine
    """Cosine similarity from which a passage counts as answering the question in full."""
    query_prefix: str = ""
    """What the model wants before a question, such as `query: `."""
    passage_prefix: str = ""
    """What the model wants before a passage, such as `passage: `."""
    dimensions: Annotated[int, Field(strict=True, ge=1, le=65_536)] | None = None
    """Numbers of a vector, for models that give shorter ones on demand."""


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
    timeout_s: Seconds | None = None
    """Longest wait for a whole answer that is not streamed, in seconds; without it, the task's deadline. With it a call
    that hangs leaves time for another model."""
    first_token_timeout_s: Seconds | None = None
    """Longest wait for the first content of a stream, in seconds; without it, the task's deadline."""
    idle_timeout_s: Seconds | None = None
    """Longest silence inside a stream, in seconds; without it, the task's deadline."""
    retires_on: Annotated[date, BeforeValidator(_day_text)] | None = None
    """From this day on it gets no traffic."""
    vectors: VectorRow | None = None
    """For a model with the capability `embeddings`: how it is asked for vectors to search documents with."""
    scores: ScaleRow | None = None
    """For a model with the capability `rerank`: what its scores mean."""
    reasoning: ReasoningStyle | None = None
    """How the model is told how much to think: by a word (`effort`), in tokens (`budget`), or by a word while it
    decides itself (`adaptive`). Without it callers of another dialect than its host's cannot tell it."""
