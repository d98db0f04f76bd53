"""The edges that evidence comes through, as the pipeline sees them; satisfied in `wire.py` like those of `ports.py`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from weighbridge.domain.conversation import ConversationState
from weighbridge.domain.document import CutDocument, Document, Indexed
from weighbridge.domain.material import Source
from weighbridge.domain.page import Page
from weighbridge.domain.search import Search
from weighbridge.domain.tool import DeclaredTool, ToolAnswer
from weighbridge.domain.vectors import Unvectored


class Sources(Protocol):
    """The documents that answers may draw on. All raise StoreError."""

    async def put(self, documents: Sequence[CutDocument]) -> None:
        """Each takes the place of its version before; all or nothing."""
        ...

    async def remove(self, ids: Sequence[str]) -> int:
        """Delete documents; how many there were."""
        ...

    async def documents(self, collection: str | None = None) -> list[Document]:
        """All documents of a collection, or all, by id."""
        ...

    async def digests(self, collection: str) -> Mapping[str, Indexed]:
        """Id → what is indexed of a collection."""
        ...

    async def document(self, document_id: str) -> CutDocument | None:
        """One document with its passages."""
        ...

    async def search(self, wanted: Search) -> list[Source]:
        """Passages that hold something of what is asked, the most relevant first."""
        ...

    async def version(self) -> int:
        """Goes up with every change of documents and of vectors."""
        ...

    async def without_vectors(self, collection: str, space: str, after: int, limit: int) -> list[Unvectored]:
        """Passages of a collection with a number above `after` that have no vector in this space, by number."""
        ...

    async def put_vectors(self, space: str, made: Sequence[tuple[Unvectored, bytes]]) -> int:
        """Keep vectors of length 1, for passages that are still the same; how many."""
        ...

    async def take_turn(self, holder: str, now: float, until: float) -> bool:
        """Whether `holder` makes vectors until then (seconds since the epoch), and nobody else does."""
        ...


class States(Protocol):
    """What stands for the older part of conversations. Both raise StoreError."""

    async def newest(self, prefixes: Sequence[str], now: str) -> ConversationState | None:
        """The state that covers most, of those kept under one of `prefixes` (digests) and not expired (RFC 3339)."""
        ...

    async def keep(self, prefix: str, state: ConversationState, now: str, expires_at: str) -> None:
        """Keep a state, and forget what has expired."""
        ...


class Pages(Protocol):
    """Web servers with documents."""

    async def fetch(self, address: str) -> Page:
        """The document at `address`. Never raises for what the server does."""
        ...


class Tools(Protocol):
    """Servers and functions that know live state."""

    async def call(self, tool: DeclaredTool, arguments: Mapping[str, str], timeout_s: float) -> ToolAnswer:
        """Ask once. Never raises for what the tool does."""
        ...
