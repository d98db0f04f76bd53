"""Documents and passages as the API and the command line show them, and a document as a caller sends it."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from weighbridge.dialects.fields import invalid, need_text, read_object
from weighbridge.dialects.json_text import parse_object
from weighbridge.domain.document import CutDocument, Document, IndexReport, Passage
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.material import Labels, Source
from weighbridge.domain.vectors import VectorReport

Json = dict[str, object]
KEYS = ("collection", "name", "text", "content_base64", "labels")


@dataclass(frozen=True, slots=True)
class SentDocument:
    """A document as a caller sends it."""

    collection: str
    """What it is added to."""
    name: str
    """Its path there, whose ending says what it is."""
    body: bytes
    """Its bytes."""
    labels: Mapping[str, object]
    """What is said of it, not yet checked."""


def parse_document(body: bytes) -> SentDocument:
    """`POST /v1/sources`. Raises MalformedBodyError or InvalidFieldError."""
    fields = parse_object(body)
    for key in fields:
        if key not in KEYS:
            raise InvalidFieldError(
                f"There is no field {key[:40]!r}.", advice=f"The keys are {', '.join(KEYS)}.", param=key[:40]
            )
    if ("text" in fields) == ("content_base64" in fields):
        raise InvalidFieldError(
            "A document is its `text` or its `content_base64`.", advice="Send one of the two.", param="text"
        )
    content = need_text(fields, "text", "").encode() if "text" in fields else _decoded(fields.get("content_base64"))
    labels = read_object(fields, "labels") or {}
    return SentDocument(need_text(fields, "collection", ""), need_text(fields, "name", ""), content, labels)


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(value if isinstance(value, str) else "", validate=True)
    except (binascii.Error, ValueError):
        raise invalid("content_base64", "the file's bytes in base64", value) from None


def render_labels(labels: Labels) -> Json:
    """Every label; unknown is null."""
    return {
        "authority": labels.authority.value,
        "deprecated": labels.is_deprecated,
        "deprecated_on": _day(labels.deprecated_on),
        "updated": _day(labels.updated),
        "effective_from": _day(labels.effective_from),
        "effective_until": _day(labels.effective_until),
        "supersedes": list(labels.supersedes),
        "topic": labels.topic,
        "sensitivity": None if labels.sensitivity is None else labels.sensitivity.value,
        "owner": labels.owner,
        "readers": list(labels.readers),
    }


def render_document(document: Document) -> Json:
    """A document without its passages."""
    return {
        "id": document.id,
        "collection": document.collection,
        "title": document.title,
        "url": document.url,
        "digest": document.digest,
        "origin": document.origin,
        "passages": document.passage_count,
        "added_at": document.added_at,
        "superseded_by": list(document.superseded_by),
        **render_labels(document),
    }


def render_cut(found: CutDocument) -> Json:
    """A document with its passages."""
    return {"document": render_document(found.document), "passages": [_passage(item) for item in found.passages]}


def render_found(source: Source) -> Json:
    """A passage that a search found."""
    return {
        "id": source.id,
        "document": source.document,
        "heading": list(source.heading),
        "text": source.text,
        "relevance": source.relevance,
        "similarity": source.similarity,
        "score": source.score,
        "url": source.url,
        "superseded_by": list(source.superseded_by),
        **render_labels(source),
    }


def render_report(report: IndexReport) -> Json:
    """What became of what was added."""
    return {
        "added": list(report.added),
        "changed": list(report.changed),
        "unchanged": report.unchanged,
        "removed": list(report.removed),
        "passages": report.passages,
        "unread": [{"path": item.path, "condition": item.condition, "advice": item.advice} for item in report.unread],
    }


def render_vectors(report: VectorReport) -> Json:
    """What became of the passages that had no vectors."""
    return {
        "made": report.made,
        "refused": report.refused,
        "waiting": report.waiting,
        "cost_usd": None if report.cost is None else str(report.cost),
        "reason": report.reason,
    }


def _passage(passage: Passage) -> Json:
    return {
        "id": passage.id,
        "heading": list(passage.heading),
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
    }


def _day(day: object) -> str | None:
    return None if day is None else str(day)
