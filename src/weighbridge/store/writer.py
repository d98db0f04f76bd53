"""Group commit: one thread writes, and what arrives while it is writing goes out together with the next commit.

The event loop and the thread meet in two places only: a queue towards the thread, which gets all orders of one turn of
the loop at once, and one `call_soon_threadsafe` back for each commit. Futures, the count of waiting orders and the end
of the thread are touched by the event loop alone.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Generic, TypeVar

from weighbridge.domain.errors import OverloadedError, StoreError

Item = TypeVar("Item")

Job = Callable[[], int]
"""Other work for the writer's connection, between two batches. May raise StoreError."""


@dataclass(slots=True, eq=False)
class _Order(Generic[Item]):
    future: "asyncio.Future[Any]"
    item: Item | None = None
    job: Job | None = None

    @property
    def is_closing(self) -> bool:
        return self.item is None and self.job is None

    def resolve(self, result: object) -> None:
        if self.future.done():  # whoever waited was cancelled; the item is written all the same
            return
        if isinstance(result, StoreError):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


class Writer(Generic[Item]):
    """Owns the writing thread. Made, used and closed on one event loop.

    `write` commits items and gives for each what came of it, or the StoreError that kept it out; `close` ends what it
    writes to. Both run in the thread.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Sequence[object]],
        close: Callable[[], None],
        *,
        queue_limit: int,
        largest_batch: int,
    ) -> None:
        self._write, self._close = write, close
        self._queue_limit, self._largest_batch = queue_limit, largest_batch
        self._loop = asyncio.get_running_loop()
        self._turn: list[_Order[Item]] = []
        self._turns = SimpleQueue[list[_Order[Item]]]()
        self._taken: list[_Order[Item]] = []
        self._waiting = 0
        self._is_closing = False
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._thread = Thread(target=self._work, name="weighbridge-record-writer", daemon=True)
        self._thread.start()

    @property
    def is_full(self) -> bool:
        """No further item is taken now: the queue is at its limit, or the writer has ended."""
        return self._waiting >= self._queue_limit or self._is_closing or self._ended.done()

    def put(self, item: Item) -> "asyncio.Future[Any]":
        """Hand in an item; the future has what came of it, once committed. Raises OverloadedError or StoreError."""
        self.require_open()
        if self._waiting >= self._queue_limit:
            raise OverloadedError(
                f"The record queue is full ({self._queue_limit} are waiting for the disk).",
                advice="Try again in a moment; when it stays full, the disk is too slow for this load.",
            )
        return self._order(_Order(self._loop.create_future(), item=item))

    def run(self, job: Job) -> "asyncio.Future[int]":
        """Do other work on the writer's connection, after the items that are waiting now. Raises StoreError."""
        self.require_open()
        return self._order(_Order(self._loop.create_future(), job=job))

    async def close(self) -> None:
        """Take nothing more, write what was taken, end the thread."""
        if not self._is_closing:
            self._is_closing = True
            self._order(_Order(self._loop.create_future()))
        await asyncio.shield(self._ended)
        self._thread.join()

    def _order(self, order: _Order[Item]) -> "asyncio.Future[Any]":
        self._waiting += 1
        if not self._turn:
            self._loop.call_soon(self._hand_over)
        self._turn.append(order)
        return order.future

    def _hand_over(self) -> None:
        self._turns.put(self._turn)
        self._turn = []

    def require_open(self) -> None:
        """Raises StoreError once the writer is closing or has ended."""
        if self._is_closing:
            raise StoreError("The record database is closed.", advice="Open the gateway again.")
        if self._ended.done():
            raise _stopped()

    def _work(self) -> None:
        try:
            while self._serve(self._gather()):
                pass
        finally:
            self._close()
            self._tell(self._end)

    def _gather(self) -> list[_Order[Item]]:
        """Wait for a turn's orders, then take what else is there; we alone take, so the queue's size is sure."""
        orders = self._turns.get()
        for _ in range(self._turns.qsize()):
            orders += self._turns.get()
        self._taken = orders
        return orders

    def _serve(self, orders: list[_Order[Item]]) -> bool:
        """Write the items and do the jobs, batch by batch; False after the closing order, always the last of all."""
        for start in range(0, len(orders), self._largest_batch):
            batch = orders[start : start + self._largest_batch]
            self._tell(self._resolve, batch, self._results(batch))
        return not orders[-1].is_closing

    def _results(self, batch: list[_Order[Item]]) -> list[object]:
        items = [order.item for order in batch if order.item is not None]
        outcomes = iter(self._write(items) if items else ())
        return [_done(order.job) if order.item is None else next(outcomes) for order in batch]

    def _tell(self, callback: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop was closed before us: nobody waits for the news
            self._loop.call_soon_threadsafe(callback, *arguments)

    def _resolve(self, batch: list[_Order[Item]], results: list[object]) -> None:
        self._waiting -= len(batch)
        for order, result in zip(batch, results, strict=True):
            order.resolve(result)

    def _end(self) -> None:
        """On the event loop, where orders come from: none can slip in behind the last look into the queue."""
        self._ended.set_result(None)
        left = self._taken + self._turn
        with suppress(Empty):
            while True:
                left += self._turns.get_nowait()
        for order in left:
            order.resolve(_stopped())


def _done(job: Job | None) -> int | StoreError | None:
    try:
        return None if job is None else job()
    except StoreError as error:
        return error


def _stopped() -> StoreError:
    return StoreError("The record writer has stopped.", advice="Restart the gateway; its log says what went wrong.")
