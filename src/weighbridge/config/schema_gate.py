"""What a model must have proved: floors for metrics, whole and by slice, and the scorers that make them."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from weighbridge.config.fields import (
    Count,
    Flag,
    ModelReference,
    Name,
    Pattern,
    Row,
    Seconds,
    Text,
    checked_name,
    number,
    wrong,
)
from weighbridge.domain.gate import LABEL_METRICS, MACRO_F1, RUN_METRICS, OnMissingProof, ScorerKind

MINIMUM, MAXIMUM = "minimum_", "maximum_"
_NEEDS_A_RULE = {ScorerKind.JSON_FIELD, ScorerKind.JUDGE, ScorerKind.PYTHON}
_OWN_FIELDS = {
    "field": ScorerKind.JSON_FIELD,
    "pattern": ScorerKind.REGEX,
    "tolerance": ScorerKind.NUMERIC,
    "model": ScorerKind.JUDGE,
    "rubric": ScorerKind.JUDGE,
    "entry_point": ScorerKind.PYTHON,
}
_MUST_STATE = {"field", "model", "rubric", "entry_point"}

UNBOUNDED = tuple(name for name in RUN_METRICS if name != "valid_share")
"""Metrics that are no shares: seconds and dollars."""

Rate = Annotated[float, Field(gt=0, lt=1), BeforeValidator(number)]
Limit = Annotated[float, Field(ge=0, le=1e9), BeforeValidator(number)]


class ScorerRow(Row):
    """A scorer with settings, under the name that floors call its metric."""

    kind: ScorerKind
    """How it scores."""
    field: Text | None = None
    """For `json_field`: the field of a JSON answer, with dots for inner ones."""
    pattern: Pattern | None = None
    """For `regex`: what the answer must match (linear-time syntax); without it the sample's target is the pattern."""
    tolerance: Annotated[float, Field(ge=0, le=1), BeforeValidator(number)] | None = None
    """For `numeric`: the largest difference relative to the target; one millionth if not stated."""
    model: ModelReference | None = None
    """For `judge`: the portfolio model that judges."""
    rubric: Text | None = None
    """For `judge`: what makes an answer a good one."""
    entry_point: Name | None = None
    """For `python`: a name of the entry-point group `weighbridge.scorers`."""

    @model_validator(mode="after")
    def _fits_kind(self) -> "ScorerRow":
        for name, kind in _OWN_FIELDS.items():
            is_stated = getattr(self, name) is not None
            if is_stated and kind is not self.kind:
                raise wrong(f"no {name}; only kind {kind} reads it", at=(name,))
            if not is_stated and kind is self.kind and name in _MUST_STATE:
                raise wrong(f"{name}, which kind {kind} needs")
        return self


