"""Documents into the index: what is new or changed is read, what is gone is removed, what cannot be read is told of."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from weighbridge.context.documents.read import FORMATS, LARGEST_BYTES, digest_of, document_id, read_document
from weighbridge.domain.document import CutDocument, Indexed, IndexReport, Unread
from weighbridge.domain.errors import CommandError, UnreadableDocumentError, WeighbridgeError
from weighbridge.domain.moment import rfc3339
from weighbridge.domain.tool import Collection
from weighbridge.pipeline.house import House

MANIFEST = "sources.yaml"
BATCH_DOCUMENTS = 20
"""Written in one transaction: bounds how long a record that wants to be written waits."""
MOST_FILES = 200_000

log = logging.getLogger("weighbridge.sources")

Progress = Callable[[int, int], None]
"""Told how many documents are done, of how many."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A document before it is read."""

    path: str
    """Its name within the collection."""
    body: Callable[[], bytes]
    """Reads it. Raises OSError or UnreadableDocumentError."""
    stated: Mapping[str, object]
    """Labels that a manifest or a command gives it."""
    ending: str | None = None
    """Which format it is in, such as `.html`; `None`: its path says so."""


async def index_path(
    path: Path, collection: Collection, labels: Mapping[str, object], house: House, progress: Progress | None = None
) -> IndexReport:
    """Everything in a folder, or one file. Documents that were added from there before and are gone are removed.

    Raises CommandError when there is nothing at `path`, or a manifest that cannot be used; StoreError.
    """
    raws, origin = await asyncio.to_thread(lambda: (list(_files(path, labels)), str(path.resolve())))
    return await index(raws, collection, origin, house, progress)


async def index(
    raws: Sequence[Raw], collection: Collection, origin: str, house: House, progress: Progress | None = None
) -> IndexReport:
    """These documents, as all that `origin` has. Raises StoreError."""
    known = await house.sources.digests(collection.name)
    indexing = _Indexing(collection, origin, known, _now(house))
    batch: list[CutDocument] = []
    for done, raw in enumerate(raws, 1):
        cut = await asyncio.to_thread(indexing.read, raw)
        if cut is not None:
            batch.append(cut)
        if len(batch) == BATCH_DOCUMENTS:
            await house.sources.put(batch)
            batch = []
        if progress is not None:
            progress(done, len(raws))
    if batch:
        await house.sources.put(batch)
    gone = tuple(name for name, item in known.items() if item.origin == origin and name not in indexing.seen)
    if gone:
        await house.sources.remove(gone)
    return replace(indexing.report, removed=gone)


async def put_document(
    path: str, body: bytes, collection: Collection, labels: Mapping[str, object], house: House
) -> CutDocument:
    """One document that was sent by itself. Raises UnreadableDocumentError or StoreError."""
    read = await asyncio.to_thread(
        read_document, collection.name, path, body, defaults=collection.labels, stated=labels
    )
    cut = replace(read, document=replace(read.document, added_at=_now(house)))
    await house.sources.put([cut])
    return cut


async def source_at(name: str, house: House) -> CutDocument | None:
    """A document with its passages, or with the one passage that `name` is the id of. Raises StoreError."""
    document, _, part = name.partition(":")
    found = await house.sources.document(document)
    if found is None or not part:
        return found
    passages = tuple(item for item in found.passages if item.id == name)
    return replace(found, passages=passages) if passages else None


async def watch_sources(interval_s: float, house: House) -> None:
    """Index what changes in the watched collections, until cancelled."""
    seen: dict[str, str] = {}
    while True:
        for collection in house.in_force.policy.collections.values():
            if collection.is_watched and collection.path is not None:
                await _look(Path(collection.path), collection, seen, house)
        await asyncio.sleep(interval_s)


async def _look(path: Path, collection: Collection, seen: dict[str, str], house: House) -> None:
    try:
        stamps = await asyncio.to_thread(_stamps, path)
        if seen.get(collection.name) == stamps:
            return
        report = await index_path(path, collection, {}, house)
    except (WeighbridgeError, OSError) as error:
        log.warning("The sources %s were not indexed: %s", collection.name, error)
        return
    seen[collection.name] = stamps
    log.info(
        "Sources %s: %d added, %d changed, %d removed, %d not readable.",
        collection.name,
        len(report.added),
        len(report.changed),
        len(report.removed),
        len(report.unread),
    )
    for item in report.unread:
        log.warning("%s: %s %s", item.path, item.condition, item.advice)


