"""Three hosts on loopback that fail by a seeded plan, and count what they really served."""

import asyncio
import json
import re
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random

from chaos.dialects import streamed, whole
from chaos.faults import FAULTS, Step, Then, before_any_answer, said

HOSTS = {"one": "openai_chat", "two": "anthropic_messages", "three": "openai_chat"}
NUMBER = re.compile(rb"#(\d+) (\w+)#")
"""Stands in every prompt: the request's number and its task."""


@dataclass(slots=True)
class World:
    """What is to happen, and what happened."""

    seed: int
    fault_share: float = 0.0
    down: str | None = None
    latency_s: tuple[float, float] = (0.004, 0.012)
    calls: Counter[int] = field(default_factory=Counter)
    """Request number → calls that reached a host."""
    billed: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Host and task → answers that were sent to the end, each of which a provider would bill."""
    seen: Counter[str] = field(default_factory=Counter)
    """Fault → how often."""
    open_connections: int = 0

    def fault(self, host: str, number: int) -> str:
        """What happens to this call; empty when nothing does."""
        turn = self.calls[number]
        rng = Random(f"{self.seed} {host} {number} {turn}")  # noqa: S311 (a plan, not a secret)
        if host == self.down:
            return rng.choice(("unavailable", "reset_before"))
        return rng.choice(FAULTS) if rng.random() < self.fault_share else ""


@asynccontextmanager
async def serving(world: World) -> AsyncIterator[dict[str, int]]:
    """The hosts, by name with their ports."""
    async with AsyncExitStack() as stack:
        ports = {}
        for name in HOSTS:
            server = await asyncio.start_server(_Connection(world, name).serve, "127.0.0.1", 0)
            stack.push_async_callback(_closed, server)
            ports[name] = server.sockets[0].getsockname()[1]
        yield ports


async def _closed(server: asyncio.Server) -> None:
    server.close()


@dataclass(frozen=True, slots=True)
class _Connection:
    world: World
    host: str

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.world.open_connections += 1
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while await self._answer(reader, writer):
                    pass
        finally:
            self.world.open_connections -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; True when the connection goes on."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        body = await reader.readexactly(int(length[1]) if length else 0)
        found = NUMBER.search(body)
        number, task = (int(found[1]), found[2].decode()) if found else (-1, "tag")
        fault = self.world.fault(self.host, number)
        self.world.calls[number] += 1
        self.world.seen[fault] += 1
        rng = Random(f"{self.world.seed} text {self.host} {number} {self.world.calls[number]}")  # noqa: S311
        await asyncio.sleep(rng.uniform(*self.world.latency_s))
        is_stream = json.loads(body).get("stream") is True
        return await self._send(self._steps(fault, task, rng, is_stream), reader, writer, fault, task)

    def _steps(self, fault: str, task: str, rng: Random, is_stream: bool) -> list[Step]:
        dialect = HOSTS[self.host]
        none = before_any_answer(fault, dialect)
        if none is not None:
            return none
        text = said(fault, task, rng)
        return streamed(dialect, text, fault) if is_stream else whole(dialect, text, fault)

    async def _send(
        self, steps: list[Step], reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: str, task: str
    ) -> bool:
        for step in steps:
            match step:
                case bytes():
                    writer.write(step)
                    await writer.drain()
                case float():
                    await asyncio.sleep(step)
                case Then.HANG:
                    await reader.read(1)  # until the gateway hangs up
                    return False
                case Then.RESET:
                    _reset(writer)
                    return False
                case Then.CLOSE:
                    return False
        if before_any_answer(fault, HOSTS[self.host]) is None:
            self.world.billed[self.host, task] += 1
        return True


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER of nothing: the peer gets a RST
    writer.transport.abort()
