"""A quality gate: what a model must have proved on the task's own evaluation set before it serves the task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from weighbridge.domain.drift import DriftRule


class OnMissingProof(StrEnum):
    """What becomes of a model without a valid proof."""

    REFUSE = "refuse"
    """No model serves without its own proof."""
    FALLBACK = "fallback"
    """The primary does not serve without its proof; the declared fallbacks do, as the careful choice."""
    WARN = "warn"
    """It serves, and the record says that it was not proved."""


class ScorerKind(StrEnum):
    """How an answer is held against its sample; a metric of the same name is the mean of its scores."""

    EXACT_MATCH = "exact_match"
    LABEL = "label_accuracy"
    JSON_FIELD = "json_field"
    NUMERIC = "numeric"
    REGEX = "regex"
    CONTAINS = "contains"
    ROUGE_L = "rouge_l"
    TOKEN_F1 = "token_f1"  # noqa: S105 (no secret: words)
    CITATIONS = "citations"
    SCHEMA = "schema"
    REFUSAL = "refusal"
    JUDGE = "judge"
    PYTHON = "python"


MACRO_F1 = "macro_f1"
"""Mean F1 over the classes; it comes with `label_accuracy`."""
LABEL_METRICS = ("precision", "recall", "f1")
"""Of one class, written `recall_<label>`; they come with `label_accuracy`."""
RUN_METRICS = ("valid_share", "latency_p50_s", "latency_p95_s", "cost_usd", "cost_per_valid_usd")
"""What an evaluation measures beside the scores."""


@dataclass(frozen=True, slots=True)
class ScorerRule:
    """A declared scorer, by the name that metrics call it."""

    kind: ScorerKind
    """How it scores."""
    field: str | None = None
    """For `json_field`: the field of a JSON answer, with dots for inner ones."""
    pattern: str | None = None
    """For `regex`: what the answer must match; without it the sample's target is the pattern."""
    tolerance: float = 1e-6
    """For `numeric`: the largest difference relative to the target."""
    model: str | None = None
    """For `judge`: the portfolio model that judges."""
    rubric: str | None = None
    """For `judge`: what makes an answer a good one."""
    entry_point: str | None = None
    """For `python`: a name of the entry-point group `weighbridge.scorers`."""


@dataclass(frozen=True, slots=True)
class Floor:
    """What one metric must reach."""

    metric: str
    """A scorer's name, `macro_f1`, `recall_<label>` and the like, or one of `RUN_METRICS`."""
    minimum: float | None = None
    """Lowest acceptable value."""
    maximum: float | None = None
    """Highest acceptable value. Exactly one of the two is stated."""
    tag: str | None = None
    """The slice of the dataset that it holds for; `None`: all of the split."""

    @property
    def name(self) -> str:
        """For messages: `exact_match` or `exact_match of billing`."""
        return self.metric if self.tag is None else f"{self.metric} of {self.tag}"

    def is_met_by(self, value: float | None) -> bool:
        """Whether a value is within the floor; an unknown one is not."""
        if value is None:
            return False
        return value >= self.minimum if self.minimum is not None else value <= (self.maximum or 0.0)


@dataclass(frozen=True, slots=True)
class QualityGate:
    """The evaluation a model must have passed to serve the task."""

    dataset: str
    """Path of the evaluation set, relative to the config."""
    floors: tuple[Floor, ...]
    """What must be reached, all of it."""
    on_missing: OnMissingProof = OnMissingProof.FALLBACK
    """What becomes of a model without a valid proof."""
    is_strict: bool = True
    """The confidence bound must reach the floor; otherwise the measured value alone."""
    split: str = "test"
    """The held-out part of the dataset that counts."""
    max_age_days: int = 90
    """A proof that is older is stale."""
    scorers: Mapping[str, ScorerRule] = field(default_factory=dict)
    """Scorers by name, beside those that need nothing declared."""
    drift: DriftRule | None = None
    """What ends a proof before its time; `None`: nothing."""
    dataset_digest: str | None = None
    """sha256 of the dataset's file; `None` where there is none."""
