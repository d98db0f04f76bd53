"""`StoredRecords`: the record of every request, and the two threads through which all else is stored as well."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from weighbridge.domain.errors import StoreError, UnwritableRecordError
from weighbridge.domain.record import Record, RecordFilter
from weighbridge.domain.secret import Secret
from weighbridge.store import queries
from weighbridge.store.insert import LARGEST_BATCH, Work, write
from weighbridge.store.open import open_database
from weighbridge.store.retention import BATCH_RECORDS, delete_expired
from weighbridge.store.session import Database, Session, told
from weighbridge.store.writer import Writer

log = logging.getLogger("weighbridge.store")

T = TypeVar("T")

MOVE_EVERY_RECORDS = 100
"""Records between two moves of the write-ahead log into the database, in the second thread."""

DISTRUST_S = 1.0
"""For so long after a failed write no request is begun: its call would cost money and its answer be withheld."""
LOOK_EVERY_S = 1.0
"""How often a database that went away is looked for."""


class StoredRecords:
    """Satisfies `ports.Records`. One thread writes, another reads; several processes may share the database.

    What `append` has returned from survives the death of this process in any way, `kill -9` included. With SQLite it is
    committed to the write-ahead log, in the hands of the operating system: a power cut or a crash of the operating
    system may lose the last moments (what the system had not yet flushed, usually under 30 seconds) and never damages
    the file. With PostgreSQL it is as durable as that database's `synchronous_commit` makes it.
    """

    def __init__(self, database: Database, queue_limit: int) -> None:
        self._database = database
        self._second = ThreadPoolExecutor(1, thread_name_prefix="weighbridge-record-reader")
        self._distrusted_until = self._look_at = 0.0
        self._unmoved, self._is_moving, self._has_traces = 0, False, False
        self._writer = Writer[Record | Work](
            partial(write, database),
            database.writer.close,
            queue_limit=queue_limit,
            largest_batch=LARGEST_BATCH,
        )

    @classmethod
    async def open(cls, place: Path | Secret, queue_limit: int = 10_000) -> Self:
        """Open or create the database, and bring it to this version: a file of SQLite, or the address of one of
        PostgreSQL. Raises StoreError when it cannot be used."""
        return cls(await asyncio.to_thread(open_database, place), queue_limit)

    async def append(self, record: Record) -> None:
        """Returns once the record is committed. Raises OverloadedError at the queue's limit, else StoreError.

        A task that is cancelled while it waits here leaves its record behind.
        """
        try:
            await self._writer.put(record)
        except UnwritableRecordError:
            raise  # the store is well: one odd answer must not keep others from being served
        except StoreError:
            self._distrusted_until = time.monotonic() + DISTRUST_S
            raise
        self._unmoved += 1
        if self._unmoved >= MOVE_EVERY_RECORDS and not self._is_moving:
            self._unmoved, self._is_moving = 0, True
            self._second.submit(self._move)

    def is_accepting(self) -> bool:
        """False when the queue is full, writing failed a moment ago, or the database is away: refuse a request before
        it costs anything."""
        if self._database.is_away:
            self._look_again()
            return False
        return not self._writer.is_full and time.monotonic() >= self._distrusted_until

    async def get(self, record_id: str) -> Record | None:
        """One record. Raises StoreError."""
        return await self._read(partial(queries.get, self._database.reader, record_id))

    async def find(self, wanted: RecordFilter) -> list[Record]:
        """Newest first. Raises InvalidFieldError when `since` is no RFC 3339 time, StoreError when reading fails."""
        return await self._read(partial(queries.find, self._database.reader, wanted))

    async def output_lengths(self, tasks: Sequence[str], newest: int) -> dict[str, list[int]]:
        """By task the output tokens of the newest answers, oldest first."""
        return await self._read(partial(queries.output_lengths, self._database.reader, tasks, newest))

    async def expire(self, now: float) -> int:
        """Delete what expired before `now` (seconds since the epoch), content and all; how many records."""
        moment = queries.rfc3339(datetime.fromtimestamp(now, UTC))
        deleted, batch = 0, BATCH_RECORDS
        while batch == BATCH_RECORDS:
            batch = await self._writer.run(self._told(partial(delete_expired, self._database.writer, moment)))
            deleted += batch
            if batch:  # moved here, or the writer would have to stop for it in the middle of its records
                await asyncio.wrap_future(self._second.submit(self._move))
        self._has_traces |= deleted > 0
        if self._has_traces:
            self._has_traces = not await self._writer.run(self._told(self._database.empty_log))
        return deleted

    async def expire_every(self, interval_s: float, now: Callable[[], float] = time.time) -> None:
        """Delete what has expired, now and again, until cancelled. A failure is logged and tried again."""
        while True:
            try:
                deleted = await self.expire(now())
            except StoreError as error:
                log.warning("expired records were not deleted: %s", error)
            else:
                log.log(logging.INFO if deleted else logging.DEBUG, "deleted %d expired records", deleted)
            await asyncio.sleep(interval_s)

    async def change(self, job: Callable[[Session], int]) -> int:
        """Do `job` on the writing connection, between two batches of records. Raises StoreError."""
        return await self._writer.run(self._told(partial(job, self._database.writer)))

    def work(self, work: Callable[[Session], T]) -> "asyncio.Future[T]":
        """Do `work` in the writer's transaction, in turn with the records; the future has what it returns, once that is
        committed. Raises OverloadedError or StoreError at once, and the future StoreError."""
        return self._writer.put(work)

    async def read(self, query: Callable[[Session], T]) -> T:
        """Ask the reading connection. Raises StoreError."""
        return await self._read(partial(query, self._database.reader))

    def note_traces(self) -> None:
        """Something was overwritten that may not stand in the log for long: cut it with the next `expire`, or at the
        end."""
        self._has_traces = True

    async def close(self) -> None:
        """Take nothing more, write what was taken, close the file."""
        if self._has_traces:
            with suppress(StoreError):  # another process is reading, or the disk fails: whoever cuts the log next does
                await self._writer.run(self._told(self._database.empty_log))
        await self._writer.close()
        await asyncio.to_thread(self._second.shutdown)
        self._database.close()

    def _look_again(self) -> None:
        """Once a second in both threads, where a statement makes a lost connection anew."""
        if time.monotonic() < self._look_at or self._writer.is_full:
            return
        self._look_at = time.monotonic() + LOOK_EVERY_S
        looked = self._writer.run(self._told(lambda: self._database.writer.execute("SELECT 1").rowcount))
        looked.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._second.submit(self._told(lambda: self._database.reader.execute("SELECT 1")))

    def _move(self) -> None:
        self._database.move()
        self._is_moving = False

    async def _read(self, query: Callable[[], T]) -> T:
        self._writer.require_open()
        return await asyncio.get_running_loop().run_in_executor(self._second, self._told(query))

    def _told(self, work: Callable[[], T]) -> Callable[[], T]:
        def run() -> T:
            with told(self._database):
                return work()

        return run
