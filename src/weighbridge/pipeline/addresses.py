"""Documents from a list of addresses: each is fetched, and then read like a file."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from weighbridge.domain.document import IndexReport
from weighbridge.domain.errors import CommandError, UnreadableDocumentError
from weighbridge.domain.tool import Collection
from weighbridge.pipeline.house import House
from weighbridge.pipeline.index import Progress, Raw, index, index_path

LIST_SUFFIX = ".urls"
MOST_ADDRESSES = 10_000
AT_ONCE = 4
ENDINGS: Mapping[str, str] = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
"""Media type → the ending that such a file has."""


async def add_path(
    path: Path, collection: Collection, labels: Mapping[str, object], house: House, progress: Progress | None = None
) -> IndexReport:
    """Index a file, a folder, or a list of addresses. Raises CommandError or StoreError."""
    if path.suffix != LIST_SUFFIX:
        return await index_path(path, collection, labels, house, progress)
    addresses, origin = await asyncio.to_thread(_listed, path)
    gate = asyncio.Semaphore(AT_ONCE)

    async def fetched(address: str) -> Raw:
        async with gate:
            return await _fetched(address, labels, house)

    raws = await asyncio.gather(*(fetched(address) for address in addresses))
    return await index(raws, collection, origin, house, progress)


def _listed(path: Path) -> tuple[list[str], str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise CommandError(f"{path} cannot be read.", advice="Write one address a line, in UTF-8.") from None
    addresses = list(dict.fromkeys(line.strip() for line in lines if line.strip() and not line.startswith("#")))
    if len(addresses) > MOST_ADDRESSES:
        raise CommandError(f"{path} lists more than {MOST_ADDRESSES:,} addresses.", advice="Split it.")
    return addresses, str(path.resolve())


async def _fetched(address: str, labels: Mapping[str, object], house: House) -> Raw:
    page = await house.pages.fetch(address)
    name = address.partition("://")[2].rstrip("/")
    if page.error is not None:
        return Raw(name, _raising(page.error), labels)
    return Raw(name, lambda: page.body, {"url": address, **labels}, ENDINGS.get(page.media_type))


def _raising(reason: str) -> Callable[[], bytes]:
    def read() -> bytes:
        raise UnreadableDocumentError(f"It could not be fetched: {reason}.", advice="Open it in a browser.")

    return read
