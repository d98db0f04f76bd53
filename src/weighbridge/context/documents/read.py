"""`read_document`: the bytes of a file, by its name's ending, into passages with labels."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import PurePosixPath
from typing import Any

import orjson

from weighbridge.context.documents.cut import cut
from weighbridge.context.documents.extract import Extract, unreadable
from weighbridge.context.documents.labels import labels_of
from weighbridge.context.documents.plain import read_markdown, read_text
from weighbridge.context.documents.tables import read_csv, read_json
from weighbridge.domain.document import CutDocument, Document
from weighbridge.domain.material import Labels

LARGEST_BYTES = 32 * 1024 * 1024
LONGEST_ID_CHARS = 80
"""With a passage's name it stays within what a citation may hold."""


def read_document(
    collection: str,
    path: str,
    body: bytes,
    *,
    defaults: Mapping[str, object],
    stated: Mapping[str, object],
    ending: str | None = None,
) -> CutDocument:
    """Read, cut and label one document.

    `defaults` is what holds for its collection, `stated` what a manifest or a command says of it; its own front matter
    stands between the two. `ending` says which format it is in where its path does not. Raises UnreadableDocumentError.
    """
    if len(body) > LARGEST_BYTES:
        raise unreadable(f"It has {len(body):,} bytes.", f"At most {LARGEST_BYTES:,} are read; split it.")
    read = FORMATS.get(ending or PurePosixPath(path.lower()).suffix)
    if read is None:
        raise unreadable("Its name does not say what it is.", f"Names end in {', '.join(FORMATS)}.")
    extract = read(body)
    if not extract.blocks:
        raise unreadable("There is no text in it.", "Leave it out.")
    labels = labels_of(defaults, extract.stated, stated)
    name = document_id(collection, path)
    passages = cut(extract, name)
    url = stated.get("url") or extract.stated.get("url")
    title = stated.get("title") or extract.stated.get("title") or extract.title or PurePosixPath(path).name
    document = Document(
        id=name,
        collection=collection,
        title=" ".join(str(title).split())[:200],
        digest=digest_of(body, defaults, stated),
        url=None if url is None else str(url),
        passage_count=len(passages),
        **named_labels(_within(labels, collection)),
    )
    return CutDocument(document, passages)


def named_labels(labels: Labels) -> dict[str, Any]:
    """The labels by name, for building what has them too."""
    return {field.name: getattr(labels, field.name) for field in fields(Labels)}


def document_id(collection: str, path: str) -> str:
    """The collection and the path, in characters that a citation may hold."""
    plain = unicodedata.normalize("NFKD", path).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_./-]+", "-", plain).strip("/-")
    whole = f"{collection}/{name}"
    if not name or len(whole) > LONGEST_ID_CHARS:
        digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:12]
        whole = f"{whole[: LONGEST_ID_CHARS - 13].rstrip('/-.')}-{digest}"
    return whole


def digest_of(body: bytes, defaults: Mapping[str, object], stated: Mapping[str, object]) -> str:
    """What has to stay the same for a document to stay as it is indexed."""
    labels = orjson.dumps([VERSION, {**defaults}, {**stated}], option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(hashlib.sha256(body).digest() + labels).hexdigest()


VERSION = 1
"""Of the way documents are read and cut: a new one indexes everything anew."""


def _within(labels: Labels, collection: str) -> Labels:
    """What is superseded is named within its own collection."""
    own = tuple(name if name.startswith(f"{collection}/") else f"{collection}/{name}" for name in labels.supersedes)
    return replace(labels, supersedes=own)


def _decoded(read: Callable[[str], Extract]) -> Callable[[bytes], Extract]:
    def run(body: bytes) -> Extract:
        encodings = ("utf-16",) if body[:2] in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8-sig",)
        try:
            return read(body.decode(encodings[0]))
        except UnicodeDecodeError:
            raise unreadable("It is not UTF-8 text.", "Save it as UTF-8.") from None

    return run


def _html(body: bytes) -> Extract:
    from weighbridge.context.documents.pages import read_html

    return _decoded(read_html)(body)


def _pdf(body: bytes) -> Extract:
    from weighbridge.context.documents.office import read_pdf

    return read_pdf(body)


def _docx(body: bytes) -> Extract:
    from weighbridge.context.documents.office import read_docx

    return read_docx(body)


def _extra(read: Callable[[bytes], Extract]) -> Callable[[bytes], Extract]:
    def run(body: bytes) -> Extract:
        try:
            return read(body)
        except ImportError:
            raise unreadable("Its format needs an extra.", "pip install weighbridge[documents]") from None

    return run


FORMATS: Mapping[str, Callable[[bytes], Extract]] = {
    ".md": _decoded(read_markdown),
    ".markdown": _decoded(read_markdown),
    ".txt": _decoded(read_text),
    ".html": _extra(_html),
    ".htm": _extra(_html),
    ".pdf": _extra(_pdf),
    ".docx": _extra(_docx),
    ".csv": _decoded(read_csv),
    ".json": read_json,
}
"""Ending of a name → how its bytes are read. HTML, PDF and Word need the extra `documents`."""
