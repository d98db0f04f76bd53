"""The gate: hold what was measured against a task's floors, and make the proof of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from weighbridge.config.gate import bindings_of
from weighbridge.domain.drift import Monitor, Sketch
from weighbridge.domain.gate import Floor, QualityGate, ScorerKind
from weighbridge.domain.policy import Policy
from weighbridge.domain.proof import Figure, Proof
from weighbridge.evals import words
from weighbridge.evals.journal import Answer
from weighbridge.evals.judge import Agreement
from weighbridge.evals.metrics import Results, figure
from weighbridge.evals.power import fewest_to_show, samples_needed
from weighbridge.evals.scorers.registry import rule_of
from weighbridge.routing.drift import sketch_of


class GateState(StrEnum):
    """What an evaluation says of a floor, or of all of them."""

    PASSED = "passed"
    FAILED = "failed"
    """The measured value itself is not good enough."""
    TOO_FEW = "too_few"
    """The measured value is good enough, and there are too few samples to be sure."""
    INCOMPLETE = "incomplete"
    """Not every sample could be asked, or a judge is not known to agree with people: nothing is said."""


@dataclass(frozen=True, slots=True)
class FloorResult:
    """One floor and what was measured for it."""

    floor: Floor
    """What was asked for."""
    figure: Figure
    """What came."""
    state: GateState
    """Whether it is reached."""
    needed: int | None = None
    """For `too_few`: samples that would be enough, with probability 0.8, if the value stays; `None` if unknown."""

    @property
    def says(self) -> str:
        """In a few words."""
        floor = self.floor
        limit = f"at least {floor.minimum:g}" if floor.minimum is not None else f"at most {floor.maximum:g}"
        if self.state is GateState.PASSED:
            return f"{limit} is shown"
        if self.state is not GateState.TOO_FEW:
            return f"{limit} is wanted"
        more = "more samples" if self.needed is None else f"about {max(1, self.needed - self.figure.n):,} samples more"
        return f"too few to show {limit}: it takes {more}"

    @property
    def sentence(self) -> str:
        """With the figures."""
        found = self.figure
        value, bound = words.figure(found.value), words.figure(found.bound)
        told = f"{self.floor.name} is {value} over {found.n} samples, with a bound of {bound}"
        return f"{told}; {self.says}"


@dataclass(frozen=True, slots=True)
class GateResult:
    """What the gate says of one model."""

    model: str
    """Portfolio name."""
    state: GateState
    """The worst of its floors."""
    floors: tuple[FloorResult, ...]
    """Each floor."""
    unanswered: int
    """Samples that could not be asked."""
    proof: Proof | None
    """`None` where nothing may be said."""


def judge_floors(
    results: Results, gate: QualityGate, unanswered: int, agreements: Mapping[str, Agreement]
) -> tuple[GateState, tuple[FloorResult, ...]]:
    """Every floor must be reached. That needs no correction for many tests: a gate that lets a model through which
    misses some floor must have erred on that floor, which happens in at most 5 % (intersection-union test, Berger
    1982)."""
    found = tuple(_floor(floor, results, gate) for floor in gate.floors)
    is_judged_blindly = any(
        (rule := rule_of(floor.metric, gate.scorers)) is not None
        and rule.kind is ScorerKind.JUDGE
        and not agreements[floor.metric].may_gate
        for floor in gate.floors
    )
    if unanswered or is_judged_blindly:
        return GateState.INCOMPLETE, found
    states = {item.state for item in found}
    return next(state for state in (GateState.FAILED, GateState.TOO_FEW, GateState.PASSED) if state in states), found


def _floor(floor: Floor, results: Results, gate: QualityGate) -> FloorResult:
    found = figure(floor, results)
    if floor.is_met_by(found.bound if gate.is_strict else found.value):
        return FloorResult(floor, found, GateState.PASSED)
    if found.value is not None and not floor.is_met_by(found.value):
        return FloorResult(floor, found, GateState.FAILED)
    return FloorResult(floor, found, GateState.TOO_FEW, _needed(floor, found))


def _needed(floor: Floor, found: Figure) -> int | None:
    if found.value is None or found.n == 0:
        return None
    if found.method == "clopper_pearson":
        minimum, value = floor.minimum, found.value
        if minimum is None:
            minimum, value = 1 - (floor.maximum or 0.0), 1 - value
        return fewest_to_show(minimum) if value == 1.0 else samples_needed(minimum, value)
    limit = floor.minimum if floor.minimum is not None else floor.maximum
    if found.bound is None or limit is None or found.value == limit:
        return None
    return round(found.n * ((found.value - found.bound) / (found.value - limit)) ** 2) + 1


def make_proof(policy: Policy, task: str, results: Results, floors: tuple[FloorResult, ...], made_at: str) -> Proof:
    """What was measured, bound to what it was measured with. It is made of a failure too, so that nobody has to
    wonder whether the model was ever looked at."""
    answers = [answer for _, answer in results.pairs]
    return Proof(
        task=task,
        model=results.model,
        made_at=min((answer.asked_at for answer in answers if answer.asked_at), default=made_at),
        bindings=bindings_of(policy, task, results.model),
        figures=tuple(item.figure for item in floors),
        served_by=tuple(sorted({answer.served_by for answer in answers if answer.served_by})),
        cost_usd=None if results.cost is None else str(results.cost),
        sketches=_sketches(answers),
    )


def _sketches(answers: list[Answer]) -> dict[str, Sketch]:
    """Of first answers alone: a repaired one has a longer input."""
    first = [answer for answer in answers if answer.calls == 1]
    found = {
        Monitor.INPUT_SHIFT: sketch_of([answer.input_tokens for answer in first if answer.input_tokens is not None]),
        Monitor.CONFIDENCE_SHIFT: sketch_of([answer.confidence for answer in first if answer.confidence is not None]),
    }
    return {monitor.value: sketch for monitor, sketch in found.items() if sketch is not None}
