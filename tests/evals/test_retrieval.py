"""Measures of retrieval against values worked out by hand."""

from dataclasses import replace
from datetime import date
from math import log2
from pathlib import Path

import pytest

from weighbridge.domain.errors import CommandError
from weighbridge.domain.evidence import EvidenceRule
from weighbridge.domain.material import Source
from weighbridge.evals.retrieval import RetrievalSample, Retrieved, figures, judge_retrieval, read_questions, spreads

TODAY = date(2026, 11, 26)
RULE = EvidenceRule(collections=("h",), min_relevance=0.3, most_sources=2)


def found(*names: str, relevance: float = 0.9) -> list[Source]:
    return [Source(f"h/{name}", f"text of {name}", document=f"h/{name}", relevance=relevance) for name in names]


def judged(sources: list[Source], *expects: str) -> Retrieved:
    return judge_retrieval(RetrievalSample("q", expects), sources, RULE, len, TODAY)


def test_a_rank_counts_from_one_and_an_expected_id_may_go_without_its_collection() -> None:
    assert judged(found("a", "b", "c"), "b", "h/c", "d").ranks == (2, 3, None)


def test_shown_is_what_the_task_would_pack() -> None:
    assert judged(found("a", "b", "c"), "a").is_shown
    assert not judged(found("a", "b", "c"), "c").is_shown
    assert judged(found("a", relevance=0.1)).is_shown
    assert not judged(found("a")).is_shown


def test_figures_are_the_means_that_the_papers_define() -> None:
    results = [judged(found("a", "b", "c"), "a"), judged(found("a", "b", "c"), "c"), judged(found("a"), "x")]
    told = {figure.name: figure for figure in figures(results, 2)}
    assert told["recall@2"].value == pytest.approx(1 / 3)
    assert told["MRR"].value == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert told["nDCG@2"].value == pytest.approx((1 + 0 + 0) / 3)
    assert all(figure.n == 3 for figure in told.values())


def test_the_gain_of_several_expected_passages_is_held_against_the_best_order() -> None:
    told = {figure.name: figure.value for figure in figures([judged(found("x", "a", "b"), "a", "b")], 3)}
    assert told["nDCG@3"] == pytest.approx((1 / log2(3) + 1 / log2(4)) / (1 / log2(2) + 1 / log2(3)))


@pytest.mark.parametrize(
    "text",
    ["", "samples: []", "samples: [1]", "samples: [{question: '', expects: []}]", "samples: [{question: q}]", "a: [b"],
)
def test_a_file_without_questions_is_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "questions.yaml").write_text(text)
    with pytest.raises(CommandError):
        read_questions(tmp_path / "questions.yaml")


def test_similarities_of_what_answers_are_told_apart_from_those_where_nothing_does() -> None:
    near = [replace(source, similarity=0.9 - 0.1 * place) for place, source in enumerate(found("a", "b"))]
    results = [judged(near, "b"), judged(near, "a"), judged(near), judged(found("a"), "a")]
    answers, nothing = spreads(results)
    assert (answers.name, answers.n) == ("what answers", 2)
    assert answers.median == pytest.approx(0.85)
    assert (nothing.n, nothing.low, nothing.high) == (1, 0.9, 0.9)
    assert spreads([judged(found("a"), "a")]) == []
