"""Passages found by their vectors: in SQLite, in PostgreSQL, and in PostgreSQL with pgvector alike."""

import logging
import math
import random
import struct
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from databases import KINDS, a_place, a_schema, connected, pgvector_url
from weighbridge.context.documents.read import read_document
from weighbridge.domain.document import CutDocument
from weighbridge.domain.errors import StoreError
from weighbridge.domain.levels import Sensitivity
from weighbridge.domain.material import Source
from weighbridge.domain.search import Search
from weighbridge.domain.secret import Secret
from weighbridge.domain.vectors import Near, VectorRule, unit_vector
from weighbridge.store import nearest
from weighbridge.store.records import StoredRecords
from weighbridge.store.sources import StoredSources
from weighbridge.store.vectors import pgvector_type

TODAY = date(2026, 11, 27)
RULE = VectorRule(unrelated=0.0, related=1.0)
PGVECTOR = "pgvector"

pytestmark = pytest.mark.xdist_group("vectors")  # one worker, so that one server of our own is enough


@pytest.fixture(params=(*KINDS, PGVECTOR))
def place(request: pytest.FixtureRequest) -> Iterator[Path | Secret]:
    with a_schema(pgvector_url()) if request.param == PGVECTOR else a_place(request.param) as made:
        yield made


@pytest.fixture
async def sources(place: Path | Secret) -> AsyncIterator[StoredSources]:
    records = await StoredRecords.open(place)
    yield StoredSources(records)
    await records.close()


def a_document(name: str, text: str, collection: str = "c", **labels: Any) -> CutDocument:
    return read_document(collection, f"{name}.md", text.encode(), defaults={}, stated=labels)


def towards(*numbers: float) -> bytes:
    return unit_vector(numbers)


async def give(sources: StoredSources, vectors: dict[str, bytes], space: str = "s", collection: str = "c") -> int:
    """Each passage that has none gets the vector of the first word that it holds."""
    missing = await sources.without_vectors(collection, space, 0, 10_000)
    made = [(item, next(vector for word, vector in vectors.items() if word in item.text)) for item in missing]
    return await sources.put_vectors(space, made)


async def found(
    sources: StoredSources, vector: bytes, *collections: str, question: str = "zzz", space: str = "s", **fields: Any
) -> list[Source]:
    near = Near(space, vector, fields.pop("rule", RULE))
    return await sources.search(Search(question, collections, TODAY, near=near, **fields))


def names(sources: list[Source]) -> list[str]:
    return [source.document or "" for source in sources]


async def test_the_kind_with_pgvector_has_it(place: Path | Secret, sources: StoredSources) -> None:
    with connected(place) as session:
        kind = pgvector_type(session)
    assert (kind is not None) == (isinstance(place, Secret) and place.value.startswith(pgvector_url()))


async def test_a_passage_without_a_word_in_common_is_found_by_its_vector(sources: StoredSources) -> None:
    await sources.put([a_document("refund", "money back"), a_document("leave", "parental time")])
    assert await give(sources, {"money": towards(1, 0.1), "parental": towards(0, 1)}) == 2
    best, other = await found(sources, towards(1, 0), question="reimbursement")
    assert (best.document, other.document) == ("c/refund.md", "c/leave.md")
    assert best.similarity == pytest.approx(1 / math.hypot(1, 0.1), abs=1e-4)
    assert best.relevance == best.similarity
    assert (other.similarity, other.relevance) == (0.0, 0.0)


async def test_the_nearest_are_found_exactly(sources: StoredSources) -> None:
    draw = random.Random(7)  # noqa: S311 (numbers of a test)
    wanted = [draw.gauss(0, 1) for _ in range(16)]
    vectors = {f"w{n:03d}x": towards(*(draw.gauss(0, 1) for _ in range(16))) for n in range(200)}
    await sources.put([a_document(word, word) for word in vectors])
    await give(sources, vectors)
    question = struct.unpack("<16f", unit_vector(wanted))

    def cosine(vector: bytes) -> float:
        return math.fsum(one * other for one, other in zip(question, struct.unpack("<16f", vector), strict=True))

    best = sorted(vectors, key=lambda word: -cosine(vectors[word]))[:10]
    assert names(await found(sources, unit_vector(wanted), limit=10)) == [f"c/{word}.md" for word in best]


