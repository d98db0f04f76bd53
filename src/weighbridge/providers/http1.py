"""The HTTP/1.1 client: satisfies `transport.Transport` on asyncio and httptools.

Why our own, what it leaves out, and the numbers: docs/explanation/decisions/003-http-client.md. A redirect is an answer
like any other: following one would carry the credential to a place that nobody configured.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from weighbridge.domain.errors import ProviderAuthError, ProviderTimeoutError, ProviderUnavailableError
from weighbridge.providers.http1_answer import HttpLimits
from weighbridge.providers.http1_connection import Connection
from weighbridge.providers.pool import Pool
from weighbridge.providers.transport import HttpAnswer, HttpCall, HttpStream, Origin

LIMITS = HttpLimits()


class HttpClient:
    """Kept connections, a pool for each origin. Belongs to one event loop."""

    def __init__(self, limits: HttpLimits = LIMITS, tls: ssl.SSLContext | None = None) -> None:
        self._limits = limits
        self._context = tls
        self._pools: dict[Origin, Pool] = {}

    async def send(self, call: HttpCall, timeout_s: float) -> HttpAnswer:
        """The whole answer. Raises ProviderError."""
        pool = self._pool(call.origin)
        connection = await _answered(pool, call, timeout_s, is_live=False)
        reader = connection.answer
        answer = HttpAnswer(reader.status, reader.headers, reader.take())
        pool.release(connection)
        return answer

    @asynccontextmanager
    async def open(self, call: HttpCall, timeout_s: float) -> AsyncIterator[HttpStream]:
        """The answer from its head on. An exception inside the block hangs up. Raises ProviderError."""
        pool = self._pool(call.origin)
        connection = await _answered(pool, call, timeout_s, is_live=True)
        try:
            yield HttpStream(connection.answer.status, connection.answer.headers, connection)
        except BaseException:
            pool.release(connection)
            raise
        connection.settle(pool.release)

    async def close(self) -> None:
        """Drop every connection."""
        for pool in self._pools.values():
            pool.close()
        await asyncio.sleep(0)  # the event loop closes the sockets in its next turn

    def _pool(self, origin: Origin) -> Pool:
        pool = self._pools.get(origin)
        if pool is None:
            pool = self._pools[origin] = Pool(origin, self._limits, self._tls)
        return pool

    def _tls(self) -> ssl.SSLContext:
        """Verified certificates and names; made when first needed, because loading the authorities takes 20 ms."""
        if self._context is None:
            self._context = ssl.create_default_context()
            self._context.set_alpn_protocols(["http/1.1"])
        return self._context


async def _answered(pool: Pool, call: HttpCall, timeout_s: float, *, is_live: bool) -> Connection:
    """A connection on which the answer is there.

    A kept connection that the peer drops within a second, before any byte of an answer, was closed while idle: the two
    messages crossed. The call is then sent once more, on a new connection. HTTP cannot tell this apart from a peer that
    read the request and died (RFC 9112, 9.3.1), so at worst a provider generates, and bills, one answer twice: a model
    call changes nothing else. Anything later or on a new connection is an error for the ladder to decide on.
    """
    if timeout_s <= 0:
        raise ProviderTimeoutError(
            "There is no time left for the call.", advice="Allow more time.", may_have_cost=False
        )
    head = render_head(call)
    deadline = asyncio.get_running_loop().time() + timeout_s
    is_fresh = False
    while True:
        connection = await pool.acquire(deadline, is_fresh=is_fresh)
        try:
            await connection.exchange(head, call.body, deadline, is_live=is_live)
        except BaseException as error:
            pool.release(connection)
            if not (isinstance(error, ProviderUnavailableError) and connection.was_stale):
                raise
            is_fresh = True
        else:
            return connection


def render_head(call: HttpCall) -> bytes:
    """Request line and headers. Raises ProviderAuthError when a header, usually a credential, cannot be sent."""
    lines = [f"{call.method} {call.target} HTTP/1.1\r\nhost: {call.origin.authority}\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in call.headers]
    lines.append(f"content-length: {len(call.body)}\r\n\r\n")
    text = "".join(lines)
    breaks = len(lines) + 2
    if text.count("\n") == text.count("\r") == breaks and "\0" not in text:
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            pass
    raise ProviderAuthError(
        "A header for the host holds characters that HTTP does not allow.",
        advice="Check the host's credential for line breaks and special characters.",
        may_have_cost=False,
    )
