"""Calls of this process that wait for a decision, woken when it is taken here."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Waiting:
    """Review id → who waits. What another process decides is not told here: those who wait also look."""

    def __init__(self) -> None:
        self._futures: dict[str, set[asyncio.Future[None]]] = {}

    @contextmanager
    def on(self, review_id: str) -> Iterator["asyncio.Future[None]"]:
        """A future that is done once `tell` was called."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._futures.setdefault(review_id, set()).add(future)
        try:
            yield future
        finally:
            waiting = self._futures[review_id]
            waiting.discard(future)
            if not waiting:
                del self._futures[review_id]

    def tell(self, review_id: str) -> None:
        """Wake everybody who waits for this item."""
        for future in self._futures.get(review_id, ()):
            if not future.done():
                future.set_result(None)
