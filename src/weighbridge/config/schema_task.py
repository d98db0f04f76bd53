"""The selection record: one task, the models that may serve it, and what justifies that."""

from typing import Annotated

from pydantic import Field, PlainValidator, ValidationInfo, field_validator, model_validator
from pydantic import WithJsonSchema as JsonForm
from pydantic_core import PydanticCustomError

from weighbridge.config.expressions import LONGEST_CHARS, compile_condition
from weighbridge.config.fields import (
    Count,
    Flag,
    ModelReference,
    ModelReferences,
    Name,
    Patience,
    Pattern,
    Row,
    Text,
    Texts,
    checked_name,
    known_in,
    one_of_names,
    wrong,
)
from weighbridge.config.schema_evidence import ConversationRow, EvidenceRow
from weighbridge.config.schema_gate import QualityGateRow
from weighbridge.config.schema_ladder import (
    CanaryRow,
    ConfidenceRow,
    DegradeRow,
    LimitsRow,
    ReviewRow,
    ReviewWhen,
    ShadowRow,
)
from weighbridge.config.schema_output import OutputRow
from weighbridge.config.signals import type_of_signals
from weighbridge.domain.errors import ConfigError
from weighbridge.domain.evidence import WhenNone
from weighbridge.domain.fit import OnForeign, OnUnknown
from weighbridge.domain.gate import OnMissingProof, ScorerKind
from weighbridge.domain.levels import Risk, Sensitivity, Tier
from weighbridge.domain.record import LOG_FIELDS
from weighbridge.domain.signals import Condition
from weighbridge.domain.task import OnExpiry, StreamMode, TooLong


def _condition(value: object, info: ValidationInfo) -> Condition | None:
    if not isinstance(value, str):
        raise wrong("an expression in quotes or as plain text")
    known = known_in(info)
    types = None if known is None else type_of_signals(known.signals, with_answer=info.field_name == "escalate_when")
    if types is None or any(kind is None and name in value for name, kind in types.items()):
        return None
    try:
        return compile_condition(value, {name: kind for name, kind in types.items() if kind is not None})
    except ConfigError as error:
        raise PydanticCustomError("expression", "expression", {"problems": error.problems}) from None


Expression = Annotated[
    Condition, PlainValidator(_condition), JsonForm({"type": "string", "maxLength": LONGEST_CHARS, "minLength": 1})
]


class RoutingRow(Row):
    """When the primary serves, when its answer is not good enough, and why it is the right one."""

    use_primary_when: Expression | None = None
    """Over request signals; the primary is passed over where this does not hold."""
    escalate_when: Expression | None = None
    """Over request and answer signals; where this holds, the next candidate is tried."""
    router: Text | None = None
    """Artefact of a learned router, relative to the config; it gives the signal `predicted_gain`: how probable it is
    that only the first fallback gets a request right. Unknown while the file is not there or fits other models."""
    rationale: Text | None = None
    """Why the primary is the right model, in plain English; it is shown with each decision."""


class ObservabilityRow(Row):
    """What the task's log line carries."""

    log_fields: list[Annotated[str, *one_of_names("log fields", LOG_FIELDS)]] = Field(default_factory=list)
    """Names of log fields."""


class RuleRow(Row):
    """A way to recognise the task. All parts that are stated must hold."""

    name: Name
    """Shown in records that this rule decided."""
    keywords: Texts | None = None
    """Any of these words or phrases occurs, in any case."""
    pattern: Pattern | None = None
    """This regular expression (linear-time syntax) occurs."""
    min_words: Count | None = None
    """The input has at least so many words."""
    max_words: Count | None = None
    """The input has at most so many words."""
    metadata: dict[str, str] = Field(default_factory=dict)
    """The caller's metadata holds these values."""

    @model_validator(mode="after")
    def _states_something(self) -> "RuleRow":
        if not (self.keywords or self.pattern or self.min_words or self.max_words or self.metadata):
            raise wrong("at least one of keywords, pattern, min_words, max_words, metadata")
        return self


