"""`watch`: what a record, or what people and judges said later, shows of a model that was proved for a task."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from weighbridge.domain.attempt import Attempt, StepKind
from weighbridge.domain.drift import (
    DISTRIBUTIONS,
    Demotion,
    DriftRule,
    Gauge,
    Monitor,
    Sketch,
    Watched,
)
from weighbridge.domain.money import PICO_PER_USD, Money
from weighbridge.domain.news import Hindsight
from weighbridge.domain.proof import Proof
from weighbridge.domain.record import OutcomeStatus, Record
from weighbridge.domain.verdict import FindingCode, VerdictStatus
from weighbridge.routing.detector import observe

CONTENT_POLICY = "content_policy"
LATE_SHARE = 0.05
"""Of calls that may take longer than their limit: it is one for the 95th percentile."""
REMEMBERED = 50
"""Observations that a recent mean goes back to, about."""
_NOT_SURE = frozenset({FindingCode.ESCALATION_RULE, FindingCode.CONFIDENCE_UNKNOWN})
_DECIDED = frozenset({VerdictStatus.VALID, VerdictStatus.INVALID, VerdictStatus.REFUSED})


@dataclass(frozen=True, slots=True)
class Sign:
    """One observation of one monitor."""

    value: float
    """In the monitor's own measure."""
    is_valid: bool = False
    """For the cost: it bought a valid answer."""


def begun(old: Watched | None, proof: Proof, basis: str) -> Watched:
    """The state to go on with: fresh for a new proof or rule, except that a demotion stays until a proof whose answers
    are all younger."""
    if old is not None and old.basis == basis:
        return old
    if old is not None and old.demotion is not None and old.demotion.holds_for(proof.made_at):
        return replace(old, basis=basis)
    return Watched(proof.task, proof.model, basis)


def watch(state: Watched, news: Record | Hindsight, proof: Proof, rule: DriftRule, at: str) -> Watched:
    """The state after one more record, or one more thing that turned out, seen at time `at` (RFC 3339). A demoted model
    is watched no more."""
    if state.demotion is not None:
        return state
    signs = _of_hindsight(news, state) if isinstance(news, Hindsight) else _of_record(news, state, rule)
    gauges = dict(state.gauges)
    record = news.record if isinstance(news, Hindsight) else news
    for monitor, sign in signs:
        limit, sketch = rule.limits.get(monitor), proof.sketches.get(monitor)
        if limit is None or (monitor in DISTRIBUTIONS and sketch is None):
            continue
        gauges[monitor] = _moved(gauges.get(monitor, Gauge()), monitor, sign, limit, sketch, rule.share)
        if gauges[monitor].detector.evidence >= threshold(monitor, rule):
            demotion = demoted(state, record, monitor, at, told(gauges[monitor], monitor, limit, sketch))
            return replace(state, gauges=gauges, demotion=demotion)
    state = replace(state, gauges=gauges)
    version = None if isinstance(news, Hindsight) or not rule.ends_with_version else _new_version(news, state, proof)
    if version is None:
        return state
    numbers = {"reported": version, "proved": ", ".join(proof.served_by)}
    return replace(state, demotion=demoted(state, record, Monitor.VERSION, at, numbers))


def threshold(monitor: Monitor, rule: DriftRule) -> float:
    """The evidence at which a limit counts as broken. Half of a distribution's false alarms are for its sketch."""
    return (2 if monitor in DISTRIBUTIONS else 1) / rule.share


def told(gauge: Gauge, monitor: Monitor, limit: float, sketch: Sketch | None) -> dict[str, str | int]:
    """What a gauge shows, for people."""
    n = gauge.detector.n
    numbers: dict[str, str | int] = {"limit": f"{limit:.4g}", "observations": n}
    if monitor in DISTRIBUTIONS and sketch is not None:
        numbers |= {"ks": f"{ks_distance(gauge.bins, sketch):.3f}", "psi": f"{psi(gauge.bins, sketch):.3f}"}
        return numbers | {"proof_samples": sketch.n}
    if monitor is Monitor.COST_PER_VALID:
        mean = f"{gauge.total / gauge.good:.4g}" if gauge.good else "no valid answer"
        return numbers | {"seen": mean}
    name = "late" if monitor is Monitor.LATENCY else "seen"
    numbers |= {name: f"{gauge.total / n:.4g}" if n else "unknown"}
    return numbers | {"recent": "unknown" if gauge.recent is None else f"{gauge.recent:.4g}"}


