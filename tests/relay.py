"""A relay of TCP connections on loopback: a balancer over several servers, and a network that can be cut."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle

CHUNK_BYTES = 65_536


class Relay:
    """Each new connection goes to the next server that answers. Runs in a thread of its own."""

    def __init__(self, servers: Sequence[int | str]) -> None:
        self._servers, self._turns = servers, cycle(servers)
        self._open: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self._loses_reply_to = b""
        self._losses, self._stays_cut = 0, False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop)
        self._server = server.result()
        self.port = int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """Close all connections, and every new one, until `mend`."""
        self._call(self._cut)

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def lose_reply_to(self, sent: bytes, *, times: int = 1, stay_cut: bool = False) -> None:
        """Forward the next bytes that hold `sent`, and cut the connection before their reply comes back, so many times;
        with `stay_cut` every new one too, until `mend`."""
        self._losses, self._stays_cut, self._loses_reply_to = times, stay_cut, sent

    def close(self) -> None:
        """Cut, and end the thread."""
        self.cut()
        self._call(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Callable[[], None]) -> None:
        async def run() -> None:
            work()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def _cut(self) -> None:
        self._is_cut = True
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = None if self._is_cut else await self._target()
        if target is None:
            writer.transport.abort()
            return
        there, back = target
        self._open |= {writer, back}
        with suppress(OSError):
            await asyncio.gather(self._forward(reader, back, writer), self._backward(there, writer))
        for each in (writer, back):
            self._open.discard(each)
            each.transport.abort()

    async def _target(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self._servers:
            server = next(self._turns)
            with suppress(OSError):
                if isinstance(server, str):
                    return await asyncio.open_unix_connection(server)
                return await asyncio.open_connection("127.0.0.1", server)
        return None

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, caller: asyncio.StreamWriter
    ) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            is_last = self._losses > 0 and self._loses_reply_to in chunk
            if is_last:
                self._losses, self._is_cut = self._losses - 1, self._stays_cut
                caller.transport.abort()
            writer.write(chunk)
            await writer.drain()
            if is_last:
                await asyncio.sleep(0.05)  # the server has it, and does it
        writer.write_eof()

    async def _backward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()


@contextmanager
def a_relay(*servers: int | str) -> Iterator[Relay]:
    """A relay to servers on these ports of loopback, or at these socket files."""
    relay = Relay(servers)
    try:
        yield relay
    finally:
        relay.close()
