"""A judge: asked in both orders, held against people before it may open a gate."""

import json
from pathlib import Path

import pytest

from weighbridge.cli.main import invoke
from weighbridge.domain.gate import ScorerKind, ScorerRule
from weighbridge.evals.dataset import Sample
from weighbridge.evals.journal import Answer
from weighbridge.evals.judge import agreement, judged_scores, questions_for

RULE = ScorerRule(ScorerKind.JUDGE, model="referee", rubric="The better one.")
SAMPLE = Sample("1", "Which kind?", "invoice")
CONFIG = """
version: 1
hosts:
  pretend: {provider: simulated, dialect: simulated, options: {answer: invoice}}
  court:
    provider: simulated
    dialect: simulated
    options:
      answer: same
      answers:
        - {contains: '"first":"legal"', answer: second}
        - {contains: '"second":"legal"', answer: first}
models:
  small: {host: pretend, price: {input_usd_per_million: 1, output_usd_per_million: 1},
    context_window_tokens: 8000, max_output_tokens: 100, tier: small}
  referee: {host: court, price: {input_usd_per_million: 9, output_usd_per_million: 9},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}
tasks:
  tag:
    risk_level: low
    primary_model: small
    quality_gate:
      dataset: tags.jsonl
      on_missing: refuse
      minimum_fine: 0.8
      scorers: {fine: {kind: judge, model: referee, rubric: The better one.}}
"""


def said(first: str | None, second: str | None, *, is_fault: bool = False) -> dict[tuple[str, str], float]:
    answers = dict(
        zip(
            questions_for("fine", RULE, [(SAMPLE, "bill")]),
            (Answer(first), Answer(second, is_fault=is_fault)),
            strict=True,
        )
    )
    return judged_scores("fine", RULE, [(SAMPLE, "bill")], answers)


@pytest.mark.parametrize(
    ("answer_first", "answer_second", "expected"),
    [("first", "second", 1), ("same", "same", 1), ("second", "first", 0), ("first", "first", 0.5), (None, "same", 0.5)],
)
def test_both_orders_count_the_same(answer_first: str | None, answer_second: str, expected: float) -> None:
    assert list(said(answer_first, answer_second).values()) == [expected]


def test_a_judge_that_was_not_heard_says_nothing() -> None:
    assert said("first", None, is_fault=True) == {}


def test_agreement_is_beyond_chance_or_it_is_none() -> None:
    people = [Sample(str(at), "?", "x", answer="y", is_good=at % 2 == 0) for at in range(40)]
    assert agreement(people, [float(item.is_good or 0) for item in people]).may_gate
    assert not agreement(people, [1.0] * 40).may_gate
    assert not agreement(people[:29], [float(item.is_good or 0) for item in people[:29]]).may_gate
    swayed = agreement(people, [0.5] * 40)
    assert (swayed.inconsistent, swayed.may_gate) == (1.0, False)
    assert agreement([], []).share is None


def test_a_judge_that_agrees_with_people_opens_the_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weighbridge.yaml").write_text(CONFIG)
    rows: list[dict[str, object]] = [{"id": f"q{at}", "input": f"mail {at}", "target": "invoice"} for at in range(30)]
    rows += [
        {"id": f"h{at}", "input": f"old {at}", "target": "invoice", "split": "human", "answer": answer, "is_good": good}
        for at, (answer, good) in enumerate([("invoice", True), ("legal", False)] * 20)
    ]
    (tmp_path / "tags.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert invoke(["eval", "gate", "tag"]) == 0
    assert "agrees with people on 1.00 of 40" in " ".join(capsys.readouterr().out.split())
    assert (tmp_path / "proofs" / "tag" / "small.json").exists()
