"""Group commit, with a disk that is a list."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from weighbridge.domain.errors import OverloadedError, StoreError
from weighbridge.store.writer import Writer

Row = tuple[str]

FULL = StoreError("The disk is full.", advice="Free some space.")


@dataclass
class Disk:
    """Keeps batches; holds each commit back until the gate is open, refuses rows named `poison`."""

    gate: threading.Event = field(default_factory=threading.Event)
    batches: list[Sequence[Row]] = field(default_factory=list)
    is_closed: bool = False

    def write(self, rows: Sequence[Row]) -> list[StoreError | None]:
        assert self.gate.wait(10)
        self.batches.append(rows)
        return [FULL if row == ("poison",) else None for row in rows]

    def close(self) -> None:
        self.is_closed = True

    @property
    def rows(self) -> list[Row]:
        return [row for batch in self.batches for row in batch]


@asynccontextmanager
async def a_writer(disk: Disk, *, queue_limit: int = 100, largest_batch: int = 100) -> AsyncIterator[Writer[Row]]:
    writer = Writer(disk.write, disk.close, queue_limit=queue_limit, largest_batch=largest_batch)
    try:
        yield writer
    finally:
        disk.gate.set()
        await writer.close()


async def a_turn() -> None:
    """Let the writer's thread take what was put so far and wait at the gate."""
    await asyncio.sleep(0.05)


async def test_what_arrives_during_a_commit_goes_out_with_the_next() -> None:
    disk = Disk()
    async with a_writer(disk) as writer:
        first = writer.put(("first",))
        await a_turn()
        others = [writer.put((str(number),)) for number in range(20)]
        await a_turn()
        disk.gate.set()
        await asyncio.gather(first, *others)
    assert [len(batch) for batch in disk.batches] == [1, 20]


async def test_a_large_turn_is_cut_into_batches() -> None:
    disk = Disk()
    disk.gate.set()
    async with a_writer(disk, largest_batch=8) as writer:
        await asyncio.gather(*[writer.put((str(number),)) for number in range(20)])
    assert [len(batch) for batch in disk.batches] == [8, 8, 4]


async def test_nothing_is_answered_before_its_commit() -> None:
    disk = Disk()
    async with a_writer(disk) as writer:
        waiting = writer.put(("row",))
        await a_turn()
        assert not waiting.done()
        disk.gate.set()
        await waiting
        assert disk.rows == [("row",)]


async def test_a_refused_row_does_not_fail_its_neighbours() -> None:
    disk = Disk()
    disk.gate.set()
    async with a_writer(disk) as writer:
        rows = [("good",), ("poison",), ("fine",)]
        results = await asyncio.gather(*[writer.put(row) for row in rows], return_exceptions=True)
    assert results == [None, FULL, None]


async def test_a_full_queue_refuses_and_loses_nothing() -> None:
    disk = Disk()
    async with a_writer(disk, queue_limit=3) as writer:
        waiting = [writer.put((str(number),)) for number in range(3)]
        assert writer.is_full
        with pytest.raises(OverloadedError, match="3 are waiting"):
            writer.put(("too much",))
        disk.gate.set()
        await asyncio.gather(*waiting)
        assert not writer.is_full
        await writer.put(("room again",))
    assert len(disk.rows) == 4


async def test_a_cancelled_waiter_leaves_its_row_and_its_neighbours_alone() -> None:
    disk = Disk()
    async with a_writer(disk) as writer:
        cancelled, kept = writer.put(("cancelled",)), writer.put(("kept",))
        cancelled.cancel()
        await a_turn()
        disk.gate.set()
        await kept
        assert not writer.is_full
    assert disk.rows == [("cancelled",), ("kept",)]


async def test_closing_writes_everything_that_was_taken() -> None:
    disk = Disk()
    async with a_writer(disk) as writer:
        waiting = [writer.put((str(number),)) for number in range(50)]
        closing = asyncio.create_task(writer.close())
        await a_turn()
        disk.gate.set()
        await closing
        assert all(future.done() and future.exception() is None for future in waiting)
    assert len(disk.rows) == 50
    assert disk.is_closed


async def test_a_closed_writer_says_so() -> None:
    async with a_writer(Disk()) as writer:
        await writer.close()
        assert writer.is_full
        with pytest.raises(StoreError, match="closed"):
            writer.put(("late",))
        with pytest.raises(StoreError, match="closed"):
            writer.run(lambda: 1)


async def test_a_job_runs_between_batches_and_its_error_is_its_own() -> None:
    def fails() -> int:
        raise FULL

    disk = Disk()
    disk.gate.set()
    async with a_writer(disk) as writer:
        results = await asyncio.gather(
            writer.put(("row",)), writer.run(lambda: 42), writer.run(fails), return_exceptions=True
        )
    assert list(results) == [None, 42, FULL]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_the_death_of_the_thread_is_told_to_everybody_who_waits() -> None:
    disk = Disk()

    def broken(rows: Sequence[Row]) -> list[StoreError | None]:
        disk.write(rows)
        raise ZeroDivisionError

    writer = Writer(broken, disk.close, queue_limit=10, largest_batch=2)
    waiting = [writer.put((str(number),)) for number in range(5)]
    await a_turn()
    waiting.append(writer.put(("behind",)))
    disk.gate.set()
    results = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
    assert [type(result) for result in results] == [StoreError] * 6
    with pytest.raises(StoreError, match="has stopped"):
        writer.put(("later",))
    assert writer.is_full
    assert disk.is_closed
    await writer.close()


def test_a_loop_that_ended_without_closing_does_not_hurt_the_thread() -> None:
    disk = Disk()

    async def forgetful() -> Writer[Row]:
        writer = Writer(disk.write, disk.close, queue_limit=10, largest_batch=2)
        writer.put(("row",))
        await a_turn()
        return writer

    writer = asyncio.run(forgetful())
    disk.gate.set()
    while not disk.batches:
        threading.Event().wait(0.01)
    assert writer._thread.is_alive()
