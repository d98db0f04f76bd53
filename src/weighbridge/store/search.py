"""Searching the passages: the index finds candidates by their rarest words, then each is read for all words. Where the
question came as a vector too, the passages whose vectors are nearest join them, and both orders are fused by rank."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from weighbridge.context.fusion import fused
from weighbridge.context.relevance import relevance, stem, terms_of, weight
from weighbridge.context.succession import lifted
from weighbridge.domain.material import Source
from weighbridge.domain.search import Search
from weighbridge.domain.vectors import Near
from weighbridge.store.documents import read_document_row, source_of
from weighbridge.store.full_text import FULL_TEXT, matching, visible_to
from weighbridge.store.nearest import NearestIndex
from weighbridge.store.session import Session, Value, any_of

MOST_MATCHED = 4_000
"""So many passages are ranked by the index at most: words that more passages hold are left to the second reading."""
MOST_READ = 60
"""So many of the best are read."""
MOST_COMPANIONS = 8

_BEST = "ORDER BY w.score, p.number"
_EACH = """
    SELECT p.number, p.document, p.id, p.heading, p.text, d.body
    FROM passages AS p JOIN documents AS d ON d.number = p.document
"""


class SearchIndex:
    """What a process remembers of the index between searches: how many passages hold a word."""

    def __init__(self) -> None:
        self._nearest = NearestIndex()
        self._version = -1
        self._passages = 0
        self._holding: dict[str, int] = {}

    def search(self, store: Session, wanted: Search) -> list[Source]:
        """Passages that hold something of what is asked, the most relevant first; never more than `wanted.limit`."""
        holding = self._counts(store, terms_of(wanted.question))
        before = self._counts(store, terms_of(wanted.before))
        weights = [self._weights(holding), *([self._weights(holding | before)] if before else [])]
        terms = _rarest(holding | before)
        words = matching(store.dialect, {term: weight(self._passages, count) for term, count in terms.items()})
        rows = _rows(store, FULL_TEXT[store.dialect].found, _BEST, words, wanted) if terms else []
        near = self._nearest.search(store, wanted, MOST_READ)
        known = {row[0] for row in rows}
        rows += _of_numbers(store, [number for number in near if number not in known], wanted)
        found = [(row[0], _judged(_source(row), weights)) for row in rows]
        places = fused(_places(found, wanted.enough), list(near)) if near else {}
        judged = [_compared(source, near.get(number), wanted.near) for number, source in found]
        ranks = {source.id: places[number] for number, source in found if number in places}
        judged = _with_replaced(store, judged, wanted)
        judged += [_judged(item, weights) for item in _companions(store, judged, words if terms else {}, wanted)]
        return _ordered(judged, ranks)[: wanted.limit]

    def _weights(self, holding: Mapping[str, int]) -> Mapping[str, float]:
        return {stem(term): weight(self._passages, count) for term, count in holding.items()}

    def _counts(self, store: Session, terms: Iterable[str]) -> dict[str, int]:
        version = store.execute("SELECT version FROM source_index").fetchone()[0]
        if version != self._version or len(self._holding) > 50_000:
            self._version, self._holding = version, {}
            self._passages = store.execute("SELECT count(*) FROM passages").fetchone()[0]
        for term in terms:
            if term not in self._holding:
                count = FULL_TEXT[store.dialect].count
                words = {"words": matching(store.dialect, {term: 1.0})["words"]}
                self._holding[term] = store.execute(count, words).fetchone()[0]
        return {term: self._holding[term] for term in terms}


def _rarest(holding: Mapping[str, int]) -> dict[str, int]:
    """The terms to match, rarest first, as long as not too many passages hold them; always the rarest one."""
    chosen: dict[str, int] = {}
    matched = 0
    for term in sorted((term for term, count in holding.items() if count), key=lambda term: (holding[term], term)):
        matched += holding[term]
        if chosen and matched > MOST_MATCHED:
            break
        chosen[term] = holding[term]
    return chosen


def _rows(
    store: Session, found: str, order: str, words: Mapping[str, Value], wanted: Search, **more: Value
) -> list[Any]:
    of_one = "AND d.id = :document" if "document" in more else ""
    query = f"{found} WHERE {FULL_TEXT[store.dialect].visible} {of_one} {order} LIMIT :limit"
    values: dict[str, Value] = {
        **words,
        **visible_to(wanted),
        "limit": MOST_READ,
    }
    return store.execute(query, values | more).fetchall()


def _of_numbers(store: Session, numbers: Sequence[int], wanted: Search) -> list[Any]:
    """Asked again who may see them: a number may have passed to another passage since it was found."""
    listed = ", ".join(map(str, numbers))
    query = f"{_EACH} WHERE p.number IN ({listed}) AND {FULL_TEXT[store.dialect].visible}"
    return store.execute(query, visible_to(wanted)).fetchall() if numbers else []


def _places(found: Sequence[tuple[int, Source]], enough: float) -> list[int]:
    """The passages that hold enough of the question's words, best first: a word in common by chance is no place."""
    judged = [(number, source.relevance or 0.0) for number, source in found]
    holding = [(number, relevance) for number, relevance in judged if relevance > 0.0 and relevance >= enough]
    return [number for number, _ in sorted(holding, key=lambda item: -item[1])]


