"""Documents and passages as rows of the database and back."""

import json
import sqlite3
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
from weighbridge.store.transaction import transaction

BETWEEN = " > "
"""Between the headings above a passage."""


def put_documents(cut: Sequence[CutDocument], connection: sqlite3.Connection) -> int:
    """Each takes the place of its version before; all or nothing."""
    with transaction(connection):
        for item in cut:
            _delete(connection, item.document.id)
            _insert(connection, item)
        _bump(connection)
    return len(cut)


def remove_documents(ids: Sequence[str], connection: sqlite3.Connection) -> int:
    """Delete these; how many there were."""
    with transaction(connection):
        removed = sum(_delete(connection, name) for name in ids)
        if removed:
            _bump(connection)
    return removed


def find_documents(collection: str | None, connection: sqlite3.Connection) -> list[Document]:
    """All of a collection, or all, by id."""
    rows = connection.execute(
        "SELECT id, body FROM documents WHERE ?1 IS NULL OR collection = ?1 ORDER BY id", (collection,)
    )
    return [_with_replacements(connection, read_document_row(body)) for _, body in rows]


def find_digests(collection: str, connection: sqlite3.Connection) -> dict[str, Indexed]:
    """Id → what is indexed of a collection."""
    rows = connection.execute("SELECT id, origin, digest FROM documents WHERE collection = ?", (collection,))
    return {name: Indexed(origin, digest) for name, origin, digest in rows}


def find_document(name: str, connection: sqlite3.Connection) -> CutDocument | None:
    """One document with its passages."""
    row = connection.execute("SELECT number, body FROM documents WHERE id = ?", (name,)).fetchone()
    if row is None:
        return None
    passages = connection.execute(
        "SELECT id, heading, start, finish, text FROM passages WHERE document = ? ORDER BY number", (row[0],)
    )
    cut = tuple(Passage(item[0], _headings(item[1]), *item[2:]) for item in passages)
    return CutDocument(_with_replacements(connection, read_document_row(row[1])), cut)


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


def _with_replacements(connection: sqlite3.Connection, document: Document) -> Document:
    rows = connection.execute(
        "SELECT d.id FROM supersessions AS s JOIN documents AS d ON d.number = s.document WHERE s.replaced = ?"
        " ORDER BY d.id",
        (document.id,),
    )
    return replace(document, superseded_by=tuple(name for (name,) in rows))


def _insert(connection: sqlite3.Connection, item: CutDocument) -> None:
    document = item.document
    added = connection.execute(
        "INSERT INTO documents (id, collection, origin, digest, sensitivity, readers, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            document.id,
            document.collection,
            document.origin,
            document.digest,
            (document.sensitivity or Sensitivity.INTERNAL).rank,
            json.dumps(document.readers) if document.readers else None,
            orjson.dumps(document).decode(),
        ),
    )
    number = added.lastrowid
    connection.executemany(
        "INSERT INTO passages (document, id, heading, start, finish, text) VALUES (?, ?, ?, ?, ?, ?)",
        (
            (number, passage.id, _above(document, passage), passage.start, passage.end, passage.text)
            for passage in item.passages
        ),
    )
    since = document.effective_from
    connection.executemany(
        "INSERT OR IGNORE INTO supersessions VALUES (?, ?, ?)",
        ((name, number, None if since is None else since.isoformat()) for name in document.supersedes),
    )


def _delete(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("SELECT number FROM documents WHERE id = ?", (name,)).fetchone()
    if row is None:
        return 0
    connection.execute("DELETE FROM passages WHERE document = ?", row)
    connection.execute("DELETE FROM supersessions WHERE document = ?", row)
    connection.execute("DELETE FROM documents WHERE number = ?", row)
    return 1


def _bump(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE source_index SET version = version + 1")


@cache
def _reader() -> TypeAdapter[Document]:
    return TypeAdapter(Document)
