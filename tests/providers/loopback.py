"""A provider on loopback that sends exactly the bytes it is told to, when it is told to."""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum


class Then(Enum):
    """What happens at the end of an answer instead of waiting for the next request."""

    CLOSE = "close"
    """Close in good order."""
    RESET = "reset"
    """Reset the connection."""
    HANG = "hang"
    """Say nothing more."""
    FLOOD = "flood"
    """Repeat the bytes before it for ever."""


Step = bytes | float | Then
"""Bytes are sent, a number of seconds is waited."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int
    """Number of the connection, from 1."""


@dataclass(slots=True)
class Loopback:
    """What the server has seen so far."""

    port: int = 0
    host: str = "127.0.0.1"
    is_tls: bool = False
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """The client closed a connection."""
    sent: int = 0
    """Bytes written, as far as the client took them."""

    @property
    def url(self) -> str:
        """Its base URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.is_tls else 'http'}://{host}:{self.port}/v1"

    @property
    def lines(self) -> list[int]:
        """The connection of each request."""
        return [request.connection for request in self.received]


@asynccontextmanager
async def serving(
    *answers: Sequence[Step],
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
    greeting: Sequence[Step] = (),
    reads_body: bool = True,
) -> AsyncIterator[Loopback]:
    """A server that gives `answers` in turn, the last one again and again; `greeting` comes before any request."""
    seen = Loopback(host=host if tls is None else "localhost", is_tls=tls is not None)
    script = _Script(seen, list(answers), greeting, reads_body)
    tasks = set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        tasks.add(asyncio.ensure_future(script.converse(reader, writer, seen.connections)))

    server = await asyncio.start_server(serve, host, 0, ssl=tls, limit=1 << 24)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        await asyncio.sleep(0.01)  # a connection may just be on its way
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # transports close in the loop's next turns


@dataclass(slots=True)
class _Script:
    seen: Loopback
    answers: list[Sequence[Step]]
    greeting: Sequence[Step]
    reads_body: bool

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        try:
            is_over = await self._play(self.greeting, reader, writer)
            while not is_over:
                request = await _read_request(reader, number, self.reads_body)
                self.seen.received.append(request)
                steps = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                is_over = await self._play(steps, reader, writer)
        except ConnectionError:
            self.seen.hung_up.set()
        finally:
            writer.transport.abort()

    async def _play(self, steps: Sequence[Step], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """True when the conversation is over."""
        last = b""
        for step in steps:
            if isinstance(step, bytes):
                last = step
                await self._send(writer, step)
            elif isinstance(step, float):
                await asyncio.sleep(step)
            elif step is Then.FLOOD:
                while True:
                    await self._send(writer, last)
            elif step is Then.HANG:
                await _until_hung_up(reader)
            else:
                await _end(writer, step)
                return True
        return False

    async def _send(self, writer: asyncio.StreamWriter, block: bytes) -> None:
        writer.write(block)
        await writer.drain()
        await asyncio.sleep(0)
        self.seen.sent += len(block)


async def _until_hung_up(reader: asyncio.StreamReader) -> None:
    while await reader.read(1 << 16):
        pass
    raise ConnectionResetError


async def _end(writer: asyncio.StreamWriter, how: Then) -> None:
    if how is Then.RESET:
        found = writer.get_extra_info("socket")
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()
        await writer.wait_closed()


async def _read_request(reader: asyncio.StreamReader, number: int, reads_body: bool) -> Received:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        raise ConnectionResetError from None
    line, *rows = head.decode("latin-1").split("\r\n")
    headers = dict(row.split(": ", 1) for row in rows if row)
    body = await reader.readexactly(int(headers.get("content-length", "0"))) if reads_body else b""
    return Received(line, headers, body, number)


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer with its length; `content_type="text/html"` and so on add headers."""
    fields = {"content-type": "application/json", "content-length": str(len(body))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    return head(status, **fields) + body


def head(status: str = "200 OK", **headers: str) -> bytes:
    """A status line and headers."""
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunked(*blocks: bytes, ends: bool = True) -> bytes:
    """Blocks in chunked coding."""
    coded = b"".join(b"%x\r\n%b\r\n" % (len(block), block) for block in blocks)
    return coded + (b"0\r\n\r\n" if ends else b"")


def completion(text: str = "invoice", **fields: object) -> bytes:
    """The body of an OpenAI chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 13}
    return json.dumps(
        {"id": "c1", "object": "chat.completion", "model": "m-1", "choices": [choice], "usage": usage} | fields
    ).encode()


def event(text: str = "", finish_reason: str | None = None, **fields: object) -> bytes:
    """One event of an OpenAI stream."""
    choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish_reason}
    chunk = {"id": "c1", "object": "chat.completion.chunk", "model": "m-1", "choices": [choice]} | fields
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
SSE_HEAD = head(content_type="text/event-stream", transfer_encoding="chunked")
