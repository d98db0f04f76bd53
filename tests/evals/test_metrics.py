"""Metrics and the gate's verdict over known answers."""

import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

from weighbridge.domain.gate import Floor, QualityGate, ScorerKind, ScorerRule
from weighbridge.domain.money import Money
from weighbridge.evals.dataset import Sample
from weighbridge.evals.html_report import html_report
from weighbridge.evals.journal import Answer
from weighbridge.evals.junit import junit
from weighbridge.evals.metrics import Results, confusion, figure
from weighbridge.evals.prove import GateResult, GateState, judge_floors
from weighbridge.evals.summary import differences, summarise


def answered(*said: str | None, target: str = "yes", model: str = "m", **sample: Any) -> Results:
    pairs = [
        (
            Sample(str(at), f"{sample.get('tags', '')} {at}?", target, **sample),
            Answer(text, None if text else "attempts_failed", Money.usd("0.001"), 0.1 + at / 100),
        )
        for at, text in enumerate(said)
    ]
    return Results(model, tuple(pairs))


def a_gate(*floors: Floor, **changes: Any) -> QualityGate:
    return QualityGate("x.yaml", floors, **changes)


def test_an_answer_that_is_not_valid_scores_nothing() -> None:
    found = figure(Floor("exact_match", minimum=0.5), answered("yes", "no", None, "yes"))
    assert (found.value, found.n, found.method) == (0.5, 4, "clopper_pearson")


def test_a_refusal_is_right_where_it_was_wanted() -> None:
    pairs = (
        (Sample("a", "a?", None, refuses=True), Answer(None, "attempts_failed", is_refusal=True)),
        (Sample("b", "b?", "yes"), Answer("yes")),
        (Sample("c", "c?", "yes"), Answer(None, "attempts_failed", is_refusal=True)),
    )
    results = Results("m", pairs)
    assert figure(Floor("refusal", minimum=0.5), results).value == pytest.approx(2 / 3)
    assert figure(Floor("exact_match", minimum=0.5), results).value == 0.5


def test_repetitions_and_groups_are_no_further_samples() -> None:
    pairs = [(Sample("a", "?", "yes"), Answer("yes"))] * 50 + [(Sample("b", "?", "yes", group="g"), Answer("yes"))] * 50
    found = figure(Floor("exact_match", minimum=0.5), Results("m", tuple(pairs)))
    assert (found.n, found.method) == (2, "betting")
    assert found.bound is not None
    assert found.bound < 0.5


def test_a_copied_sample_proves_no_more_than_one() -> None:
    pairs = tuple((Sample(str(at), "the same", "yes"), Answer("yes")) for at in range(100))
    found = figure(Floor("exact_match", minimum=0.9), Results("m", pairs))
    assert found.n == 1
    assert found.bound is not None
    assert found.bound < 0.1


def test_class_metrics_come_from_the_labels() -> None:
    pairs = [
        *((Sample(f"a{at}", f"a{at}", "tax"), Answer("tax")) for at in range(8)),
        *((Sample(f"b{at}", f"b{at}", "tax"), Answer("legal")) for at in range(2)),
        *((Sample(f"c{at}", f"c{at}", "legal"), Answer("LEGAL")) for at in range(10)),
    ]
    results = Results("m", tuple(pairs))
    value = {
        name: figure(Floor(name, minimum=0.1), results).value
        for name in ("recall_tax", "precision_legal", "f1_legal", "macro_f1", "label_accuracy")
    }
    assert value == pytest.approx(
        {
            "recall_tax": 0.8,
            "precision_legal": 10 / 12,
            "f1_legal": 20 / 22,
            "macro_f1": (16 / 18 + 20 / 22) / 2,
            "label_accuracy": 0.9,
        }
    )
    assert confusion(results)["tax", "legal"] == 2


def test_speed_and_money_have_upper_bounds() -> None:
    results = answered(*["yes"] * 100)
    slow = figure(Floor("latency_p95_s", maximum=2), results)
    assert slow.value == pytest.approx(1.04)
    assert slow.bound is not None
    assert slow.bound >= 1.04
    assert figure(Floor("cost_usd", maximum=1), results).value == pytest.approx(0.001)
    half = answered(*["yes", None] * 30)
    assert figure(Floor("cost_per_valid_usd", maximum=1), half).value == pytest.approx(0.002)


def test_an_unknown_cost_stays_unknown_and_meets_no_floor() -> None:
    results = Results("m", ((Sample("a", "?", "yes"), Answer("yes", cost=None)),))
    gate = a_gate(Floor("cost_usd", maximum=1))
    state, floors = judge_floors(results, gate, 0, {})
    assert (state, floors[0].figure.value) == (GateState.TOO_FEW, None)


