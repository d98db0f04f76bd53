"""`HostCalls`: one request to one model, whatever kind of host serves it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import NamedTuple

from weighbridge.domain.errors import ProviderRejectedError, ProviderTimeoutError
from weighbridge.domain.policy import Host, PortfolioModel
from weighbridge.domain.request import Request
from weighbridge.domain.response import Delta, Response
from weighbridge.providers.aws import check_library, check_signing
from weighbridge.providers.clock import Clock
from weighbridge.providers.dialects import DIALECTS, SIGNED, auth_of
from weighbridge.providers.event_stream import EventStreamDecoder
from weighbridge.providers.gate import Gate
from weighbridge.providers.http1 import HttpClient
from weighbridge.providers.local import LOCAL, LocalHost, check_local
from weighbridge.providers.remote import RemoteHost, endpoint
from weighbridge.providers.simulated import SimulatedHost
from weighbridge.providers.simulated_options import check_options, read_options
from weighbridge.providers.transport import Transport

SIMULATED = "simulated"


class _Ready(NamedTuple):
    """A host that can be called."""

    row: Host
    gate: Gate
    calls: SimulatedHost | RemoteHost | LocalHost


class HostCalls:
    """The network edge. Hosts are made ready when first called, and again when a reload brings a new row."""

    def __init__(self, clock: Clock, transport: Transport | None = None) -> None:
        self._clock = clock
        self._transport = transport or HttpClient()
        self._ready: dict[str, _Ready] = {}
        self._closing = set[asyncio.Task[None]]()

    async def call(self, host: Host, model: PortfolioModel, request: Request, timeout_s: float) -> Response:
        """The whole answer. Raises ProviderError."""
        ready = self._made_ready(host)
        left_s = await self._entered(ready.gate, timeout_s)
        try:
            within_s = left_s if model.timeout_s is None else min(left_s, model.timeout_s)
            return await ready.calls.call(model, request, within_s)
        finally:
            ready.gate.leave()

    async def stream(
        self, host: Host, model: PortfolioModel, request: Request, timeout_s: float
    ) -> AsyncGenerator[Delta, None]:
        """The answer in pieces; closing it hangs up. Iterating raises ProviderError."""
        ready = self._made_ready(host)
        left_s = await self._entered(ready.gate, timeout_s)
        try:
            async with aclosing(ready.calls.stream(model, request, left_s)) as deltas:
                async for delta in patiently(deltas, model):
                    yield delta
        finally:
            ready.gate.leave()

    async def close(self) -> None:
        """Drop every connection, stop every local server."""
        for ready in self._ready.values():
            self._let_go(ready)
        await asyncio.gather(*self._closing)
        await self._transport.close()

    def _let_go(self, ready: _Ready) -> None:
        """A host that is called no more; only a local one has something to stop."""
        if isinstance(ready.calls, LocalHost):
            closing = asyncio.create_task(ready.calls.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def _entered(self, gate: Gate, timeout_s: float) -> float:
        """A place at the host is taken; the time that is left."""
        started = self._clock.monotonic()
        await gate.enter(timeout_s)
        return timeout_s - (self._clock.monotonic() - started)

    def _made_ready(self, host: Host) -> _Ready:
        known = self._ready.get(host.name)
        if known is not None and (known.row is host or (host.dialect == LOCAL and known.row == host)):
            return known
        gate = Gate(host.name, host.max_concurrent, host.max_queued, host.queue_timeout_s)
        ready = self._ready[host.name] = _Ready(host, gate, self._make_ready(host))
        if known is not None:
            self._let_go(known)
        return ready

    def _make_ready(self, host: Host) -> SimulatedHost | RemoteHost | LocalHost:
        problems = check_host(host)
        if problems:
            raise ProviderRejectedError(
                f"The host {host.name!r} cannot be called: {'; '.join(problems)}.",
                advice="Correct its row in the config.",
                may_have_cost=False,
            )
        if host.dialect == SIMULATED:
            return SimulatedHost(self._clock, read_options(host.options))
        if host.dialect == LOCAL:
            return LocalHost(host, self._transport, self._clock)
        return RemoteHost(host, self._transport, self._clock)


def check_host(host: Host) -> list[str]:
    """Everything that keeps a host from being called, one sentence each; for the check of a config at load."""
    if host.dialect == SIMULATED:
        return check_options(host.options)
    if host.dialect == LOCAL:
        return check_local(host.options)
    if host.dialect not in DIALECTS:
        return [f"dialect must be one of {', '.join((*DIALECTS, LOCAL, SIMULATED))}, not {host.dialect!r}"]
    problems = ["options are for simulated and local hosts only"] if host.options else []
    is_signed = auth_of(host) == SIGNED
    problems += check_library() if is_signed or DIALECTS[host.dialect].decoder is EventStreamDecoder else []
    problems += check_signing(host) if is_signed else []
    try:
        endpoint(host.base_url, "")
    except ValueError as error:
        problems.append(f"base_url: {error}")
    return problems


def patiently(deltas: AsyncGenerator[Delta, None], model: PortfolioModel) -> AsyncGenerator[Delta, None]:
    """The same stream within the model's own patience: so long until its first content, so long between two pieces."""
    if model.first_token_timeout_s is None and model.idle_timeout_s is None:
        return deltas
    return _timed(deltas, model)


async def _timed(deltas: AsyncGenerator[Delta, None], model: PortfolioModel) -> AsyncGenerator[Delta, None]:
    has_begun = False
    until = None if model.first_token_timeout_s is None else _now() + model.first_token_timeout_s
    while True:
        try:
            async with asyncio.timeout_at(until):
                delta = await anext(deltas, None)
        except TimeoutError:
            raise _silent(model, has_begun) from None
        if delta is None:
            return
        has_begun |= delta.has_content
        if has_begun:
            until = None if model.idle_timeout_s is None else _now() + model.idle_timeout_s
        yield delta


def _now() -> float:
    return asyncio.get_running_loop().time()


def _silent(model: PortfolioModel, has_begun: bool) -> ProviderTimeoutError:
    what = "fell silent in the middle of an answer" if has_begun else "gave no content in its time"
    limit = "idle_timeout_s" if has_begun else "first_token_timeout_s"
    return ProviderTimeoutError(
        f"{model.name} {what}.", advice=f"Raise {limit} of the model, or let another serve.", may_have_cost=True
    )
