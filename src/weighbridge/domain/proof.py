"""A proof: the result of an evaluation, bound by digests to what was evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from weighbridge.domain.drift import Demotion, Sketch


class ProofState(StrEnum):
    """Whether a model has earned a task by its evaluation."""

    PROVED = "proved"
    STALE = "stale"
    """It is too old."""
    MISMATCH = "mismatch"
    """Something that it was made with has changed since."""
    BELOW_FLOOR = "below_floor"
    """The evaluation does not show that the floors are reached."""
    DEMOTED = "demoted"
    """What it did in traffic has ended its proof."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured metric, with what it proves."""

    metric: str
    """As a floor names it."""
    tag: str | None
    """The slice; `None`: all samples."""
    value: float | None
    """As measured; `None` when nothing was measured."""
    bound: float | None
    """One-sided 95 % confidence bound on the side that a floor asks for; `None` when there is too little to tell."""
    n: int
    """Independent samples behind it."""
    method: str
    """How the bound was made, such as `clopper_pearson`."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What an evaluation showed of one model on one task."""

    task: str
    """The task."""
    model: str
    """Portfolio name."""
    made_at: str
    """When the oldest of its answers came: UTC, RFC 3339."""
    bindings: Mapping[str, str]
    """What was evaluated → sha256: `dataset`, `record`, `prompt`, `contract`, `model`, `scorers`."""
    figures: tuple[Figure, ...]
    """What was measured, one for each floor."""
    served_by: tuple[str, ...] = ()
    """Model versions that the host reported meanwhile."""
    cost_usd: str | None = None
    """What its answers cost, exactly; `None` when unknown."""
    sketches: Mapping[str, Sketch] = field(default_factory=dict)
    """Distributions that drift is held against: `input_shift` in tokens as the host counts them, `confidence_shift`."""
    digest: str = ""
    """sha256 over all of it."""


@dataclass(frozen=True, slots=True)
class ProofStanding:
    """What a proof, or the lack of one, says today."""

    state: ProofState
    """Before its age is looked at."""
    numbers: Mapping[str, str | int] = field(default_factory=dict)
    """What a reader needs to know of it."""
    digest: str | None = None
    """Of the proof; `None` when there is none."""
    stale_from: date | None = None
    """First day on which it is too old."""
    made_at: str | None = None
    """Of the proof."""

    def on(self, today: date) -> ProofState:
        """The state on a day."""
        is_old = self.stale_from is not None and today >= self.stale_from
        return ProofState.STALE if is_old and self.state is ProofState.PROVED else self.state

    def after(self, demotion: Demotion | None) -> "ProofStanding":
        """The same once traffic has shown otherwise, if it has: only a younger proof recovers from that."""
        if demotion is None or self.made_at is None or not demotion.holds_for(self.made_at):
            return self
        numbers = {"monitor": demotion.monitor.value, **demotion.numbers}
        return replace(self, state=ProofState.DEMOTED, numbers=numbers)


NO_PROOF = ProofStanding(ProofState.MISSING)
