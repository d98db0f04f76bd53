"""Searching the passages: the index finds candidates by their rarest words, then each is read for all words."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from weighbridge.context.relevance import relevance, stem, terms_of, weight
from weighbridge.domain.material import Source
from weighbridge.domain.search import Search
from weighbridge.store.documents import read_document_row, source_of

MOST_MATCHED = 4_000
"""So many passages are ranked by the index at most: words that more passages hold are left to the second reading."""
MOST_READ = 60
"""So many of the best are read."""
MOST_COMPANIONS = 8

_VISIBLE = """
    d.sensitivity <= :level
    AND (:everywhere OR d.collection IN (SELECT value FROM json_each(:collections)))
    AND (:reader IS NULL OR d.readers IS NULL OR :reader IN (SELECT value FROM json_each(d.readers)))
"""

_FIRST = f"""
    SELECT p.number, p.document, p.id, p.heading, p.text, d.body
    FROM passages AS p JOIN documents AS d ON d.number = p.document
    WHERE {_VISIBLE} AND d.id = :document ORDER BY p.number LIMIT 1
"""  # noqa: S608 (both parts are constants)

_FOUND = """
    SELECT p.number, p.document, p.id, p.heading, p.text, d.body, w.score FROM (
        SELECT rowid, bm25(passage_words, 2.0, 1.0) AS score FROM passage_words WHERE passage_words MATCH :words
    ) AS w
    JOIN passages AS p ON p.number = w.rowid
    JOIN documents AS d ON d.number = p.document
"""


class SearchIndex:
    """What a process remembers of the index between searches: how many passages hold a word."""

    def __init__(self) -> None:
        self._version = -1
        self._passages = 0
        self._holding: dict[str, int] = {}

    def search(self, connection: sqlite3.Connection, wanted: Search) -> list[Source]:
        """Passages that hold something of what is asked, the most relevant first; never more than `wanted.limit`."""
        holding = self._counts(connection, terms_of(wanted.question))
        before = self._counts(connection, terms_of(wanted.before))
        weights = [self._weights(holding), *([self._weights(holding | before)] if before else [])]
        words = _rarest(holding | before)
        if not words:
            return []
        rows = _rows(connection, f"{_FOUND} WHERE {_VISIBLE} ORDER BY w.score, p.number LIMIT :limit", words, wanted)
        found = [_judged(_source(row), weights) for row in rows]
        found = _with_replaced(connection, found, wanted)
        found += [_judged(item, weights) for item in _companions(connection, found, words, wanted)]
        return sorted(_lifted(found), key=lambda item: -(item.relevance or 0.0))[
            : wanted.limit
        ]  # stable: else as the index

    def _weights(self, holding: Mapping[str, int]) -> Mapping[str, float]:
        return {stem(term): weight(self._passages, count) for term, count in holding.items()}

    def _counts(self, connection: sqlite3.Connection, terms: Iterable[str]) -> dict[str, int]:
        version = connection.execute("SELECT version FROM source_index").fetchone()[0]
        if version != self._version or len(self._holding) > 50_000:
            self._version, self._holding = version, {}
            self._passages = connection.execute("SELECT count(*) FROM passages").fetchone()[0]
        for term in terms:
            if term not in self._holding:
                counted = connection.execute(
                    "SELECT count(*) FROM passage_words WHERE passage_words MATCH ?", (_quoted(term),)
                )
                self._holding[term] = counted.fetchone()[0]
        return {term: self._holding[term] for term in terms}


def _rarest(holding: Mapping[str, int]) -> str:
    """The terms to match, rarest first, as long as not too many passages hold them; always the rarest one."""
    chosen: list[str] = []
    matched = 0
    for term in sorted((term for term, count in holding.items() if count), key=lambda term: (holding[term], term)):
        matched += holding[term]
        if chosen and matched > MOST_MATCHED:
            break
        chosen.append(term)
    return " OR ".join(map(_quoted, chosen))


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'


def _rows(connection: sqlite3.Connection, query: str, words: str, wanted: Search, **more: object) -> list[sqlite3.Row]:
    values = {
        "words": words,
        "level": wanted.most_sensitive.rank,
        "everywhere": not wanted.collections,
        "collections": json.dumps(wanted.collections),
        "reader": wanted.reader,
        "limit": MOST_READ,
    }
    return list(connection.execute(query, values | more))


def _source(row: Sequence[object]) -> Source:
    return source_of(read_document_row(str(row[5])), str(row[2]), str(row[3]), str(row[4]))


def _judged(source: Source, weights: Sequence[Mapping[str, float]]) -> Source:
    """With its relevance to the question, or to the question with and without what was asked before."""
    text = " ".join((*source.heading, source.text))
    return replace(source, relevance=round(sum(relevance(each, text) for each in weights) / len(weights), 4))


def _with_replaced(connection: sqlite3.Connection, found: Sequence[Source], wanted: Search) -> list[Source]:
    """Each with the documents that have taken its place by today."""
    names = sorted({name for source in found for name in (source.id, source.document) if name is not None})
    rows = connection.execute(
        "SELECT s.replaced, d.id FROM supersessions AS s JOIN documents AS d ON d.number = s.document"
        " WHERE s.replaced IN (SELECT value FROM json_each(?)) AND (s.since IS NULL OR s.since <= ?) ORDER BY d.id",
        (json.dumps(names), wanted.today.isoformat()),
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


def _companions(connection: sqlite3.Connection, found: Sequence[Source], words: str, wanted: Search) -> list[Source]:
    """Where a passage was found that is not in force any more, what took its place belongs to the answer too."""
    have = {source.document for source in found}
    missing = dict.fromkeys(by for source in found for by in source.superseded_by if by not in have)
    companions: list[Source] = []
    for name in list(missing)[:MOST_COMPANIONS]:
        rows = _rows(
            connection,
            f"{_FOUND} WHERE {_VISIBLE} AND d.id = :document ORDER BY w.score, p.number LIMIT 1",
            words,
            wanted,
            document=name,
        ) or _rows(
            connection,
            _FIRST,
            words,
            wanted,
            document=name,
        )
        companions += map(_source, rows)
    return companions


def _lifted(found: Sequence[Source]) -> list[Source]:
    """What took a passage's place answers the question as far as that passage did."""
    least: dict[str, float] = {}
    for source in found:
        for by in source.superseded_by:
            least[by] = max(least.get(by, 0.0), source.relevance or 0.0)
    best: dict[str | None, Source] = {}
    for source in sorted(found, key=lambda item: item.relevance or 0.0):
        best[source.document] = source
    lifted = {best[by].id: relevance for by, relevance in least.items() if by in best}
    return [replace(item, relevance=max(item.relevance or 0.0, lifted.get(item.id, 0.0))) for item in found]
