"""Kept connections to one origin: reuse the youngest, open up to a limit, wait in line for a bounded time beyond it."""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable

from weighbridge.domain.errors import HostBusyError, HostUnreachableError, ProviderError, ProviderTimeoutError
from weighbridge.providers.http1_answer import HttpLimits
from weighbridge.providers.http1_connection import Connection
from weighbridge.providers.transport import Origin


class Pool:
    """Hands out connections and takes each back exactly once."""

    def __init__(self, origin: Origin, limits: HttpLimits, tls: Callable[[], ssl.SSLContext]) -> None:
        self._origin, self._limits, self._tls = origin, limits, tls
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._opening = 0
        self._line: deque[asyncio.Future[None]] = deque()

    async def acquire(self, deadline: float, *, is_fresh: bool = False) -> Connection:
        """A connection ready for an exchange; `is_fresh` wants a new one. Raises ProviderError, nothing being sent."""
        connection = self._usable(is_fresh)
        if connection is None and self._is_full:
            connection = await self._wait_for_one(deadline, is_fresh)
        if connection is None:
            connection = await self._open(deadline)
        self._busy.add(connection)
        return connection

    def release(self, connection: Connection) -> None:
        """Keep it if it is clean; else, and so also in the middle of an answer, hang up."""
        self._busy.discard(connection)
        if connection.is_usable:
            self._idle.append(connection)
            self._drop_aged()
        else:
            connection.abort()
        self._call_next()

    def close(self) -> None:
        """Hang up on all."""
        for connection in (*self._idle, *self._busy):
            connection.abort()
        self._idle.clear()

    @property
    def _is_full(self) -> bool:
        return len(self._busy) + len(self._idle) + self._opening >= self._limits.connections

    def _usable(self, is_fresh: bool) -> Connection | None:
        """The youngest. When that one just proved dead, the older ones are no better, and all are dropped."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable and not is_fresh:
                return connection
            connection.abort()
        return None

    def _drop_aged(self) -> None:
        """The oldest lie at the bottom; one look at each return is enough to let a burst's connections go."""
        if not self._idle[0].is_usable:
            self._idle.pop(0).abort()

    async def _wait_for_one(self, deadline: float, is_fresh: bool) -> Connection | None:
        """A returned connection, or `None` when there is room to open one."""
        until = min(deadline, asyncio.get_running_loop().time() + self._limits.wait_s)
        while self._is_full:
            await self._stand_in_line(until)
            if (connection := self._usable(is_fresh)) is not None:
                return connection
        return None

    async def _stand_in_line(self, until: float) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(place)
        try:
            async with asyncio.timeout_at(until):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled():
                self._call_next()
            if isinstance(error, TimeoutError):
                raise self._all_taken() from None
            raise
        finally:
            if place in self._line:
                self._line.remove(place)

    def _call_next(self) -> None:
        while self._line:
            place = self._line.popleft()
            if not place.done():
                place.set_result(None)
                return

    async def _open(self, deadline: float) -> Connection:
        self._opening += 1
        try:
            return await self._connect(deadline)
        except BaseException:
            self._call_next()
            raise
        finally:
            self._opening -= 1

    async def _connect(self, deadline: float) -> Connection:
        loop, origin = asyncio.get_running_loop(), self._origin
        try:
            async with asyncio.timeout(min(self._limits.connect_s, deadline - loop.time())):
                _, connection = await loop.create_connection(
                    lambda: Connection(loop, origin.authority, self._limits),
                    origin.host,
                    origin.port,
                    ssl=self._tls() if origin.is_tls else None,
                )
        except TimeoutError:
            raise ProviderTimeoutError(
                f"{origin.authority} did not accept a connection in time.", advice="Try again.", may_have_cost=False
            ) from None
        except (OSError, UnicodeError) as error:
            raise self._unreachable(error) from None
        return connection

    def _unreachable(self, error: Exception) -> ProviderError:
        advice = "Check the host's base_url and the network."
        reason = getattr(error, "strerror", None) or type(error).__name__
        if isinstance(error, ssl.SSLCertVerificationError):
            reason = f"its certificate is not trusted, {error.verify_message}"
            advice = "Name a file with its authority in SSL_CERT_FILE, or correct the host's base_url."
        return HostUnreachableError(
            f"{self._origin.authority} cannot be reached: {reason}.", advice=advice, may_have_cost=False
        )

    def _all_taken(self) -> ProviderError:
        return HostBusyError(
            f"All {self._limits.connections} connections to {self._origin.authority} stayed in use.",
            advice="Send fewer requests at once, or add another host.",
            may_have_cost=False,
        )
