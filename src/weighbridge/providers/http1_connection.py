"""One HTTP/1.1 connection: writes a request, waits for the answer, knows whether it may be used again."""

import asyncio
from collections.abc import Callable

from weighbridge.domain.errors import ProviderError, ProviderUnavailableError
from weighbridge.providers.http1_answer import AnswerReader, HttpLimits
from weighbridge.providers.http1_patience import Patience

PAUSE_AT_BYTES = 256 * 1024
"""Unread bytes of a live answer at which the provider has to wait for its reader."""
WRITE_SLICE_BYTES = 256 * 1024
STALE_WITHIN_S = 1.0
"""A used connection that ends this soon, without a byte, had been dropped by the peer before it saw the request."""
DRAIN_S = 1.0
DRAIN_BYTES = 64 * 1024
"""How much of an answer is still read after its reader has all it wants, to keep the connection."""


class Connection(asyncio.Protocol):
    """Serves one exchange at a time. A connection that was not read to the end is never used again."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, limits: HttpLimits) -> None:
        self._loop, self._name, self._limits = loop, name, limits
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._on_settled: Callable[[Connection], None] | None = None
        self._error: ProviderError | None = None
        self._is_over, self._is_live, self._may_stay = True, False, False
        self._is_writing_paused = False
        self._exchanges = self._drained = 0
        self._idle_since = 0.0
        self._patience = Patience(loop, name, limits.silence_s, self._fail)
        self.was_stale = False
        """The peer dropped this kept connection before it can have acted on the request."""
        self.answer = AnswerReader(name, limits)
        """What has come of the answer so far."""

    @property
    def is_usable(self) -> bool:
        """Open, clean, and young enough to be trusted."""
        return (
            self._may_stay
            and self._transport is not None
            and not self._transport.is_closing()
            and self._loop.time() - self._idle_since < self._limits.idle_s
        )

    async def exchange(self, head: bytes, body: bytes, deadline: float, *, is_live: bool) -> None:
        """Send a request. Returns once the head of a live answer, or the whole of any other, is there."""
        self._begin(deadline, is_live)
        if self._transport is None:
            self._fail_lost()
        elif len(body) <= WRITE_SLICE_BYTES:
            self._transport.write(head + body)
        else:
            await self._write_slowly(self._transport, head, memoryview(body))
        while not self._is_over and not (is_live and self.answer.has_head):
            await self._wait()
        if self._error is not None:
            raise self._error

    def _begin(self, deadline: float, is_live: bool) -> None:
        self.answer.begin()
        self._is_live, self._is_over, self._may_stay = is_live, False, False
        self._exchanges += 1
        self._patience.begin(deadline)

    async def _write_slowly(self, transport: asyncio.Transport, head: bytes, body: memoryview) -> None:
        """A slice whenever the peer has room. An answer that comes before the end stops the sending."""
        transport.write(head)
        for at in range(0, len(body), WRITE_SLICE_BYTES):
            while self._is_writing_paused and not self._is_over:
                await self._wait()
            if self._is_over:
                self.abort()
                return
            transport.write(body[at : at + WRITE_SLICE_BYTES])

    def __aiter__(self) -> "Connection":
        return self

    async def __anext__(self) -> bytes:
        """The next part of a live answer's body."""
        while not self.answer.unread:
            if self._error is not None:
                raise self._error
            if self._is_over:
                raise StopAsyncIteration
            await self._wait()
        if self._patience.is_paused:
            self._listen_again()
        return self.answer.take()

    def _listen_again(self) -> None:
        self._patience.is_paused = False
        self._patience.hear()
        if self._transport is not None:
            self._transport.resume_reading()

    def settle(self, on_settled: Callable[["Connection"], None]) -> None:
        """The reader has all it wants. What is left is read in the background within narrow bounds; then the call."""
        self._on_settled, self._drained = on_settled, 0
        if self._is_over:
            self._tell_settled()
        elif self._patience.is_paused:
            self.abort()
        else:
            self._patience.shorten(DRAIN_S)

    def abort(self) -> None:
        """Hang up now. Whoever still waits for the answer is told."""
        self._may_stay = False
        if not self._is_over and self._error is None:
            self._error = _broken(f"The connection to {self._name} was given up.")
        if self._transport is not None:
            self._transport.abort()
        self._end()

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _end(self) -> None:
        self._patience.end()
        if self._is_over:
            return
        self._is_over, self._idle_since = True, self._loop.time()
        self._wake()
        self._tell_settled()

    def _tell_settled(self) -> None:
        if self._on_settled is not None:
            on_settled, self._on_settled = self._on_settled, None
            on_settled(self)

    def _fail(self, error: ProviderError) -> None:
        self._error = error
        self.abort()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self._transport = transport  # type: ignore[assignment] # a stream protocol is given a Transport

    def data_received(self, data: bytes) -> None:
        """Bytes came. Those that nobody asked for make the connection unfit."""
        if self._is_over:
            self.abort()
            return
        self._patience.hear()
        answer = self.answer
        try:
            answer.feed(data)
        except ProviderError as error:
            self._fail(error)
            return
        if answer.is_complete:
            self._complete()
        elif self._on_settled is not None:
            self._drain(len(data))
        elif self._is_live:
            self._offer()

    def _offer(self) -> None:
        if self.answer.unread > PAUSE_AT_BYTES and self._transport is not None and not self._patience.is_paused:
            self._patience.is_paused = True
            self._transport.pause_reading()
        self._wake()

    def _drain(self, size: int) -> None:
        self._drained += size
        self.answer.take()
        if self._drained > DRAIN_BYTES:
            self.abort()

    def _complete(self) -> None:
        """An answer that overtook its request leaves a connection on which nobody knows what is still to come."""
        transport = self._transport
        self._may_stay = self.answer.may_stay and transport is not None and transport.get_write_buffer_size() == 0
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._transport, self._may_stay = None, False
        if self._is_over:
            return
        if exc is None:
            self.answer.end()
        if self.answer.is_complete:
            self._end()
        else:
            self._fail_lost()

    def _fail_lost(self) -> None:
        has_begun = self.answer.has_begun
        is_early = self._patience.elapsed_s < STALE_WITHIN_S
        self.was_stale = self._exchanges > 1 and not has_begun and is_early
        when = "in the middle of its answer" if has_begun else "before it answered"
        self._fail(_broken(f"{self._name} closed the connection {when}."))

    def pause_writing(self) -> None:
        """The peer is slow to read."""
        self._is_writing_paused = True

    def resume_writing(self) -> None:
        """It has room again."""
        self._is_writing_paused = False
        self._wake()


def _broken(condition: str) -> ProviderUnavailableError:
    return ProviderUnavailableError(condition, advice="Try again.", may_have_cost=True)