async def test_who_may_not_get_a_document_does_not_find_it_by_its_vector(sources: StoredSources) -> None:
    await sources.put(
        [
            a_document("open", "open"),
            a_document("secret", "secret", sensitivity="restricted"),
            a_document("own", "own", readers=["anna"]),
            a_document("other", "other", collection="d"),
        ]
    )
    vectors = {word: towards(1, 0) for word in ("open", "secret", "own", "other")}
    await give(sources, vectors)
    await give(sources, vectors, collection="d")
    seen = await found(sources, towards(1, 0), "c", most_sensitive=Sensitivity.INTERNAL, reader="ben")
    assert names(seen) == ["c/open.md"]
    seen = await found(sources, towards(1, 0), "c", most_sensitive=Sensitivity.INTERNAL, reader="anna")
    assert names(seen) == ["c/open.md", "c/own.md"]
    assert len(await found(sources, towards(1, 0))) == 4


async def test_what_words_and_vectors_agree_on_comes_first(sources: StoredSources) -> None:
    await sources.put(
        [
            a_document("words", "uptime of silver"),
            a_document("both", "uptime gold availability"),
            a_document("meaning", "availability"),
        ]
    )
    await give(
        sources, {"gold availability": towards(0.9, 0.1), "availability": towards(1, 0), "silver": towards(0, 1)}
    )
    assert names(await found(sources, towards(1, 0), question="uptime gold")) == [
        "c/both.md",
        "c/words.md",
        "c/meaning.md",
    ]


async def test_a_word_in_common_by_chance_is_no_place(sources: StoredSources) -> None:
    await sources.put([a_document("chance", "gold " * 3 + "rings"), a_document("meaning", "availability")])
    await give(sources, {"rings": towards(0, 1), "availability": towards(1, 0)})
    asked = "uptime promise month service gold"
    by_words = await found(sources, towards(1, 0), question=asked, enough=0.0)
    strict = await found(sources, towards(1, 0), question=asked, enough=0.5)
    assert names(by_words)[0] == "c/chance.md"
    assert names(strict)[0] == "c/meaning.md"


async def test_a_document_indexed_anew_pays_only_for_what_changed(sources: StoredSources) -> None:
    await sources.put([a_document("a", "# A\n\n## One\n\nstays\n\n## Two\n\nchanges")])
    assert await give(sources, {"stays": towards(1, 0), "changes": towards(0, 1)}) == 2
    await sources.put([a_document("a", "# A\n\n## One\n\nstays\n\n## Two\n\naltered", owner="legal")])
    assert [item.text for item in await sources.without_vectors("c", "s", 0, 10)] == ["altered"]
    (kept,) = await found(sources, towards(1, 0))
    assert (kept.id, kept.similarity) == ("c/a.md:one", 1.0)


async def test_what_is_removed_leaves_no_vector(sources: StoredSources, place: Path | Secret) -> None:
    await sources.put([a_document("a", "gone"), a_document("b", "there")])
    await give(sources, {"gone": towards(1, 0), "there": towards(0, 1)})
    assert names(await found(sources, towards(1, 0))) == ["c/a.md", "c/b.md"]
    await sources.remove(["c/a.md"])
    assert names(await found(sources, towards(1, 0))) == ["c/b.md"]
    with connected(place) as session:
        assert session.execute("SELECT count(*) FROM passage_vectors").fetchone() == (1,)


async def test_what_came_after_a_search_is_found_by_the_next(sources: StoredSources) -> None:
    await sources.put([a_document("a", "first")])
    await give(sources, {"first": towards(1, 1)})
    assert names(await found(sources, towards(1, 0))) == ["c/a.md"]
    await sources.put([a_document("b", "second")])
    assert names(await found(sources, towards(1, 0))) == ["c/a.md"]
    await give(sources, {"second": towards(1, 0)})
    assert names(await found(sources, towards(1, 0))) == ["c/b.md", "c/a.md"]


