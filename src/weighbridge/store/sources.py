"""`StoredSources`: what answers may draw on, in the file and with the threads of the records."""

from collections.abc import Mapping, Sequence
from functools import partial

from weighbridge.domain.document import CutDocument, Document, Indexed
from weighbridge.domain.material import Source
from weighbridge.domain.search import Search
from weighbridge.domain.vectors import Unvectored
from weighbridge.store.documents import (
    find_digests,
    find_document,
    find_documents,
    put_documents,
    remove_documents,
)
from weighbridge.store.records import StoredRecords
from weighbridge.store.search import SearchIndex
from weighbridge.store.vectors import find_without, index_version, put_vectors, take_turn

PUT_AT_ONCE = 8
"""Vectors in one transaction: an index of pgvector takes 3 ms for each, and everybody who writes waits for it."""


class StoredSources:
    """Satisfies `ports.Sources`. Several processes may share the file."""

    def __init__(self, records: StoredRecords) -> None:
        self._records, self._index = records, SearchIndex()

    async def put(self, documents: Sequence[CutDocument]) -> None:
        """Each takes the place of its version before; all or nothing. Raises StoreError."""
        await self._records.change(partial(put_documents, documents))

    async def remove(self, ids: Sequence[str]) -> int:
        """Delete documents; how many there were. Raises StoreError."""
        removed = await self._records.change(partial(remove_documents, ids))
        if removed:
            self._records.note_traces()
        return removed

    async def documents(self, collection: str | None = None) -> list[Document]:
        """All documents of a collection, or all, by id."""
        return await self._records.read(partial(find_documents, collection))

    async def digests(self, collection: str) -> Mapping[str, Indexed]:
        """Id → what is indexed of a collection."""
        return await self._records.read(partial(find_digests, collection))

    async def document(self, document_id: str) -> CutDocument | None:
        """One document with its passages."""
        return await self._records.read(partial(find_document, document_id))

    async def search(self, wanted: Search) -> list[Source]:
        """Passages that hold something of what is asked, the most relevant first. Raises StoreError."""
        return await self._records.read(lambda connection: self._index.search(connection, wanted))

    async def version(self) -> int:
        """Goes up with every change of documents and of vectors."""
        return await self._records.read(index_version)

    async def without_vectors(self, collection: str, space: str, after: int, limit: int) -> list[Unvectored]:
        """Passages of a collection with a number above `after` that have no vector in this space, by number."""
        return await self._records.read(partial(find_without, collection, space, after, limit))

    async def put_vectors(self, space: str, made: Sequence[tuple[Unvectored, bytes]]) -> int:
        """Keep vectors of length 1, for passages that are still the same; how many. Raises StoreError."""
        slices = [made[at : at + PUT_AT_ONCE] for at in range(0, len(made), PUT_AT_ONCE)]
        return sum([await self._records.change(partial(put_vectors, space, part)) for part in slices])

    async def take_turn(self, holder: str, now: float, until: float) -> bool:
        """Whether `holder` makes vectors until then (seconds since the epoch), and nobody else does."""
        return bool(await self._records.change(partial(take_turn, holder, now, until)))