class _Indexing:
    """One run over the documents of an origin."""

    def __init__(self, collection: Collection, origin: str, known: Mapping[str, Indexed], now: str) -> None:
        self._collection, self._origin, self._known, self._now = collection, origin, known, now
        self.seen: set[str] = set()
        """Ids that are still there, readable or not: a file that is broken for a moment is not a removed one."""
        self.report = IndexReport()

    def read(self, raw: Raw) -> CutDocument | None:
        """What has to be indexed; `None` for what is unchanged or cannot be read."""
        name = document_id(self._collection.name, raw.path)
        is_taken = name in self.seen
        self.seen.add(name)
        known = self._known.get(name)
        try:
            if is_taken:
                raise _clash("Another file has the same name but for letters that an id cannot hold.")
            if known is not None and known.origin != self._origin:
                raise _clash(f"The collection has a document of this name from {known.origin or 'elsewhere'}.")
            body = raw.body()
            if known is not None and known.digest == digest_of(body, self._collection.labels, raw.stated):
                self.report = replace(self.report, unchanged=self.report.unchanged + 1)
                return None
            cut = read_document(
                self._collection.name,
                raw.path,
                body,
                defaults=self._collection.labels,
                stated=raw.stated,
                ending=raw.ending,
            )
        except UnreadableDocumentError as error:
            self._tell(Unread(raw.path, error.condition, error.advice))
            return None
        except OSError as error:
            self._tell(Unread(raw.path, f"It cannot be read: {error.strerror}.", "Check its permissions."))
            return None
        self._note(name, cut, is_new=known is None)
        return replace(cut, document=replace(cut.document, origin=self._origin, added_at=self._now))

    def _note(self, name: str, cut: CutDocument, *, is_new: bool) -> None:
        report = replace(self.report, passages=self.report.passages + len(cut.passages))
        if is_new:
            self.report = replace(report, added=(*report.added, name))
        else:
            self.report = replace(report, changed=(*report.changed, name))

    def _tell(self, unread: Unread) -> None:
        self.report = replace(self.report, unread=(*self.report.unread, unread))


def _clash(condition: str) -> UnreadableDocumentError:
    return UnreadableDocumentError(condition, advice="Rename it, or use another collection.")


def _files(path: Path, labels: Mapping[str, object]) -> Iterator[Raw]:
    if path.is_file():
        yield Raw(path.name, lambda: _read(path), labels)
        return
    if not path.is_dir():
        raise CommandError(f"There is nothing at {path}.", advice="Name a file, a folder or a list of addresses.")
    manifest = _manifest(path)
    found = [file for file in sorted(path.rglob("*")) if _is_document(file, path)]
    if len(found) > MOST_FILES:
        raise CommandError(f"{path} holds more than {MOST_FILES:,} documents.", advice="Add its folders one by one.")
    for file in found:
        name = file.relative_to(path).as_posix()
        stated = {key: value for pattern, row in manifest if fnmatchcase(name, pattern) for key, value in row.items()}
        yield Raw(name, _reading(file), {**stated, **labels})


def _reading(file: Path) -> Callable[[], bytes]:
    return lambda: _read(file)


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(LARGEST_BYTES + 1)


def _is_document(file: Path, root: Path) -> bool:
    is_hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    return not is_hidden and file.suffix.lower() in FORMATS and file.is_file()


def _manifest(folder: Path) -> list[tuple[str, Mapping[str, object]]]:
    """Patterns of paths with the labels of what matches them, later ones having the last word."""
    file = folder / MANIFEST
    try:
        stated = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        raise CommandError(f"{file} cannot be read as YAML.", advice="Correct it, or move it away.") from None
    rows = stated.get("documents") if isinstance(stated, dict) else None
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        raise CommandError(
            f"{file} has no mapping `documents` of path patterns to labels.",
            advice='Write it like `documents: {"old/*.md": {deprecated: true}}`.',
        )
    return [(str(pattern), {str(key): value for key, value in row.items()}) for pattern, row in rows.items()]


def _stamps(path: Path) -> str:
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    sha = hashlib.sha256()
    for file in files:
        if file.is_file():
            found = file.stat()
            sha.update(f"{file}\x1f{found.st_size}\x1f{found.st_mtime_ns}\x1e".encode("utf-8", "surrogateescape"))
    return sha.hexdigest()


def _now(house: House) -> str:
    return rfc3339(datetime.fromtimestamp(house.clock.now(), UTC))