class FloorsRow(Row):
    """One `minimum_<metric>` or `maximum_<metric>` for each metric."""

    minimums: dict[str, Limit]
    """Metric → lowest acceptable value; written as `minimum_<metric>: value`."""
    maximums: dict[str, Limit]
    """Metric → highest acceptable value; written as `maximum_<metric>: value`."""

    @model_validator(mode="before")
    @classmethod
    def _collect(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        rest = {key: value for key, value in values.items() if not str(key).startswith((MINIMUM, MAXIMUM))}
        floors = {
            name: {key: value for key, value in values.items() if str(key).startswith(prefix)}
            for name, prefix in (("minimums", MINIMUM), ("maximums", MAXIMUM))
        }
        return {**rest, **floors}

    @model_validator(mode="after")
    def _states_one(self) -> "FloorsRow":
        if not self.minimums and not self.maximums:
            raise wrong("at least one minimum, such as minimum_exact_match: 0.9")
        return self

    @property
    def metrics(self) -> list[str]:
        """What it sets a floor for."""
        return [key.removeprefix(MINIMUM).removeprefix(MAXIMUM) for key in (*self.minimums, *self.maximums)]


class SliceRow(FloorsRow):
    """Floors for the samples with one tag."""


class DriftRow(Row):
    """What ends a proof before its time: long-run limits that each proved model is held to in traffic."""

    maximum_invalid: Rate | None = None
    """Share of answers that break the contract."""
    maximum_refused: Rate | None = None
    """Share of answers that the model refused, or its host for reasons of content."""
    maximum_fallback: Rate | None = None
    """Share of requests that it was the first choice for and another one answered."""
    maximum_corrected: Rate | None = None
    """Share of its reviewed answers that people corrected or rejected."""
    maximum_latency_p95_s: Seconds | None = None
    """Seconds that 95 % of its calls keep within."""
    maximum_cost_per_valid_usd: Annotated[float, Field(gt=0, le=1e6), BeforeValidator(number)] | None = None
    """US dollars for a valid answer, failed attempts included."""
    maximum_input_shift: Rate | None = None
    """Kolmogorov-Smirnov distance of the inputs' lengths from those of the proof's dataset."""
    maximum_confidence_shift: Rate | None = None
    """The same of the answers' confidence."""
    minimum_judge: Rate | None = None
    """Mean score by the judge of the task's `shadow`: 1 for an answer that is no worse than the challenger's in either
    order, 0.5 in one of them."""
    false_alarm: Rate = 0.01
    """The most probable it may be that a model which keeps every limit is ever demoted on one proof."""
    ends_with_version: Flag = True
    """A model version that the proof was not made with ends it at once, where the host reports versions."""


class QualityGateRow(FloorsRow):
    """The evaluation that a model must have passed to serve the task, with one `minimum_<metric>` for each metric."""

    dataset: Text
    """Path of the evaluation set, relative to the config."""
    on_missing: OnMissingProof = OnMissingProof.FALLBACK
    """Without a valid proof: `refuse` every model, serve the `fallback` in place of the primary, or only `warn`."""
    strict: Flag = True
    """A floor is met by the one-sided 95 % confidence bound; with `false` the measured value is enough."""
    split: Text = "test"
    """The held-out part of the dataset that counts."""
    max_age_days: Count = 90
    """A proof that is older is stale."""
    slices: dict[str, SliceRow] = Field(default_factory=dict)
    """Tag → floors for the samples that carry it."""
    scorers: dict[Name, ScorerRow] = Field(default_factory=dict)
    """Scorers with settings, by the name that floors call their metric."""
    drift: DriftRow | None = None
    """What ends a proof before its time; without it, nothing does."""

    @model_validator(mode="after")
    def _knows_its_metrics(self) -> "QualityGateRow":
        rows: dict[tuple[str, ...], FloorsRow] = {(): self}
        rows |= {("slices", tag): row for tag, row in self.slices.items()}
        for path, row in rows.items():
            for key, value in {**row.minimums, **row.maximums}.items():
                self._check(key.removeprefix(MINIMUM).removeprefix(MAXIMUM), value, (*path, key))
        return self

    def _check(self, metric: str, value: float, at: tuple[str, ...]) -> None:
        if value > 1 and metric not in UNBOUNDED:
            raise wrong("at most 1", at=at)
        if metric.startswith(tuple(f"{name}_" for name in LABEL_METRICS)):
            return
        plain = [kind.value for kind in ScorerKind if kind not in _NEEDS_A_RULE]
        checked_name(metric, "metrics", [*self.scorers, *plain, MACRO_F1, *RUN_METRICS], at=at)


def publish_floors(schema: dict[str, Any]) -> None:
    """Write the collected floors as an editor must know them: as key patterns."""
    for name in ("QualityGateRow", "SliceRow"):
        row = schema["$defs"][name]
        limit = row["properties"].pop("minimums")["additionalProperties"]
        row["properties"].pop("maximums")
        free = f"^({MINIMUM}|{MAXIMUM})({'|'.join(UNBOUNDED)})$"
        share = f"^({MINIMUM}|{MAXIMUM})(?!({'|'.join(UNBOUNDED)})$)[A-Za-z0-9_.-]+$"
        row["patternProperties"] = {free: limit, share: {**limit, "maximum": 1}}
        row["required"] = [key for key in row["required"] if key not in {"minimums", "maximums"}]