@pytest.mark.parametrize(
    ("right", "wrong", "is_strict", "expected"),
    [
        (29, 0, True, GateState.PASSED),
        (28, 0, True, GateState.TOO_FEW),
        (28, 0, False, GateState.PASSED),
        (80, 20, True, GateState.FAILED),
        (80, 20, False, GateState.FAILED),
    ],
)
def test_a_floor_is_shown_by_its_bound_or_it_is_not_shown(
    right: int, wrong: int, is_strict: bool, expected: GateState
) -> None:
    results = answered(*["yes"] * right, *["no"] * wrong)
    state, _ = judge_floors(results, a_gate(Floor("exact_match", minimum=0.9), is_strict=is_strict), 0, {})
    assert state is expected


def test_too_few_says_how_many_more() -> None:
    results = answered(*["yes"] * 95, *["no"] * 5)
    _, floors = judge_floors(results, a_gate(Floor("exact_match", minimum=0.9)), 0, {})
    assert floors[0].needed is not None
    assert 190 <= floors[0].needed <= 215
    assert "samples more" in floors[0].sentence


def test_one_slice_below_its_floor_fails_the_gate() -> None:
    good, bad = answered(*["yes"] * 60), answered(*["no"] * 10, tags=frozenset({"billing"}))
    results = Results("m", (*good.pairs, *bad.pairs))
    gate = a_gate(Floor("exact_match", minimum=0.5), Floor("exact_match", minimum=0.5, tag="billing"))
    state, floors = judge_floors(results, gate, 0, {})
    assert [item.state for item in floors] == [GateState.PASSED, GateState.FAILED]
    assert state is GateState.FAILED


def test_what_was_not_asked_says_nothing() -> None:
    state, _ = judge_floors(answered(*["yes"] * 60), a_gate(Floor("exact_match", minimum=0.5)), 1, {})
    assert state is GateState.INCOMPLETE


def test_a_model_just_below_its_floor_passes_in_at_most_5_of_100_evaluations() -> None:
    gate, rng = a_gate(Floor("exact_match", minimum=0.92)), np.random.default_rng(19)
    yes = answered(*["yes"] * 300).pairs
    no = answered(*["no"] * 300).pairs
    draws = rng.binomial(300, 0.9199, 4_000).tolist()
    states = {right: judge_floors(Results("m", (*yes[:right], *no[right:])), gate, 0, {})[0] for right in set(draws)}
    passed = np.mean([states[right] is GateState.PASSED for right in draws])
    assert 0.01 <= passed <= 0.05 + 0.01


def test_junit_tells_failures_and_errors_apart() -> None:
    gate = a_gate(Floor("exact_match", minimum=0.9))
    states = []
    for said, unanswered in ((["yes"] * 40, 0), (["no"] * 40, 0), (["yes"] * 40, 3)):
        state, floors = judge_floors(answered(*said), gate, unanswered, {})
        states.append(GateResult("m", state, floors, unanswered, None))
    root = ET.fromstring(junit("tag", states))  # noqa: S314 (our own)
    assert [suite.get("failures") for suite in root] == ["0", "1", "0"]
    assert [suite.get("errors") for suite in root] == ["0", "0", "1"]


def test_the_front_holds_models_that_no_other_beats() -> None:
    good, cheap, worse = (answered(*said, model=name) for name, said in SAID.items())
    rows = summarise([good, cheap, worse], ["exact_match"], {})
    assert [row.is_on_front for row in rows] == [True, False, False]
    assert rows[0].quality[0].wilson is not None


SAID = {"good": ["yes"] * 40, "cheap": ["yes"] * 30 + ["no"] * 10, "worse": ["no"] * 40}


def test_the_report_is_one_file_without_scripts_or_addresses() -> None:
    results = [answered(*said, model=name) for name, said in SAID.items()]
    rows = summarise(results, ["label_accuracy", "macro_f1"], {"good": 2})
    page = html_report("<b>tag</b>", ["a & b"], rows, differences(results, "label_accuracy", "good"), results)
    assert page.count("<svg") == 5
    assert "&lt;b&gt;tag&lt;/b&gt;" in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "worse" in page


def test_a_declared_scorer_makes_its_own_metric() -> None:
    results = answered('{"label": "yes"}', '{"label": "no"}')
    own = Results("m", results.pairs, rules={"category": ScorerRule(ScorerKind.JSON_FIELD, field="label")})
    assert figure(Floor("category", minimum=0.1), own).value == 0.5
