"""What a reranker's scores make of what was found."""

from weighbridge.context.ranking import ranked
from weighbridge.domain.material import Source
from weighbridge.domain.vectors import Scale

SCALE = Scale(unrelated=-4.0, related=6.0)


def a_source(name: str, relevance: float, *superseded_by: str) -> Source:
    return Source(f"{name}:1", name, document=name, relevance=relevance, superseded_by=superseded_by)


def test_the_best_score_stands_first_whatever_the_words_say() -> None:
    made = ranked([a_source("a", 0.9), a_source("b", 0.2)], [-4.0, 5.0], SCALE)
    assert [(item.document, item.score, item.relevance) for item in made] == [("b", 5.0, 0.9), ("a", -4.0, 0.0)]


def test_what_was_not_read_stands_behind_and_counts_for_no_more() -> None:
    made = ranked([a_source("a", 0.9), a_source("b", 0.8), a_source("c", 0.7)], [1.0, 6.0], SCALE)
    assert [item.document for item in made] == ["b", "a", "c"]
    assert [item.relevance for item in made] == [1.0, 0.5, 0.5]
    assert made[-1].score is None


def test_what_took_its_place_counts_for_as_much_as_an_old_version() -> None:
    made = ranked([a_source("old", 0.9, "new"), a_source("new", 0.3), a_source("c", 0.2)], [6.0, -4.0, 0.0], SCALE)
    assert {item.document: item.relevance for item in made} == {"old": 1.0, "new": 1.0, "c": 0.4}


def test_nothing_found_is_nothing_ranked() -> None:
    assert ranked([], [], SCALE) == []
