"""The index of documents: found by their words, as far as the asker may get them, and gone when they are removed."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from databases import connected
from weighbridge.context.documents.read import read_document
from weighbridge.domain.document import CutDocument
from weighbridge.domain.levels import Sensitivity
from weighbridge.domain.material import Source
from weighbridge.domain.search import Search
from weighbridge.domain.secret import Secret
from weighbridge.store.full_text import FULL_TEXT
from weighbridge.store.records import StoredRecords
from weighbridge.store.sources import StoredSources

TODAY = date(2026, 11, 26)


@pytest.fixture
async def sources(place: Path | Secret) -> AsyncIterator[StoredSources]:
    records = await StoredRecords.open(place)
    yield StoredSources(records)
    await records.close()


def a_document(name: str, text: str, collection: str = "c", **labels: Any) -> CutDocument:
    return read_document(collection, f"{name}.md", text.encode(), defaults={}, stated=labels)


async def found(sources: StoredSources, question: str, *collections: str, **fields: Any) -> list[Source]:
    return await sources.search(Search(question, collections, TODAY, **fields))


async def ids(sources: StoredSources, question: str, *collections: str, **fields: Any) -> list[str]:
    return [source.id for source in await found(sources, question, *collections, **fields)]


async def test_a_question_finds_the_passage_that_answers_it(sources: StoredSources) -> None:
    await sources.put([a_document("sla", "# SLA\n\n## Uptime\n\nWe promise 99.9 %.\n\n## Fees\n\nTen euros.")])
    assert await ids(sources, "Which uptime is promised?") == ["c/sla.md:uptime"]


async def test_relevance_tells_how_much_of_the_question_a_passage_holds(sources: StoredSources) -> None:
    await sources.put([a_document("a", "uptime of gold"), a_document("b", "uptime"), a_document("d", "silver")])
    relevances = {source.id: source.relevance or 0.0 for source in await found(sources, "uptime gold")}
    assert relevances["c/a.md:1"] == 1.0
    assert 0.0 < relevances["c/b.md:1"] < 1.0


async def test_a_rare_word_weighs_more_than_a_common_one(sources: StoredSources) -> None:
    await sources.put([a_document(f"n{number}", f"plan number {number}") for number in range(20)])
    await sources.put([a_document("gold", "the gold thing")])
    assert (await ids(sources, "gold plan"))[0] == "c/gold.md:1"


async def test_a_new_version_takes_the_place_of_the_old_one(sources: StoredSources) -> None:
    await sources.put([a_document("sla", "uptime 99.5")])
    await sources.put([a_document("sla", "availability 99.9")])
    assert await ids(sources, "uptime") == []
    assert await ids(sources, "availability") == ["c/sla.md:1"]


async def test_what_is_removed_is_not_found_and_leaves_no_text(sources: StoredSources, place: Path | Secret) -> None:
    await sources.put([a_document("secret", "quokkas are plentiful")])
    assert await sources.remove(["c/secret.md", "c/none.md"]) == 1
    assert await ids(sources, "quokkas") == []
    assert await sources.documents() == []
    with connected(place) as looked:
        count = FULL_TEXT[looked.dialect].count
        assert looked.execute(count, {"words": "quokka"}).fetchone() == (0,)


async def test_what_was_asked_before_counts_half(sources: StoredSources) -> None:
    await sources.put([a_document("a", "uptime of gold"), a_document("b", "gold rings"), a_document("d", "uptime")])
    relevances = {item.id: item.relevance or 0.0 for item in await found(sources, "gold?", before="which uptime?")}
    assert relevances["c/a.md:1"] == 1.0
    assert relevances["c/a.md:1"] > relevances["c/b.md:1"] > relevances["c/d.md:1"] > 0.0


async def test_only_the_named_collections_are_searched(sources: StoredSources) -> None:
    await sources.put([a_document("a", "uptime"), a_document("a", "uptime", collection="d")])
    assert await ids(sources, "uptime", "d") == ["d/a.md:1"]
    assert len(await ids(sources, "uptime")) == 2


async def test_a_stricter_document_is_not_found(sources: StoredSources) -> None:
    await sources.put([a_document("a", "uptime", sensitivity="confidential"), a_document("b", "uptime")])
    assert await ids(sources, "uptime", most_sensitive=Sensitivity.INTERNAL) == ["c/b.md:1"]
    assert len(await ids(sources, "uptime", most_sensitive=Sensitivity.CONFIDENTIAL)) == 2


async def test_a_document_that_states_no_level_is_internal(sources: StoredSources) -> None:
    await sources.put([a_document("a", "uptime")])
    assert await ids(sources, "uptime", most_sensitive=Sensitivity.PUBLIC) == []


async def test_a_document_for_some_readers_is_not_found_by_others(sources: StoredSources) -> None:
    await sources.put([a_document("a", "uptime", readers=["ops"])])
    assert await ids(sources, "uptime", reader="sales") == []
    assert await ids(sources, "uptime", reader="ops") == ["c/a.md:1"]
    assert await ids(sources, "uptime") == ["c/a.md:1"]


async def test_what_took_a_passages_place_comes_along_although_it_says_it_in_other_words(
    sources: StoredSources,
) -> None:
    await sources.put(
        [
            a_document("master", "# M\n\n## Termination\n\nEarly termination costs half of the remaining fees."),
            a_document("amendment", "# A\n\nSection three falls away.", supersedes="master.md:termination"),
        ]
    )
    sources_found = await found(sources, "What does early termination cost?")
    assert [source.id for source in sources_found] == ["c/master.md:termination", "c/amendment.md:a"]
    assert sources_found[0].superseded_by == ("c/amendment.md",)
    assert sources_found[1].relevance == sources_found[0].relevance


async def test_what_will_take_its_place_later_does_not_do_so_yet(sources: StoredSources) -> None:
    later = a_document("new", "other words", supersedes="old.md", effective_from="2026-12-01")
    await sources.put([a_document("old", "uptime"), later])
    assert [source.superseded_by for source in await found(sources, "uptime")] == [()]


async def test_a_replacement_that_the_asker_may_not_see_does_not_come_along(sources: StoredSources) -> None:
    secret = a_document("new", "other words", supersedes="old.md", sensitivity="restricted")
    await sources.put([a_document("old", "uptime"), secret])
    assert await ids(sources, "uptime", most_sensitive=Sensitivity.INTERNAL) == ["c/old.md:1"]


@pytest.mark.parametrize("question", ['"', "NEAR(a b)", "a* OR b", "--", "text:uptime", "é" * 500, "of and", "\x00"])
async def test_a_question_is_words_and_never_a_query(sources: StoredSources, question: str) -> None:
    await sources.put([a_document("a", "uptime")])
    assert isinstance(await found(sources, question), list)


async def test_a_question_of_words_that_everybody_uses_still_ends(sources: StoredSources) -> None:
    await sources.put([a_document(f"n{number}", "uptime gold silver") for number in range(30)])
    assert len(await found(sources, "uptime gold silver", limit=7)) == 7


async def test_a_document_comes_back_with_its_labels_and_passages(sources: StoredSources) -> None:
    await sources.put([a_document("a", "# T\n\nx\n", updated="2026-01-02", deprecated=True)])
    kept = await sources.document("c/a.md")
    assert kept is not None
    assert kept.document.updated == date(2026, 1, 2)
    assert [passage.text for passage in kept.passages] == ["x"]
    assert await sources.document("c/b.md") is None


async def test_a_document_knows_what_took_its_place(sources: StoredSources) -> None:
    await sources.put([a_document("old", "x"), a_document("new", "y", supersedes=["old.md"])])
    superseded = {item.id: item.superseded_by for item in await sources.documents("c")}
    assert superseded == {"c/new.md": (), "c/old.md": ("c/new.md",)}


async def test_what_another_process_adds_is_found(sources: StoredSources, place: Path | Secret) -> None:
    await sources.put([a_document("a", "uptime")])
    assert await ids(sources, "gold") == []
    other = await StoredRecords.open(place)
    await StoredSources(other).put([a_document("b", "gold")])
    await other.close()
    assert await ids(sources, "gold") == ["c/b.md:1"]