class RecogniseRow(Row):
    """How to recognise the task in a request that does not state it."""

    rules: list[RuleRow] = Field(default_factory=list)
    """Tried in order, before examples."""
    examples: list[Text] = Field(default_factory=list)
    """Requests of this task, for recognition by similarity."""


class CacheRow(Row):
    """Answers that are given again to the very same request: same words, parameters, sources and policy."""

    keep_s: Patience
    """Seconds for which an answer is kept, in the store, whatever `storage.content` says."""
    shared: Flag = False
    """Among all keys; without it, each key gets its own answers only."""


class ParametersRow(Row):
    """Fields of a call that not every host can be told."""

    unknown: OnUnknown | None = None
    """Fields that the caller's format does not have: `pass` them on to hosts of that format, do that and `warn` the
    caller in `x-weighbridge-warnings`, or `reject` the request. Without it `pass`."""
    foreign: OnForeign | None = None
    """Wishes such as `logit_bias` or `seed` that a host's format has no place for: `refuse` that host, or leave them
    out and `warn` the caller. Without it `refuse`."""


class StorageRow(Row):
    """What is kept, and for how long."""

    content: Flag = False
    """Keep prompt and answer in the record."""
    retention_days: Annotated[int, Field(strict=True, ge=1, le=36_500)] | None = None
    """Age at which records are deleted; without it `privacy.retention_days` counts."""


