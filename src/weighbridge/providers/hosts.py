"""`HostCalls`: one request to one model, whatever kind of host serves it."""

from collections.abc import AsyncGenerator

from weighbridge.domain.errors import ProviderError, ProviderRejectedError
from weighbridge.domain.policy import Host, PortfolioModel
from weighbridge.domain.request import Request
from weighbridge.domain.response import Delta, Response
from weighbridge.providers.clock import Clock
from weighbridge.providers.http1 import HttpClient
from weighbridge.providers.remote import DIALECTS, RemoteHost, endpoint
from weighbridge.providers.simulated import SimulatedHost
from weighbridge.providers.simulated_options import check_options, read_options
from weighbridge.providers.transport import Transport

SIMULATED = "simulated"


class HostCalls:
    """The network edge. Hosts are made ready when first called, and again when a reload brings a new row."""

    def __init__(self, clock: Clock, transport: Transport | None = None) -> None:
        self._clock = clock
        self._transport = transport or HttpClient()
        self._ready: dict[str, tuple[Host, SimulatedHost | RemoteHost]] = {}

    async def call(self, host: Host, model: PortfolioModel, request: Request, timeout_s: float) -> Response:
        """The whole answer. Raises ProviderError."""
        return await self._made_ready(host).call(model, request, timeout_s)

    def stream(
        self, host: Host, model: PortfolioModel, request: Request, timeout_s: float
    ) -> AsyncGenerator[Delta, None]:
        """The answer in pieces; closing it hangs up. Iterating raises ProviderError."""
        try:
            return self._made_ready(host).stream(model, request, timeout_s)
        except ProviderError as error:
            return _failing(error)

    async def close(self) -> None:
        """Drop every connection."""
        await self._transport.close()

    def _made_ready(self, host: Host) -> SimulatedHost | RemoteHost:
        known = self._ready.get(host.name)
        if known is not None and known[0] is host:
            return known[1]
        ready = self._make_ready(host)
        self._ready[host.name] = (host, ready)
        return ready

    def _make_ready(self, host: Host) -> SimulatedHost | RemoteHost:
        problems = check_host(host)
        if problems:
            raise ProviderRejectedError(
                f"The host {host.name!r} cannot be called: {'; '.join(problems)}.",
                advice="Correct its row in the config.",
                may_have_cost=False,
            )
        if host.dialect == SIMULATED:
            return SimulatedHost(self._clock, read_options(host.options))
        return RemoteHost(host, self._transport, self._clock)


def check_host(host: Host) -> list[str]:
    """Everything that keeps a host from being called, one sentence each; for the check of a config at load."""
    if host.dialect == SIMULATED:
        return check_options(host.options)
    if host.dialect not in DIALECTS:
        return [f"dialect must be one of {', '.join((*DIALECTS, SIMULATED))}, not {host.dialect!r}"]
    problems = ["options are for simulated hosts only"] if host.options else []
    try:
        endpoint(host.base_url, "")
    except ValueError as error:
        problems.append(f"base_url: {error}")
    return problems


async def _failing(error: ProviderError) -> AsyncGenerator[Delta, None]:
    """A stream that was never begun."""
    raise error
    yield Delta()
