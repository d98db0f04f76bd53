"""Documents and passages as rows of the database and back."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache

import orjson
from pydantic import TypeAdapter, ValidationError

from weighbridge.context.documents.read import named_labels
from weighbridge.domain.document import CutDocument, Document, Indexed, Passage
from weighbridge.domain.errors import StoreError
from weighbridge.domain.levels import Sensitivity
from weighbridge.domain.material import Source
from weighbridge.store.full_text import FULL_TEXT, indexed
from weighbridge.store.session import Session, Value, transaction
from weighbridge.store.vectors import Kept, delete_vectors, keep_vectors, restore_vectors

BETWEEN = " > "
"""Between the headings above a passage."""


def put_documents(cut: Sequence[CutDocument], store: Session) -> int:
    """Each takes the place of its version before; all or nothing."""
    made = [[_passage_row(store, item.document, passage) for passage in item.passages] for item in cut]
    with transaction(store):  # whose turn others wait for, so what takes long is made before
        for item, rows in zip(cut, made, strict=True):
            kept = _delete(store, item.document.id)
            number = _insert(store, item.document, rows)
            restore_vectors(number, kept or {}, store)
        _bump(store)
    return len(cut)


def remove_documents(ids: Sequence[str], store: Session) -> int:
    """Delete these; how many there were."""
    with transaction(store):
        removed = sum(_delete(store, name) is not None for name in ids)
        if removed:
            _bump(store)
    return removed


def find_documents(collection: str | None, store: Session) -> list[Document]:
    """All of a collection, or all, by id."""
    rows = store.execute(
        "SELECT id, body FROM documents WHERE CAST(:name AS TEXT) IS NULL OR collection = :name ORDER BY id",
        {"name": collection},
    )
    return [_with_replacements(store, read_document_row(body)) for _, body in rows]


def find_digests(collection: str, store: Session) -> dict[str, Indexed]:
    """Id → what is indexed of a collection."""
    rows = store.execute("SELECT id, origin, digest FROM documents WHERE collection = ?", (collection,))
    return {name: Indexed(origin, digest) for name, origin, digest in rows}


def find_document(name: str, store: Session) -> CutDocument | None:
    """One document with its passages."""
    row = store.execute("SELECT number, body FROM documents WHERE id = ?", (name,)).fetchone()
    if row is None:
        return None
    passages = store.execute(
        "SELECT id, heading, start, finish, text FROM passages WHERE document = ? ORDER BY number", (row[0],)
    )
    cut = tuple(Passage(item[0], _headings(item[1]), *item[2:]) for item in passages)
    return CutDocument(_with_replacements(store, read_document_row(row[1])), cut)


@lru_cache(maxsize=4_096)
def read_document_row(body: str) -> Document:
    """The document that a row holds. Raises StoreError."""
    try:
        return _reader().validate_json(body)
    except ValidationError:
        raise StoreError("A stored document cannot be read.", advice="Remove it and add it again.") from None


def source_of(document: Document, passage: str, heading: str, text: str) -> Source:
    """A passage as what an answer may draw on."""
    return Source(passage, text, _headings(heading), document.id, document.url, **named_labels(document))


def _above(document: Document, passage: Passage) -> str:
    """The headings, below the document's own title: a row of a table says nothing without it."""
    is_titled = document.title in passage.heading
    return BETWEEN.join(passage.heading if is_titled else (document.title, *passage.heading))


def _headings(text: str) -> tuple[str, ...]:
    return tuple(text.split(BETWEEN)) if text else ()


def _with_replacements(store: Session, document: Document) -> Document:
    rows = store.execute(
        "SELECT d.id FROM supersessions AS s JOIN documents AS d ON d.number = s.document WHERE s.replaced = ?"
        " ORDER BY d.id",
        (document.id,),
    )
    return replace(document, superseded_by=tuple(name for (name,) in rows))


def _insert(store: Session, document: Document, rows: Sequence[Sequence[Value]]) -> int:
    (number,) = store.execute(
        "INSERT INTO documents (id, collection, origin, digest, sensitivity, readers, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING number",
        (
            document.id,
            document.collection,
            document.origin,
            document.digest,
            (document.sensitivity or Sensitivity.INTERNAL).rank,
            json.dumps(document.readers) if document.readers else None,
            orjson.dumps(document).decode(),
        ),
    ).fetchone()
    store.executemany(FULL_TEXT[store.dialect].insert, ((number, *row) for row in rows))
    since = document.effective_from
    store.executemany(
        "INSERT INTO supersessions VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        ((name, number, None if since is None else since.isoformat()) for name in document.supersedes),
    )
    return int(number)


def _passage_row(store: Session, document: Document, passage: Passage) -> tuple[Value, ...]:
    heading = _above(document, passage)
    row = (passage.id, heading, passage.start, passage.end, passage.text)
    return (*row, *indexed(store.dialect, heading, passage.text))


def _delete(store: Session, name: str) -> Kept | None:
    """The vectors that its passages had; `None` where there is no such document."""
    row = store.execute("SELECT number FROM documents WHERE id = ?", (name,)).fetchone()
    if row is None:
        return None
    kept = keep_vectors(row[0], store)
    delete_vectors(row[0], store)
    store.execute("DELETE FROM passages WHERE document = ?", row)
    store.execute("DELETE FROM supersessions WHERE document = ?", row)
    store.execute("DELETE FROM documents WHERE number = ?", row)
    return kept


def _bump(store: Session) -> None:
    store.execute("UPDATE source_index SET version = version + 1")


@cache
def _reader() -> TypeAdapter[Document]:
    return TypeAdapter(Document)
