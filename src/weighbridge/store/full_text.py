"""How passages are found by their words: with FTS5 in SQLite, with `tsvector` in PostgreSQL.

Both match by the same stems (Porter), and rank rare words above common ones; what is found is then read by the gateway
itself, so the two stores differ in which passages are read where very many hold the words, and in nothing else.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from weighbridge.context.relevance import stem, stemmed
from weighbridge.domain.search import Search
from weighbridge.store.session import Dialect, Value

_JOINED = """
    SELECT p.number, p.document, p.id, p.heading, p.text, d.body, w.score FROM ({matched}) AS w
    JOIN passages AS p ON p.number = w.number
    JOIN documents AS d ON d.number = p.document
"""
_SEEN = """
    d.sensitivity <= :level
    AND (:everywhere OR d.collection IN {collections})
    AND (CAST(:reader AS TEXT) IS NULL OR d.readers IS NULL OR {is_reader})
"""


@dataclass(frozen=True, slots=True)
class FullText:
    """Statements of one dialect."""

    count: str
    """How many passages hold `:words`."""
    found: str
    """Passages that hold some of `:words`, with a score that is lower for better ones."""
    visible: str
    """The condition under which somebody may see a passage of document `d`."""
    insert: str
    """A passage: document, id, heading, start, finish, text, and what `indexed` makes of it."""


_SQLITE = FullText(
    count="SELECT count(*) FROM passage_words WHERE passage_words MATCH :words",
    found=_JOINED.format(
        matched="SELECT rowid AS number, bm25(passage_words, 2.0, 1.0) AS score FROM passage_words"
        " WHERE passage_words MATCH :words"
    ),
    visible=_SEEN.format(
        collections="(SELECT value FROM json_each(:collections))",
        is_reader=":reader IN (SELECT value FROM json_each(d.readers))",
    ),
    insert="INSERT INTO passages (document, id, heading, start, finish, text) VALUES (?, ?, ?, ?, ?, ?)",
)
_POSTGRESQL = FullText(
    count="SELECT count(*) FROM passages WHERE words @@ to_tsquery('simple', :words)",
    found=_JOINED.format(
        matched="SELECT p.number, -sum(t.weight * ts_rank(CAST('{0.5, 0.5, 0.5, 1}' AS float4[]), p.words, t.term, 1))"
        " AS score FROM unnest(CAST(CAST(:terms AS text[]) AS tsquery[]), CAST(:weights AS float8[]))"
        " AS t (term, weight) JOIN passages AS p ON p.words @@ t.term GROUP BY p.number"
    ),
    visible=_SEEN.format(
        collections="(SELECT json_array_elements_text(CAST(:collections AS JSON)))",
        is_reader=":reader IN (SELECT json_array_elements_text(CAST(d.readers AS JSON)))",
    ),
    insert="INSERT INTO passages (document, id, heading, start, finish, text, words) VALUES (?, ?, ?, ?, ?, ?,"
    " setweight(to_tsvector('simple', ?), 'A') || to_tsvector('simple', ?))",
)
FULL_TEXT: Mapping[Dialect, FullText] = MappingProxyType({Dialect.SQLITE: _SQLITE, Dialect.POSTGRESQL: _POSTGRESQL})


def matching(dialect: Dialect, terms: Mapping[str, float]) -> dict[str, Value]:
    """What to match: passages with any of the terms, each with what it tells."""
    if dialect is Dialect.SQLITE:
        return {"words": " OR ".join(_quoted(term, '"') for term in terms)}
    stems = [_quoted(stem(term), "'") for term in terms]
    return {"words": " | ".join(stems), "terms": stems, "weights": list(terms.values())}


def indexed(dialect: Dialect, heading: str, text: str) -> Sequence[str]:
    """What a passage is found by, where the database does not make that of its text itself."""
    if dialect is Dialect.SQLITE:
        return ()
    return (stemmed(heading), stemmed(text))


def visible_to(wanted: Search) -> dict[str, Value]:
    """The values of `FullText.visible`."""
    return {
        "level": wanted.most_sensitive.rank,
        "everywhere": not wanted.collections,
        "collections": json.dumps(wanted.collections),
        "reader": wanted.reader,
    }


def _quoted(term: str, quote: str) -> str:
    return quote + term.replace(quote, quote * 2) + quote