class TaskFields(Row):
    """A selection record whose name stands elsewhere."""

    risk_level: Risk
    """How bad a wrong answer would be; a caller may raise it, never lower it."""
    primary_model: ModelReference
    """The first choice."""
    fallback_model: ModelReferences = Field(default_factory=list, validate_default=True)
    """The next choice, or a list of them in order; never the primary."""
    quality_gate: QualityGateRow | None = None
    """What a model must have proved."""
    routing_policy: RoutingRow = RoutingRow()
    """When the primary serves and when its answer is not good enough."""
    observability: ObservabilityRow = ObservabilityRow()
    """What the log line carries."""
    instructions: Text | None = None
    """System text put before the caller's messages."""
    output: OutputRow = OutputRow()
    """What a valid answer is."""
    limits: LimitsRow = LimitsRow()
    """Bounds on tokens, money, time and attempts."""
    sensitivity: Sensitivity | None = None
    """The level of everything in this task, at least."""
    allowed_regions: Texts | None = None
    """Regions whose hosts may serve it; without it any may."""
    allow_unknown_price: Flag = False
    """Serve it by a model whose price nobody knows."""
    recognise: RecogniseRow = RecogniseRow()
    """How to recognise the task in a request that does not state it."""
    storage: StorageRow = StorageRow()
    """What is kept, and for how long."""
    degrade: DegradeRow | None = None
    """What is answered when no model gave a valid answer; without it that is an error."""
    confidence: ConfidenceRow = ConfidenceRow()
    """Where an answer's `confidence` comes from."""
    review: ReviewRow | None = None
    """When a person decides on an answer; without it, never."""
    canary: CanaryRow | None = None
    """A model that takes the primary's place for a part of the traffic; its proof is watched, so drift ends that."""
    shadow: Annotated[ShadowRow | None, Field(validate_default=True)] = None
    """A model that answers a sample of requests again, without anybody getting its answer."""
    evidence: Annotated[EvidenceRow | None, Field(validate_default=True)] = None
    """Where the answer's sources come from; without it, only from the request."""
    cache: CacheRow | None = None
    """Give answers again to the very same request; without it, each request is answered anew."""
    conversation: Annotated[ConversationRow | None, Field(validate_default=True)] = None
    """How the state of a long conversation is kept, for `limits.when_too_long: state`."""
    parameters: ParametersRow = ParametersRow()
    """Fields that not every host can be told; without it, what the main file's `parameters` say."""
    stream: StreamMode | None = None
    """`live`, or `validated` to hold a stream back until it passed; without it, live unless something is checked."""

    @field_validator("review")
    @classmethod
    def _fits_the_declared_answer(cls, value: ReviewRow | None, info: ValidationInfo) -> ReviewRow | None:
        has_answer = info.data.get("degrade") is not None
        if value is not None and value.on_expiry is OnExpiry.DEGRADE and not has_answer:
            raise wrong("on_expiry: degrade only in a task that declares degrade.answer")
        if value is not None and has_answer and value.when is ReviewWhen.FAILURE and value.on_expiry is OnExpiry.REFUSE:
            raise wrong("on_expiry: degrade, because degrade.answer would be given before anybody is asked")
        return value

    @field_validator("evidence")
    @classmethod
    def _declares_what_happens_without(cls, value: EvidenceRow | None, info: ValidationInfo) -> EvidenceRow | None:
        when_none = None if value is None else value.when_none
        if when_none is WhenNone.SAY_SO and info.data.get("degrade") is None:
            raise wrong("when_none: say_so only in a task that declares degrade.answer", at=("when_none",))
        if when_none is WhenNone.ESCALATE and info.data.get("review") is None:
            raise wrong("when_none: escalate only in a task that declares review", at=("when_none",))
        return value

    @field_validator("conversation")
    @classmethod
    def _goes_with_its_limit(cls, value: ConversationRow | None, info: ValidationInfo) -> ConversationRow | None:
        limits = info.data.get("limits")
        if limits is not None and (limits.when_too_long is TooLong.STATE) != (value is not None):
            raise wrong("a conversation together with limits.when_too_long: state, and only then")
        return value

    @field_validator("routing_policy")
    @classmethod
    def _has_somebody_to_gain_from(cls, value: RoutingRow, info: ValidationInfo) -> RoutingRow:
        if value.router is not None and not info.data.get("fallback_model"):
            raise wrong("no router without a fallback_model, whose gain it tells", at=("router",))
        return value

    @field_validator("canary")
    @classmethod
    def _is_another_and_watched(cls, value: CanaryRow | None, info: ValidationInfo) -> CanaryRow | None:
        if value is None:
            return None
        if value.model in {info.data.get("primary_model"), *info.data.get("fallback_model", ())}:
            raise wrong("a model that is neither primary nor fallback", at=("model",))
        gate = info.data.get("quality_gate")
        if gate is None or gate.drift is None or gate.on_missing is OnMissingProof.WARN:
            raise wrong("a quality_gate with drift and without on_missing: warn, so that something ends a bad canary")
        return value

    @field_validator("shadow")
    @classmethod
    def _has_a_judge_of_the_gate(cls, value: ShadowRow | None, info: ValidationInfo) -> ShadowRow | None:
        gate = info.data.get("quality_gate")
        judges = [] if gate is None else [name for name, row in gate.scorers.items() if row.kind is ScorerKind.JUDGE]
        if value is not None and value.judge is not None:
            checked_name(value.judge, "judges of the quality gate", judges, at=("judge",))
        is_judged = gate is not None and gate.drift is not None and gate.drift.minimum_judge is not None
        if is_judged and (value is None or value.judge is None):
            raise wrong("a judge, because quality_gate.drift has minimum_judge")
        return value

    @field_validator("fallback_model")
    @classmethod
    def _differs_and_suffices(cls, value: list[str], info: ValidationInfo) -> list[str]:
        chosen = [info.data.get("primary_model"), *value]
        if len(set(chosen)) < len(chosen):
            raise wrong("models that differ from primary_model and from each other")
        known = known_in(info)
        if known is not None and info.data.get("risk_level") is Risk.HIGH:
            tiers = [known.models.get(name) if isinstance(name, str) else None for name in chosen]
            if None not in tiers and Tier.FRONTIER not in tiers:
                raise wrong("at least one model of tier frontier as primary or fallback, because risk_level is high")
        return value


class TaskRow(TaskFields):
    """A selection record."""

    task: Name
    """What the task is called; callers ask for `task/<name>`."""
