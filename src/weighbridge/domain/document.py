"""A document that was added to the sources, and how it was cut into passages."""

from dataclasses import dataclass

from weighbridge.domain.material import Labels


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a document that makes sense by itself: what is searched, shown and cited."""

    id: str
    """The document's id, a colon, and a name that stays the same while other parts of the document change."""
    heading: tuple[str, ...]
    """The headings above it, outermost first."""
    start: int
    """Where it begins in the document's text, in characters."""
    end: int
    """Where it ends."""
    text: str
    """The text in between."""


@dataclass(frozen=True, slots=True)
class Document(Labels):
    """What is known of a document."""

    id: str
    """The collection, a slash, and its path there."""
    collection: str
    """What it was added to."""
    title: str
    """What it calls itself, else its file's name."""
    digest: str
    """sha256 of its bytes and of the labels that came from elsewhere: while it stays, nothing is indexed anew."""
    origin: str = ""
    """The folder, file or list that it was added from; empty for one that was sent by itself."""
    url: str | None = None
    """Where people find it."""
    passage_count: int = 0
    """Into how many passages it was cut."""
    added_at: str = ""
    """RFC 3339, UTC."""
    superseded_by: tuple[str, ...] = ()
    """Ids of documents that say they take its place."""


@dataclass(frozen=True, slots=True)
class CutDocument:
    """A document with its passages, ready for the index."""

    document: Document
    """What is known of it."""
    passages: tuple[Passage, ...]
    """In the order of its text; at least one."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """What is indexed of a document."""

    origin: str
    """Where it was added from."""
    digest: str
    """`Document.digest`."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A document that could not be read; the others were."""

    path: str
    """Which."""
    condition: str
    """What is wrong with it."""
    advice: str
    """What to do."""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What became of a folder, file or list that was added."""

    added: tuple[str, ...] = ()
    """Ids of documents that are new."""
    changed: tuple[str, ...] = ()
    """Ids of documents that were indexed anew."""
    unchanged: int = 0
    """Documents that were left as they are."""
    removed: tuple[str, ...] = ()
    """Ids of documents that are not there any more."""
    unread: tuple[Unread, ...] = ()
    """What could not be read."""
    passages: int = 0
    """Of what was indexed now."""