async def test_a_vector_made_of_words_that_changed_meanwhile_is_not_kept(sources: StoredSources) -> None:
    await sources.put([a_document("a", "old words")])
    (asked,) = await sources.without_vectors("c", "s", 0, 10)
    await sources.put([a_document("a", "new words")])
    assert await sources.put_vectors("s", [(asked, towards(1, 0))]) == 0
    assert [item.text for item in await sources.without_vectors("c", "s", 0, 10)] == ["new words"]


async def test_a_vector_is_kept_once(sources: StoredSources) -> None:
    await sources.put([a_document("a", "words")])
    (asked,) = await sources.without_vectors("c", "s", 0, 10)
    assert await sources.put_vectors("s", [(asked, towards(1, 0))]) == 1
    assert await sources.put_vectors("s", [(asked, towards(0, 1))]) == 0
    (kept,) = await found(sources, towards(1, 0))
    assert kept.similarity == 1.0


async def test_spaces_are_not_mixed(sources: StoredSources) -> None:
    await sources.put([a_document("a", "one"), a_document("b", "two")])
    await give(sources, {"one": towards(1, 0), "two": towards(0, 1)}, space="s")
    await give(sources, {"one": towards(0, 1, 0), "two": towards(1, 0, 0)}, space="t")
    assert names(await found(sources, towards(1, 0), space="s")) == ["c/a.md", "c/b.md"]
    assert names(await found(sources, towards(1, 0, 0), space="t")) == ["c/b.md", "c/a.md"]
    assert await found(sources, towards(1, 0), space="nobodys") == []


async def test_vectors_of_another_length_are_refused_and_never_compared(sources: StoredSources) -> None:
    await sources.put([a_document("a", "one"), a_document("b", "two")])
    one, two = await sources.without_vectors("c", "s", 0, 10)
    await sources.put_vectors("s", [(one, towards(1, 0))])
    with pytest.raises(StoreError, match="vectors of 3 numbers, and those that were made before have 2") as caught:
        await sources.put_vectors("s", [(two, towards(1, 0, 0))])
    assert "upstream_name" in caught.value.advice
    assert await found(sources, towards(1, 0, 0)) == []
    assert names(await found(sources, towards(1, 0, 0), question="two")) == ["c/b.md"]


async def test_what_took_its_place_stands_where_an_old_version_is_near(sources: StoredSources) -> None:
    await sources.put(
        [
            a_document("old", "99.5 uptime"),
            a_document("new", "availability class A", supersedes="old.md"),
            a_document("else", "holidays"),
        ]
    )
    await give(sources, {"99.5": towards(1, 0), "class": towards(0, 1), "holidays": towards(1, 2)})
    seen = {source.document: source for source in await found(sources, towards(1, 0), question="reliability")}
    assert list(seen)[:2] == ["c/old.md", "c/new.md"]
    assert seen["c/new.md"].relevance == seen["c/old.md"].relevance == 1.0


async def test_only_one_makes_vectors_at_a_time(sources: StoredSources) -> None:
    assert await sources.take_turn("one", 100.0, 160.0)
    assert not await sources.take_turn("two", 101.0, 161.0)
    assert await sources.take_turn("one", 150.0, 210.0)
    assert not await sources.take_turn("two", 161.0, 221.0)
    assert await sources.take_turn("two", 210.5, 270.0)


async def test_more_vectors_than_memory_may_hold_are_told_of(
    sources: StoredSources, place: Path | Secret, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(nearest, "LARGEST_BYTES", 2 * 8)  # two vectors of two numbers
    await sources.put([a_document(word, word) for word in ("one", "two", "three")])
    await give(sources, {"one": towards(1, 0), "two": towards(0, 1), "three": towards(1, 1)})
    with connected(place) as session:
        compares_there = pgvector_type(session) is not None
    with caplog.at_level(logging.WARNING, "weighbridge.store"):
        assert len(await found(sources, towards(1, 0))) == (3 if compares_there else 2)
    assert ("use PostgreSQL with pgvector" in caplog.text) != compares_there


async def test_a_version_goes_up_with_documents_and_with_vectors(sources: StoredSources) -> None:
    seen = [await sources.version()]
    await sources.put([a_document("a", "one")])
    seen.append(await sources.version())
    await give(sources, {"one": towards(1, 0)})
    seen.append(await sources.version())
    assert seen == sorted(set(seen))
