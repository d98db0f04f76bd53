"""Scorers on known values."""

import sys
from pathlib import Path
from typing import Any

import pytest

from weighbridge.domain.errors import CommandError
from weighbridge.domain.gate import ScorerKind, ScorerRule
from weighbridge.domain.task import CitationRule, Contract
from weighbridge.evals.dataset import Sample
from weighbridge.evals.scorers.case import Case
from weighbridge.evals.scorers.registry import load_scorer, rule_of, score

SCHEMA = '{"type": "object", "required": ["label"]}'


def scored(kind: ScorerKind, text: str, target: str, contract: Contract = Contract(), **rule: Any) -> float:  # noqa: B008
    return score(Case(Sample("1", "?", target), text, contract), ScorerRule(kind, **rule))


@pytest.mark.parametrize(
    ("kind", "answer", "target", "expected"),
    [
        (ScorerKind.EXACT_MATCH, " Legal\n", "legal", 1),
        (ScorerKind.EXACT_MATCH, "legal.", "legal", 0),
        (ScorerKind.LABEL, "TAX", "tax", 1),
        (ScorerKind.CONTAINS, "The label is Legal.", "legal", 1),
        (ScorerKind.CONTAINS, "tax", "legal", 0),
        (ScorerKind.NUMERIC, "3.0", "3", 1),
        (ScorerKind.NUMERIC, "3.1", "3", 0),
        (ScorerKind.NUMERIC, "nan", "3", 0),
        (ScorerKind.NUMERIC, "three", "3", 0),
        (ScorerKind.REGEX, "order 4711", "[0-9]{4}", 1),
        (ScorerKind.REGEX, "order", "[0-9]{4}", 0),
        (ScorerKind.REGEX, "order", "(", 0),
        (ScorerKind.TOKEN_F1, "the red car", "the car", 0.8),
        (ScorerKind.TOKEN_F1, "", "the car", 0),
        (ScorerKind.ROUGE_L, "police killed the gunman", "police kill the gunman", 0.75),
        (ScorerKind.ROUGE_L, "the gunman kill police", "police kill the gunman", 0.5),
    ],
)
def test_a_score_is_what_its_definition_says(kind: ScorerKind, answer: str, target: str, expected: float) -> None:
    assert scored(kind, answer, target) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("answer", "target", "expected"),
    [
        ('{"label": "Tax"}', "tax", 1),
        ('{"label": "tax"}', '{"label": "tax", "why": "x"}', 1),
        ('{"label": 3}', "3", 1),
        ('{"label": true}', "1", 0),
        ('{"other": "tax"}', "tax", 0),
        ("tax", "tax", 0),
    ],
)
def test_a_json_field_is_compared_by_value(answer: str, target: str, expected: float) -> None:
    assert scored(ScorerKind.JSON_FIELD, answer, target, field="label") == expected


def test_an_inner_field_is_reached_with_dots() -> None:
    assert scored(ScorerKind.JSON_FIELD, '{"a": {"b": [1, 2]}}', '{"a": {"b": [1, 2]}}', field="a.b") == 1
    assert scored(ScorerKind.JSON_FIELD, '{"a": 1}', "1", field="a.b") == 0


def test_a_tolerance_is_relative_to_the_target() -> None:
    assert scored(ScorerKind.NUMERIC, "1010", "1000", tolerance=0.01) == 1
    assert scored(ScorerKind.NUMERIC, "1011", "1000", tolerance=0.01) == 0


def test_a_schema_scorer_uses_the_contract() -> None:
    contract = Contract(schema_json=SCHEMA)
    assert scored(ScorerKind.SCHEMA, '{"label": 1}', "x", contract) == 1
    assert scored(ScorerKind.SCHEMA, '{"lable": 1}', "x", contract) == 0
    assert scored(ScorerKind.SCHEMA, "[1]", "x") == 1
    assert scored(ScorerKind.SCHEMA, "no json", "x") == 0


@pytest.mark.parametrize(("text", "expected"), [("It is 99.9 % [a].", 1), ("[a] [b]", 0), ("nothing", 0)])
def test_citations_are_right_when_just_the_wanted_sources_are_cited(text: str, expected: float) -> None:
    sample = Sample("1", "?", None, cites=("a",))
    assert score(Case(sample, text, Contract()), ScorerRule(ScorerKind.CITATIONS)) == expected


def test_citations_in_json_are_read_from_the_contracts_field() -> None:
    contract = Contract(citations=CitationRule(field="sources"))
    sample = Sample("1", "?", None, cites=("a",))
    assert score(Case(sample, '{"sources": ["a"]}', contract), ScorerRule(ScorerKind.CITATIONS)) == 1


def test_a_scorer_in_python_comes_from_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ours.py").write_text("def polite(case):\n    return 0.5 if 'please' in case.text else 7\n")
    folder = tmp_path / "ours-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1\n")
    (folder / "entry_points.txt").write_text("[weighbridge.scorers]\npolite = ours:polite\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert scored(ScorerKind.PYTHON, "yes please", "x", entry_point="polite") == 0.5
    with pytest.raises(CommandError, match="no number from 0 to 1"):
        scored(ScorerKind.PYTHON, "no", "x", entry_point="polite")
    with pytest.raises(CommandError, match="no scorer 'rude'"):
        load_scorer("rude")


def test_a_metric_is_a_declared_scorer_or_a_plain_one() -> None:
    own = ScorerRule(ScorerKind.JSON_FIELD, field="x")
    assert rule_of("category", {"category": own}) is own
    assert rule_of("exact_match", {}) == ScorerRule(ScorerKind.EXACT_MATCH)
    assert rule_of("macro_f1", {}) is None
