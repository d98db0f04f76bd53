"""A load generator on asyncio protocols: keep-alive connections, each with one request in flight."""

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from typing import cast

import httptools


@dataclass(frozen=True, slots=True)
class Load:
    """What one round saw."""

    requests: int
    elapsed_s: float
    latencies_s: list[float]

    def percentile_s(self, share: float) -> float:
        """The latency that `share` of the requests stayed below."""
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Client(asyncio.Protocol):
    def __init__(self, request: bytes, share: int, latencies_s: list[float], done: "asyncio.Future[None]") -> None:
        self._request, self._left, self._latencies_s, self._done = request, share, latencies_s, done
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._latencies_s.append(time.perf_counter() - self._sent_at)
        status = self._parser.get_status_code()
        if status != 200:
            self._done.set_exception(RuntimeError(f"the target answered {status}"))
            return
        self._left -= 1
        if self._left > 0:
            self._parser = httptools.HttpResponseParser(self)
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._done.done():
            return
        if self._left > 0:
            self._done.set_exception(RuntimeError("the target closed the connection"))
        else:
            self._done.set_result(None)


async def drive(port: int, request: bytes, *, requests: int, connections: int) -> Load:
    """Send `requests` over `connections` and measure each. Raises RuntimeError when an answer is not 200."""
    loop = asyncio.get_running_loop()
    latencies_s: list[float] = []
    share = requests // connections
    finished = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    for future in finished:
        await loop.create_connection(partial(_Client, request, share, latencies_s, future), "127.0.0.1", port)
    await asyncio.gather(*finished)
    return Load(share * connections, time.perf_counter() - began, latencies_s)


def post(path: str, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> bytes:
    """The bytes of one request."""
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json"]
    lines += [f"content-length: {len(body)}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
