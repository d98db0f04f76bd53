"""Drift: what a model does in traffic after its proof, and when that ends the proof."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Monitor(StrEnum):
    """What is watched of a model that serves a task."""

    INVALID = "invalid"
    """Share of answers that break the task's contract."""
    REFUSED = "refused"
    """Share of answers that the model, or its host for reasons of content, refused."""
    FALLBACK = "fallback"
    """Share of requests that it was the first choice for and another one answered."""
    CORRECTED = "corrected"
    """Share of its reviewed answers that people corrected or rejected."""
    LATENCY = "latency_p95_s"
    """The time that 95 % of its calls keep within."""
    COST_PER_VALID = "cost_per_valid_usd"
    """Dollars for one valid answer, failed attempts included."""
    INPUT_SHIFT = "input_shift"
    """Kolmogorov-Smirnov distance of the inputs' lengths from those of the proof."""
    CONFIDENCE_SHIFT = "confidence_shift"
    """The same of the answers' confidence."""
    JUDGE = "judge"
    """Mean score by a judge, of a sample of its answers."""
    VERSION = "version"
    """The model version that its host reports."""


DISTRIBUTIONS = (Monitor.INPUT_SHIFT, Monitor.CONFIDENCE_SHIFT)
"""Monitors that hold a distribution against the proof's."""


@dataclass(frozen=True, slots=True)
class DriftRule:
    """What ends a proof before its time."""

    limits: Mapping[Monitor, float] = field(default_factory=dict)
    """Monitor → highest acceptable long-run value, for `JUDGE` the lowest; those that are absent are not watched."""
    false_alarm: float = 0.01
    """The most probable it may be that a model which keeps every limit is ever demoted on one proof."""
    ends_with_version: bool = True
    """A version that the proof was not made with ends it at once."""

    @property
    def share(self) -> float:
        """Of `false_alarm`, for each monitor (Bonferroni)."""
        return self.false_alarm / max(1, len(self.limits))


@dataclass(frozen=True, slots=True)
class Sketch:
    """A distribution in a few numbers."""

    n: int
    """Values behind it."""
    cuts: tuple[float, ...]
    """Values that part it, rising."""
    above: tuple[float, ...]
    """For each cut, the share of values above it."""


@dataclass(frozen=True, slots=True)
class Detector:
    """The evidence so far that a limit is broken, for each thing that is counted and each bet on how badly."""

    n: int = 0
    """Observations."""
    wealth: tuple[float, ...] = ()
    """What each bet has come to."""

    @property
    def evidence(self) -> float:
        """An e-value: while the limit is kept, it ever reaches 1/a with probability a at most."""
        return sum(self.wealth) / len(self.wealth) if self.wealth else 0.0


@dataclass(frozen=True, slots=True)
class Gauge:
    """One monitor's state."""

    detector: Detector = Detector()
    """The evidence against the limit."""
    total: float = 0.0
    """Sum of what was observed, in the monitor's own measure: late calls for `LATENCY`, dollars for the cost."""
    good: int = 0
    """Valid answers, for the cost."""
    recent: float | None = None
    """Mean of about the last 50 observations."""
    bins: tuple[int, ...] = ()
    """For distributions: observations between the cuts."""


@dataclass(frozen=True, slots=True)
class Demotion:
    """The end of a proof: what was seen."""

    task: str
    """The task."""
    model: str
    """Portfolio name."""
    at: str
    """UTC, RFC 3339; a proof measured later is not touched by it."""
    record_id: str
    """The request after which that was seen."""
    monitor: Monitor
    """What broke."""
    sentence: str
    """What was seen, in plain English."""
    numbers: Mapping[str, str | int]
    """The figures behind it."""

    def holds_for(self, made_at: str) -> bool:
        """It ends every proof with an answer (made at `made_at`, RFC 3339) that is not younger."""
        return datetime.fromisoformat(made_at) <= datetime.fromisoformat(self.at)


@dataclass(frozen=True, slots=True)
class Watched:
    """A model on a task since its proof."""

    task: str
    """The task."""
    model: str
    """Portfolio name."""
    basis: str
    """Digest of the proof and of the rule; with another one the evidence begins afresh."""
    gauges: Mapping[Monitor, Gauge] = field(default_factory=dict)
    """Each monitor's state; absent before its first observation."""
    demotion: Demotion | None = None
    """What ended the proof; nothing is watched any more then."""
    review_id: str | None = None
    """The review item that the demotion opened."""
