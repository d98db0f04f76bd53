"""Drift on known truth: how often a good model is demoted, how soon a bad one, and what counts as a sign."""

import random
from collections.abc import Iterator, Sequence

import pytest

from make import a_decision, a_record, an_attempt
from weighbridge.domain.attempt import Step, StepKind
from weighbridge.domain.drift import Detector, DriftRule, Monitor, Sketch, Watched
from weighbridge.domain.money import Money
from weighbridge.domain.news import Hindsight
from weighbridge.domain.proof import Proof
from weighbridge.domain.record import OutcomeStatus, Record
from weighbridge.domain.usage import Usage
from weighbridge.domain.verdict import Finding, FindingCode, Verdict, VerdictStatus
from weighbridge.routing.detector import observe
from weighbridge.routing.drift import begun, ks_distance, psi, sketch_of, threshold, watch

AT = "2026-11-25T12:00:00Z"
PROOF = Proof("tag", "fast-small", "2026-11-24T00:00:00Z", {}, (), served_by=("v1",))
BROKEN = Verdict(VerdictStatus.INVALID, (Finding(FindingCode.NOT_JSON, "no JSON"),))
UNSURE = Verdict(VerdictStatus.INVALID, (Finding(FindingCode.ESCALATION_RULE, "not sure"),))
REFUSED = Verdict(VerdictStatus.REFUSED, (Finding(FindingCode.REFUSED, "no"),))


def a_rule(false_alarm: float = 0.01, **limits: float) -> DriftRule:
    return DriftRule({Monitor(name): limit for name, limit in limits.items()}, false_alarm)


def watched(records: Sequence[Record | Hindsight], rule: DriftRule, proof: Proof = PROOF) -> Watched:
    state = begun(None, proof, "basis")
    for record in records:
        state = watch(state, record, proof, rule, AT)
    return state


def mean_of(monitor: Monitor, *records: Record | Hindsight, limit: float = 0.5) -> float | None:
    gauge = watched(records, DriftRule({monitor: limit}, 1e-9)).gauges.get(monitor)
    return None if gauge is None else gauge.total / gauge.detector.n


def answers(*verdicts: Verdict) -> Record:
    attempts = [an_attempt(verdict=verdict) for verdict in verdicts]
    return a_record(attempts=tuple(attempts))


def alarm_after(draws: Iterator[float], threshold: float, most: int) -> int | None:
    detector = Detector()
    for n, ratio in enumerate(draws, start=1):
        detector = observe(detector, (ratio,))
        if detector.evidence >= threshold:
            return n
        if n == most:
            return None
    return None


def failures(rate: float, limit: float, seed: int, good: int = 0) -> Iterator[float]:
    draw = random.Random(seed).random  # noqa: S311
    while True:
        yield (draw() < (limit / 2 if good > 0 else rate)) / limit
        good -= 1


def test_a_model_that_just_keeps_its_limit_is_demoted_no_more_often_than_stated() -> None:
    alarms = sum(alarm_after(failures(0.2, 0.2, seed), 1 / 0.1, 600) is not None for seed in range(1_000))
    assert 0 < alarms <= 100 + 2.33 * (1_000 * 0.1 * 0.9) ** 0.5


@pytest.mark.parametrize(("rate", "good", "median"), [(0.3, 0, 30), (0.3, 500, 60), (1.0, 500, 10)])
def test_a_bad_model_is_found_soon(rate: float, good: int, median: int) -> None:
    found = [alarm_after(failures(rate, 0.05, seed, good), 100, good + 400) for seed in range(60)]
    delays = sorted(at - good for at in found if at is not None)
    assert len(delays) == 60
    assert delays[30] <= median


def test_costs_of_any_height_keep_the_promise_too() -> None:
    def costs(seed: int) -> Iterator[float]:
        draw = random.Random(seed)  # noqa: S311
        while True:  # half are valid, and the mean cost is half the limit: at the limit exactly
            yield draw.expovariate(2.0) + (draw.random() < 0.5)

    alarms = sum(alarm_after(costs(seed), 1 / 0.1, 300) is not None for seed in range(600))
    assert alarms <= 60 + 2.33 * (600 * 0.1 * 0.9) ** 0.5


def test_inputs_like_the_proof_s_are_no_drift_and_others_are() -> None:
    draw = random.Random(7)  # noqa: S311
    alike, longer = 0, 0
    for _ in range(60):
        sketch = sketch_of([draw.gauss(100, 20) for _ in range(200)])
        assert sketch is not None
        proof = Proof("tag", "fast-small", PROOF.made_at, {}, (), sketches={"input_shift": sketch})
        rule = a_rule(0.05, input_shift=0.1)
        for mean in (100.0, 130.0):
            state = begun(None, proof, "basis")
            for _ in range(250):
                record = a_record(attempts=(an_attempt(usage=Usage(round(draw.gauss(mean, 20)), 2)),))
                state = watch(state, record, proof, rule, AT)
            alike += mean == 100.0 and state.demotion is not None
            longer += mean == 130.0 and state.demotion is not None
    assert alike <= 3
    assert longer >= 57


