"""Vectors of passages as rows, which passages have none yet, and whose turn it is to make them."""

from collections.abc import Mapping, Sequence

from weighbridge.domain.errors import StoreError
from weighbridge.domain.levels import Sensitivity
from weighbridge.domain.vectors import Unvectored, unpack
from weighbridge.store.session import Dialect, Session, Value, transaction

BYTES = 4
"""Of one number."""
LONGEST_INDEXED = 2_000
"""Numbers of a vector that pgvector has an index for; longer ones are all compared."""
Kept = Mapping[tuple[str, str, str], Sequence[tuple[str, bytes]]]
"""Id, heading and words of a passage → space and vector."""

_TYPE = """
    SELECT format('%I.%I', n.nspname, t.typname) FROM pg_attribute AS a
    JOIN pg_type AS t ON t.oid = a.atttypid JOIN pg_namespace AS n ON n.oid = t.typnamespace
    WHERE a.attrelid = CAST('passage_vectors' AS regclass) AND a.attname = 'vector' AND t.typname = 'vector'
"""
_LEVELS = {level.rank: level for level in Sensitivity}


def find_without(collection: str, space: str, after: int, limit: int, store: Session) -> list[Unvectored]:
    """Passages of a collection with a number above `after` that have no vector in this space, by number."""
    rows = store.execute(
        "SELECT p.number, p.heading, p.text, d.sensitivity FROM passages AS p"
        " JOIN documents AS d ON d.number = p.document"
        " WHERE d.collection = ? AND p.number > ? AND NOT EXISTS"
        " (SELECT 1 FROM passage_vectors AS v WHERE v.passage = p.number AND v.space = ?)"
        " ORDER BY p.number LIMIT ?",
        (collection, after, space, limit),
    )
    return [Unvectored(number, heading, text, _LEVELS[rank]) for number, heading, text, rank in rows]


def put_vectors(space: str, made: Sequence[tuple[Unvectored, bytes]], store: Session) -> int:
    """Keep vectors of length 1, for passages that are still the same; how many. Raises StoreError where the space has
    vectors of another length."""
    with transaction(store):
        _require_same_length(space, made, store)
        as_vector = pgvector_type(store)
        statement = (
            f"INSERT INTO passage_vectors (passage, space, vector) SELECT number, ?, {_mark(as_vector)} FROM passages"  # noqa: S608
            " WHERE number = ? AND heading = ? AND text = ? ON CONFLICT DO NOTHING"
        )
        kept = sum(
            store.execute(
                statement, (space, _value(vector, as_vector), passage.number, passage.heading, passage.text)
            ).rowcount
            for passage, vector in made
        )
        if as_vector is not None and made:
            _make_index(space, len(made[0][1]) // BYTES, as_vector, store)
        store.execute("UPDATE source_index SET version = version + 1")
        return kept


def take_turn(holder: str, now: float, until: float, store: Session) -> int:
    """Whether `holder` makes vectors until then (seconds since the epoch), as 1 or 0: nobody else does meanwhile."""
    with transaction(store):
        return store.execute(
            "UPDATE source_index SET indexer = ?, indexer_until = ? WHERE indexer = ? OR indexer_until <= ?",
            (holder, until, holder, now),
        ).rowcount


def index_version(store: Session) -> int:
    """Goes up with every change of documents and of vectors."""
    return int(store.execute("SELECT version FROM source_index").fetchone()[0])


def keep_vectors(document: int, store: Session) -> Kept:
    """The vectors of a document whose passages are about to go."""
    kept: dict[tuple[str, str, str], list[tuple[str, bytes]]] = {}
    rows = store.execute(
        "SELECT p.id, p.heading, p.text, v.space, v.vector FROM passage_vectors AS v"
        " JOIN passages AS p ON p.number = v.passage WHERE p.document = ?",
        (document,),
    )
    for name, heading, text, space, vector in rows:
        kept.setdefault((name, heading, text), []).append((space, vector))
    return kept


def delete_vectors(document: int, store: Session) -> None:
    """Those of a document's passages."""
    store.execute(
        "DELETE FROM passage_vectors WHERE passage IN (SELECT number FROM passages WHERE document = ?)", (document,)
    )


def restore_vectors(document: int, kept: Kept, store: Session) -> None:
    """Give back to the passages of a new version what was kept of those that say the same."""
    if not kept:
        return
    as_vector = pgvector_type(store)
    found = store.execute("SELECT number, id, heading, text FROM passages WHERE document = ?", (document,)).fetchall()
    store.executemany(
        f"INSERT INTO passage_vectors (passage, space, vector) VALUES (?, ?, {_mark(as_vector)})",  # noqa: S608
        [(number, space, vector) for number, *same in found for space, vector in kept.get((*same,), ())],
    )


def pgvector_type(store: Session) -> str | None:
    """What the type of pgvector is called here; `None` where vectors are kept as bytes."""
    if store.dialect is Dialect.SQLITE:
        return None
    row = store.execute(_TYPE).fetchone()
    return None if row is None else str(row[0])


def as_text(vector: bytes) -> str:
    """As pgvector reads it."""
    return f"[{','.join(format(number, '.9g') for number in unpack(vector))}]"


def length_in(space: str, as_vector: str | None, store: Session) -> int | None:
    """How many numbers a vector of this space has; `None` while there is none."""
    length = "length(vector)" if as_vector is None else f"{BYTES} * {schema_of(as_vector)}.vector_dims(vector)"
    row = store.execute(f"SELECT {length} FROM passage_vectors WHERE space = ? LIMIT 1", (space,)).fetchone()  # noqa: S608
    return None if row is None else int(row[0]) // BYTES


def require_plain(space: str) -> str:
    """The same. Raises ValueError for what may not stand in a statement as it is; a digest always may."""
    if not (space.isascii() and space.isalnum()):
        raise ValueError(f"{space!r} is no name of a space")
    return space


def fixed(as_vector: str, length: int) -> str:
    """A vector as the index has it: an index of pgvector is for vectors of one length."""
    return f"CAST(vector AS {as_vector}({length}))"


def _make_index(space: str, length: int, as_vector: str, store: Session) -> None:
    """An index of near neighbours (HNSW: Malkov & Yashunin, TPAMI 42, 2020) for this space, if there is none."""
    if length > LONGEST_INDEXED:
        return
    name = require_plain(space)
    store.execute(
        f"CREATE INDEX IF NOT EXISTS passage_vectors_near_{name} ON passage_vectors USING hnsw"
        f" (({fixed(as_vector, length)}) {schema_of(as_vector)}.vector_ip_ops) WHERE space = '{name}'"
    )


def _require_same_length(space: str, made: Sequence[tuple[Unvectored, bytes]], store: Session) -> None:
    lengths = {len(vector) // BYTES for _, vector in made}
    known = length_in(space, pgvector_type(store), store)
    if len(lengths | ({known} if known else set())) > 1:
        raise StoreError(
            f"The model gives vectors of {max(lengths)} numbers, and those that were made before have {known}.",
            advice="It is another model under the same name: give its row in the config another `upstream_name`.",
        )


def _value(vector: bytes, as_vector: str | None) -> Value:
    return vector if as_vector is None else as_text(vector)


def _mark(as_vector: str | None) -> str:
    return "?" if as_vector is None else f"CAST(? AS {as_vector})"


def schema_of(as_vector: str) -> str:
    """Where pgvector's own operators are."""
    return as_vector.rpartition(".")[0]