def demoted(state: Watched, record: Record, monitor: Monitor, at: str, numbers: Mapping[str, str | int]) -> Demotion:
    """The end of a proof, in figures and words."""
    figures = ", ".join(f"{name} {value}" for name, value in numbers.items())
    what = "its host serves another version" if monitor is Monitor.VERSION else f"{monitor} is over its limit"
    if monitor is Monitor.JUDGE:
        what = "the judge's mean score is under its limit"
    sentence = f"{state.model} lost its proof for {state.task}: {what} ({figures})."
    return Demotion(state.task, state.model, at, record.id, monitor, sentence, numbers)


def ks_distance(bins: Sequence[int], sketch: Sketch) -> float:
    """The largest difference of the two distributions at the sketch's cuts."""
    n = sum(bins)
    if n == 0:
        return 0.0
    over, worst = n, 0.0
    for count, above in zip(bins, sketch.above, strict=False):
        over -= count
        worst = max(worst, abs(over / n - above))
    return worst


def psi(bins: Sequence[int], sketch: Sketch) -> float:
    """Population stability index over the sketch's bins; half an observation is added to each, so that none is empty.

    By convention under 0.1 is none, over 0.25 a large shift (Siddiqi 2006).
    """
    n = sum(bins)
    if n == 0:
        return 0.0
    total = 0.0
    for count, (high, low) in zip(bins, pairwise((1.0, *sketch.above, 0.0)), strict=True):
        expected = (max(0.0, high - low) * sketch.n + 0.5) / (sketch.n + len(bins) / 2)
        actual = (count + 0.5) / (n + len(bins) / 2)
        total += (actual - expected) * math.log(actual / expected)
    return total


def sketch_of(values: Sequence[float], parts: int = 10) -> Sketch | None:
    """Where the tenths of some values lie; `None` of none."""
    if not values:
        return None
    ordered = sorted(map(float, values))
    n = len(ordered)
    cuts = sorted({ordered[min(n - 1, math.ceil(n * part / parts) - 1)] for part in range(1, parts)})
    return Sketch(n, tuple(cuts), tuple(sum(value > cut for value in ordered) / n for cut in cuts))


def _moved(gauge: Gauge, monitor: Monitor, sign: Sign, limit: float, sketch: Sketch | None, share: float) -> Gauge:
    bins = gauge.bins
    if monitor in DISTRIBUTIONS and sketch is not None:
        ratios = _distances(sign.value, sketch, limit, share)
        at = bisect_left(sketch.cuts, sign.value)
        bins = tuple(count + (place == at) for place, count in enumerate(bins or (0,) * (len(sketch.cuts) + 1)))
    else:
        ratios = (_ratio(monitor, sign, limit),)
    recent = sign.value if gauge.recent is None else gauge.recent + (sign.value - gauge.recent) / REMEMBERED
    return Gauge(observe(gauge.detector, ratios), gauge.total + sign.value, gauge.good + sign.is_valid, recent, bins)


def _ratio(monitor: Monitor, sign: Sign, limit: float) -> float:
    match monitor:
        case Monitor.JUDGE:
            return (1 - sign.value) / (1 - limit)
        case Monitor.LATENCY:
            return sign.value / LATE_SHARE
        case Monitor.COST_PER_VALID:  # its mean is at most 1 just when the mean cost is within limit x share of valid
            return sign.value / limit + (not sign.is_valid)
        case _:
            return sign.value / limit


