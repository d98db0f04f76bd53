"""Which passages are nearest to a question's vector, of those that the asker may see.

This process holds the vectors in memory and compares all of them, exactly, which takes a few milliseconds for tens of
thousands. PostgreSQL with pgvector finds them in an index instead: nearly always the same ones, for any number.
"""

import logging
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from weighbridge.domain.search import Search
from weighbridge.domain.vectors import Near
from weighbridge.store.full_text import FULL_TEXT, visible_to
from weighbridge.store.session import Session
from weighbridge.store.vectors import (
    BYTES,
    as_text,
    fixed,
    index_version,
    length_in,
    pgvector_type,
    require_plain,
    schema_of,
)

LARGEST_BYTES = 512 * 1024 * 1024
"""Of vectors in memory: 350,000 of 384 numbers. What came after is found by its words alone, and the log says so."""
LOOKED_AT = 200
"""Candidates that pgvector's index looks at: more find a near one that is missed with fewer, and take longer."""
MOST_SPACES = 4
"""Held in memory; they are read again where a config has more."""

log = logging.getLogger("weighbridge.store")


class NearestIndex:
    """What a process remembers of the vectors between searches."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}

    def search(self, store: Session, wanted: Search, limit: int) -> dict[int, float]:
        """Passages and their similarity, the nearest first; none where no vectors are to be compared."""
        near = wanted.near
        if near is None:
            return {}
        as_vector = pgvector_type(store)
        if length_in(near.space, as_vector, store) != len(near.vector) // BYTES:
            return {}  # none was made yet, or the model has become another one: indexing tells that
        if as_vector is not None:
            return _compared_there(store, wanted, near, as_vector, limit)
        return self._compared_here(store, wanted, near, limit)

    def _compared_here(self, store: Session, wanted: Search, near: Near, limit: int) -> dict[int, float]:
        numpy: Any = import_module("numpy")
        held = self._current(store, near.space)
        query = f"SELECT d.number FROM documents AS d WHERE {FULL_TEXT[store.dialect].visible}"  # noqa: S608
        seen = numpy.fromiter((number for (number,) in store.execute(query, visible_to(wanted))), numpy.int64)
        similarity = held.vectors @ numpy.frombuffer(near.vector, "<f4")
        allowed = numpy.flatnonzero(numpy.isin(held.documents, seen))
        if len(allowed) > limit:
            allowed = allowed[numpy.argpartition(-similarity[allowed], limit)[:limit]]
        best = allowed[numpy.lexsort((held.passages[allowed], -similarity[allowed]))]
        return dict(zip(held.passages[best].tolist(), similarity[best].tolist(), strict=True))

    def _current(self, store: Session, space: str) -> "_Held":
        version = index_version(store)
        held = self._held.pop(space, None)
        if held is None or held.version != version:
            held = _read(store, space, version, held)
        while len(self._held) >= MOST_SPACES:
            del self._held[next(iter(self._held))]
        self._held[space] = held
        return held


@dataclass(frozen=True, slots=True)
class _Held:
    """The vectors of one space, as arrays with a row each."""

    version: int
    numbers: Any
    passages: Any
    documents: Any
    vectors: Any


def _read(store: Session, space: str, version: int, before: _Held | None) -> _Held:
    """What is there now: what was not there before is read, what is gone is dropped."""
    numpy: Any = import_module("numpy")
    newest = 0 if before is None or not len(before.numbers) else int(before.numbers[-1])
    rows = store.execute(
        "SELECT v.number, v.passage, p.document, v.vector FROM passage_vectors AS v"
        " JOIN passages AS p ON p.number = v.passage WHERE v.space = ? AND v.number > ? ORDER BY v.number",
        (space, newest),
    ).fetchall()
    numbers, passages, documents = (numpy.array([row[at] for row in rows], numpy.int64) for at in range(3))
    joined = numpy.frombuffer(b"".join(row[3] for row in rows), "<f4")
    read = _Held(version, numbers, passages, documents, joined.reshape(len(rows), -1) if rows else joined)
    if before is not None:
        read = _joined(before, read, _there(store, space))
    return _bounded(read)


def _there(store: Session, space: str) -> Any:
    numpy: Any = import_module("numpy")
    rows = store.execute("SELECT number FROM passage_vectors WHERE space = ?", (space,))
    return numpy.fromiter((number for (number,) in rows), numpy.int64)


def _joined(before: _Held, read: _Held, there: Any) -> _Held:
    numpy: Any = import_module("numpy")
    stays = numpy.isin(before.numbers, there)
    if stays.all() and not len(read.numbers):
        return _Held(read.version, before.numbers, before.passages, before.documents, before.vectors)
    parts = [
        (before.numbers[stays], before.passages[stays], before.documents[stays], before.vectors[stays]),
        *([(read.numbers, read.passages, read.documents, read.vectors)] if len(read.numbers) else []),
    ]
    return _Held(read.version, *(numpy.concatenate(column) for column in zip(*parts, strict=True)))


def _bounded(held: _Held) -> _Held:
    if held.vectors.nbytes <= LARGEST_BYTES:
        return held
    most = LARGEST_BYTES * len(held.numbers) // held.vectors.nbytes
    log.warning(
        "of %d vectors only the first %d are compared, which fill %d MB: use PostgreSQL with pgvector",
        len(held.numbers),
        most,
        LARGEST_BYTES // 1024**2,
    )
    columns = (held.numbers, held.passages, held.documents, held.vectors)
    return _Held(held.version, *(column[:most] for column in columns))


def _compared_there(store: Session, wanted: Search, near: Near, as_vector: str, limit: int) -> dict[int, float]:
    """By the negative inner product, which for vectors of length 1 orders as the cosine does and costs less.

    The index gives near neighbours until enough of them may be seen. The space stands in the statement itself, or the
    index, which is for one space, could not be used.
    """
    store.execute("SET hnsw.iterative_scan = strict_order")
    store.execute(f"SET hnsw.ef_search = {LOOKED_AT}")
    distance = (
        f"{fixed(as_vector, len(near.vector) // BYTES)} OPERATOR({schema_of(as_vector)}.<#>)"
        f" CAST(:vector AS {as_vector})"
    )
    query = (
        f"SELECT v.passage, -({distance}) FROM passage_vectors AS v JOIN passages AS p ON p.number = v.passage"  # noqa: S608
        " JOIN documents AS d ON d.number = p.document"
        f" WHERE v.space = '{require_plain(near.space)}' AND {FULL_TEXT[store.dialect].visible}"
        f" ORDER BY {distance} LIMIT :limit"
    )
    values = {**visible_to(wanted), "vector": as_text(near.vector), "limit": limit}
    return {number: float(similarity) for number, similarity in store.execute(query, values)}