@pytest.mark.parametrize(
    ("monitor", "record", "value"),
    [
        (Monitor.INVALID, answers(BROKEN), 1.0),
        (Monitor.INVALID, answers(BROKEN, Verdict(VerdictStatus.VALID)), 1.0),
        (Monitor.INVALID, answers(UNSURE), 0.0),
        (Monitor.INVALID, answers(REFUSED), 0.0),
        (Monitor.REFUSED, answers(REFUSED), 1.0),
        (Monitor.REFUSED, answers(BROKEN), 0.0),
        (Monitor.FALLBACK, a_record(), 0.0),
        (Monitor.FALLBACK, a_record(served_model="big"), 1.0),
        (Monitor.FALLBACK, a_record(served_model=None, status=OutcomeStatus.FAILED), 1.0),
        (Monitor.FALLBACK, a_record(served_model=None, status=OutcomeStatus.CANCELLED), None),
        (Monitor.FALLBACK, a_record(decision=a_decision(order=("big",))), None),
        (Monitor.LATENCY, a_record(attempts=(an_attempt(latency_s=0.6),)), 1.0),
        (Monitor.LATENCY, a_record(attempts=(an_attempt(latency_s=0.4),)), 0.0),
        (Monitor.CORRECTED, Hindsight(a_record(), Monitor.CORRECTED, 1.0), 1.0),
        (Monitor.CORRECTED, Hindsight(a_record(attempts=(an_attempt("big"),)), Monitor.CORRECTED, 1.0), None),
    ],
)
def test_what_a_record_says(monitor: Monitor, record: Record | Hindsight, value: float | None) -> None:
    assert mean_of(monitor, record) == value


def test_a_host_that_failed_says_nothing_of_the_model() -> None:
    unheard = an_attempt(verdict=Verdict(VerdictStatus.UNCHECKED), error_code="provider_unavailable")
    discarded = an_attempt(step=Step(StepKind.DISCARD, "hedge"))
    assert mean_of(Monitor.INVALID, a_record(attempts=(unheard,)), a_record(attempts=(discarded,))) is None


def test_content_that_its_host_refuses_is_a_refusal() -> None:
    refused = an_attempt(verdict=Verdict(VerdictStatus.UNCHECKED), error_code="content_policy")
    assert mean_of(Monitor.REFUSED, a_record(attempts=(refused,))) == 1.0


def test_an_unknown_cost_is_left_out_and_not_taken_for_nothing() -> None:
    unknown = a_record(attempts=(an_attempt(cost=None),))
    dear = a_record(attempts=(an_attempt(verdict=BROKEN, cost=Money.usd("0.5")), an_attempt(cost=Money.usd("0.25"))))
    gauge = watched([unknown, dear], a_rule(1e-9, cost_per_valid_usd=0.1)).gauges[Monitor.COST_PER_VALID]
    assert (gauge.detector.n, gauge.total, gauge.good) == (1, 0.75, 1)


def test_another_version_ends_the_proof_at_once_where_versions_are_told() -> None:
    old, new = a_record(attempts=(an_attempt(served_by="v1"),)), a_record(attempts=(an_attempt(served_by="v2"),))
    assert watched([old, a_record()], a_rule()).demotion is None
    demotion = watched([old, new], a_rule()).demotion
    assert demotion is not None
    assert demotion.monitor is Monitor.VERSION
    assert "reported v2, proved v1" in demotion.sentence
    assert watched([new], DriftRule(ends_with_version=False)).demotion is None
    silent = Proof("tag", "fast-small", PROOF.made_at, {}, ())
    assert watched([new], a_rule(), silent).demotion is None


def test_a_demotion_tells_what_was_seen_and_nothing_is_watched_after_it() -> None:
    rule = a_rule(invalid=0.05)
    state = watched([answers(BROKEN)] * 3, rule)
    assert state.demotion is not None
    assert state.demotion.numbers == {"limit": "0.05", "observations": 3, "seen": "1", "recent": "1"}
    assert watch(state, answers(BROKEN), PROOF, rule, AT) is state


def test_only_a_proof_whose_answers_are_younger_recovers() -> None:
    demoted = watched([answers(BROKEN)] * 3, a_rule(invalid=0.05))
    same_answers = Proof("tag", "fast-small", PROOF.made_at, {}, ())
    assert begun(demoted, same_answers, "other").demotion == demoted.demotion
    younger = Proof("tag", "fast-small", "2026-11-25T12:00:00.000001Z", {}, ())
    assert begun(demoted, younger, "other") == Watched("tag", "fast-small", "other")


def test_a_changed_rule_begins_the_evidence_afresh() -> None:
    state = watched([answers(BROKEN)], a_rule(invalid=0.05))
    assert begun(state, PROOF, "basis") is state
    assert begun(state, PROOF, "other").gauges == {}


def test_false_alarms_are_shared_among_the_monitors() -> None:
    rule = a_rule(0.02, invalid=0.1, input_shift=0.1)
    assert threshold(Monitor.INVALID, rule) == pytest.approx(100)
    assert threshold(Monitor.INPUT_SHIFT, rule) == pytest.approx(200)


def test_a_sketch_of_equal_values_has_one_cut() -> None:
    assert sketch_of([3, 3, 3]) == Sketch(3, (3.0,), (0.0,))
    assert sketch_of([]) is None


def test_distances_are_nothing_for_the_same_mix_and_large_for_another() -> None:
    sketch = sketch_of(range(1, 101))
    assert sketch is not None
    same, other = [10] * 10, [0] * 9 + [100]
    assert ks_distance(same, sketch) == pytest.approx(0)
    assert psi(same, sketch) == pytest.approx(0)
    assert ks_distance(other, sketch) == pytest.approx(0.9)
    assert psi(other, sketch) > 0.25