def _distances(value: float, sketch: Sketch, limit: float, share: float) -> tuple[float, ...]:
    """For each cut, being above it and being below it: neither may happen more often than in the proof plus `limit`.

    The proof's own shares are known to within a margin (Dvoretzky-Kiefer-Wolfowitz, with Massart's constant).
    """
    margin = limit + math.sqrt(math.log(4 / share) / (2 * sketch.n))
    ratios = list[float]()
    for cut, above in zip(sketch.cuts, sketch.above, strict=True):
        is_above = value > cut
        ratios += [is_above / min(1.0, above + margin), (not is_above) / min(1.0, 1 - above + margin)]
    return tuple(ratios)


def _of_hindsight(news: Hindsight, state: Watched) -> Iterator[tuple[Monitor, Sign]]:
    attempts = news.record.attempts
    if attempts and attempts[-1].model == state.model:
        yield news.monitor, Sign(news.value)


def _of_record(record: Record, state: Watched, rule: DriftRule) -> Iterator[tuple[Monitor, Sign]]:
    """Attempts that the model was heard in count; the first of them stands for the request where one is enough."""
    own = [attempt for attempt in record.attempts if attempt.model == state.model]
    heard = [attempt for attempt in own if _is_heard(attempt)]
    if record.decision and record.decision.order[:1] == (state.model,) and _is_over(record):
        yield Monitor.FALLBACK, Sign(float(record.served_model != state.model))
    if heard:
        first = heard[0]
        is_refused = _is_refused(first)
        yield Monitor.REFUSED, Sign(float(is_refused))
        yield Monitor.INVALID, Sign(float(_is_broken(first)))
        yield from _measures(first, rule)
    cost = _cost(own)
    if cost is not None and heard:
        is_valid = any(attempt.verdict.is_valid for attempt in heard)
        yield Monitor.COST_PER_VALID, Sign(cost.pico / PICO_PER_USD, is_valid)


def _measures(first: Attempt, rule: DriftRule) -> Iterator[tuple[Monitor, Sign]]:
    most_s = rule.limits.get(Monitor.LATENCY)
    if most_s is not None:
        yield Monitor.LATENCY, Sign(float(first.latency_s > most_s))
    if first.usage is not None and not first.usage.is_estimated:
        yield Monitor.INPUT_SHIFT, Sign(first.usage.prompt_tokens)
    if first.verdict.confidence is not None:
        yield Monitor.CONFIDENCE_SHIFT, Sign(first.verdict.confidence)


def _is_heard(attempt: Attempt) -> bool:
    """An answer came and was judged, or the host refused for reasons of content."""
    if attempt.step.kind in {StepKind.DISCARD, StepKind.TOOLS}:
        return False
    return attempt.error_code == CONTENT_POLICY or (attempt.error_code is None and attempt.verdict.status in _DECIDED)


def _is_broken(attempt: Attempt) -> bool:
    """It breaks the contract; an answer that was only not sure enough shows as a fallback."""
    found = {finding.code for finding in attempt.verdict.findings}
    return attempt.verdict.status is VerdictStatus.INVALID and bool(found - _NOT_SURE)


def _is_refused(attempt: Attempt) -> bool:
    return attempt.error_code == CONTENT_POLICY or attempt.verdict.status is VerdictStatus.REFUSED


def _is_over(record: Record) -> bool:
    """It came to an end that says whether its first choice was good enough."""
    return bool(record.attempts) and record.status not in {OutcomeStatus.CANCELLED, OutcomeStatus.REFUSED}


def _cost(own: Sequence[Attempt]) -> Money | None:
    costs = [call.cost for attempt in own for call in attempt.calls]
    known = [cost for cost in costs if cost is not None]
    return sum(known, Money(0)) if len(known) == len(costs) else None


def _new_version(record: Record, state: Watched, proof: Proof) -> str | None:
    """A version that the proof was not made with; hosts that report none say nothing."""
    reported = (attempt.served_by for attempt in record.attempts if attempt.model == state.model)
    known = set(proof.served_by)
    return next((name for name in reported if name and known and name not in known), None)