def _compared(source: Source, similarity: float | None, near: Near | None) -> Source:
    """With what its vector says of it, where that is more than its words say."""
    if similarity is None or near is None:
        return source
    relevance = max(source.relevance or 0.0, near.rule.relevance(similarity))
    return replace(source, relevance=round(relevance, 4), similarity=round(similarity, 4))


def _source(row: Sequence[object]) -> Source:
    return source_of(read_document_row(str(row[5])), str(row[2]), str(row[3]), str(row[4]))


def _judged(source: Source, weights: Sequence[Mapping[str, float]]) -> Source:
    """With its relevance to the question, or to the question with and without what was asked before."""
    text = " ".join((*source.heading, source.text))
    return replace(source, relevance=round(sum(relevance(each, text) for each in weights) / len(weights), 4))


def _with_replaced(store: Session, found: Sequence[Source], wanted: Search) -> list[Source]:
    """Each with the documents that have taken its place by today."""
    names = sorted({name for source in found for name in (source.id, source.document) if name is not None})
    rows = store.execute(
        "SELECT s.replaced, d.id FROM supersessions AS s JOIN documents AS d ON d.number = s.document"  # noqa: S608
        f" WHERE s.replaced IN {any_of(names)} AND (s.since IS NULL OR s.since <= ?) ORDER BY d.id",
        (*names, wanted.today.isoformat()),
    )
    replaced: dict[str, list[str]] = {}
    for name, by in rows:
        replaced.setdefault(name, []).append(by)
    return [
        replace(
            source,
            superseded_by=tuple(
                dict.fromkeys([*replaced.get(source.id, ()), *replaced.get(source.document or "", ())])
            ),
        )
        for source in found
    ]


def _companions(store: Session, found: Sequence[Source], words: Mapping[str, Value], wanted: Search) -> list[Source]:
    """Where a passage was found that is not in force any more, what took its place belongs to the answer too."""
    have = {source.document for source in found}
    missing = dict.fromkeys(by for source in found for by in source.superseded_by if by not in have)
    companions: list[Source] = []
    for name in list(missing)[:MOST_COMPANIONS]:
        best = partial(_rows, store, words=words, wanted=wanted, document=name, limit=1)
        by_words = best(FULL_TEXT[store.dialect].found, _BEST) if words else []
        rows = by_words or best(_EACH, "ORDER BY p.number")
        companions += map(_source, rows)
    return companions


def _ordered(found: Sequence[Source], ranks: Mapping[str, float]) -> list[Source]:
    """By rank, then by relevance, then as the index has it. What took a passage's place answers the question as far as
    that passage did, and stands where it stood."""
    relevances = lifted({source.id: source.relevance or 0.0 for source in found}, found)
    ranked = lifted(ranks, found)
    with_relevance = [replace(source, relevance=relevances[source.id]) for source in found]
    return sorted(with_relevance, key=lambda item: (-ranked.get(item.id, 0.0), -(item.relevance or 0.0)))
