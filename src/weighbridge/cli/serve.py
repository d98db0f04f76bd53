"""`weighbridge serve`: the gateway behind HTTP."""

import asyncio
import gc
import ipaddress
import logging
import os
import signal
import socket
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Annotated

import uvicorn
import uvloop
from cyclopts import Parameter
from cyclopts.validators import Number

from weighbridge.cli.common import Config, found_config, print_lines
from weighbridge.config.load import config_fingerprint, load_policy
from weighbridge.domain.errors import CommandError, ConfigError, ConfigProblem
from weighbridge.domain.policy import Policy
from weighbridge.pipeline.house import House
from weighbridge.pipeline.index import watch_sources
from weighbridge.pipeline.reload import Reloader, note_policy
from weighbridge.pipeline.upkeep import ended, kept_running
from weighbridge.pipeline.vectors import make_vectors_every
from weighbridge.pipeline.wire import derive_at, open_house
from weighbridge.server.app import App

DRAIN_S = 30
LOOK_AT_SOURCES_EVERY_S = 5.0


def serve(
    *,
    config: Config = None,
    host: Annotated[str, Parameter(help="Address to listen on; anything but loopback needs `keys`.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Port; 0 picks a free one.", validator=Number(gte=0, lte=65_535))] = 4141,
) -> None:
    """Serve until interrupted. A changed config is taken over whole, or refused and reported by /readyz."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    path = found_config(config)
    fingerprint = "" if path is None else config_fingerprint(path)  # first: a change from here on is a change
    policy = load_policy(path, os.environ)
    derive_at(policy, path)  # its problems are told before anything is opened
    with listen(host, port) as listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(policy, path, fingerprint, listener))


async def _serve(policy: Policy, path: Path | None, fingerprint: str, listener: socket.socket) -> None:
    async with open_house(policy) as house:
        await require_keys_off_loopback(policy, listener.getsockname()[0], path, house)
        reloader = None
        if path is not None:
            reloader = reloader_at(listener.getsockname()[0], path, fingerprint, house)
        await note_policy(house)
        print_lines(*_welcome(policy, path, listener))
        _settle_memory()
        watching = [
            asyncio.create_task(watch_sources(LOOK_AT_SOURCES_EVERY_S, house)),
            asyncio.create_task(kept_running(partial(make_vectors_every, LOOK_AT_SOURCES_EVERY_S, house))),
        ]
        watching += [asyncio.create_task(reloader.watch())] if reloader else []
        try:
            await http_server(App(house, reloader)).serve(sockets=[listener])
        finally:
            await ended(watching)


def reloader_at(host: str, path: Path, fingerprint: str, house: House) -> Reloader:
    """Refuses at a reload what start-up refuses: a gateway that others reach never loses its last key."""

    async def require(policy: Policy) -> None:
        await require_keys_off_loopback(policy, host, path, house)

    return Reloader(path, os.environ, house, lambda policy: derive_at(policy, path), fingerprint, require)


def _settle_memory() -> None:
    """What start-up made stays for good: keep the collector from walking it again and again under load."""
    gc.collect()
    gc.freeze()


class HttpServer(uvicorn.Server):
    """Told to stop it drains and returns, so that everything else is closed too: uvicorn itself would then let the same
    signal kill the process."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 (uvicorn's signature)
        """Drain; at once when ctrl-c is pressed again."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True


def http_server(app: App) -> uvicorn.Server:
    """uvicorn with its C parser and without access log: the record is the log."""
    return HttpServer(
        uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=DRAIN_S,
        )
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises CommandError when the address cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "no such address"
        raise CommandError(
            f"{host}:{port} cannot be listened on: {reason}.",
            advice="Choose another --port, or --host, or stop what listens there.",
        ) from None


async def require_keys_off_loopback(policy: Policy, host: str, path: Path | None, house: House) -> None:
    """Auth is on as soon as the gateway listens elsewhere. Raises ConfigError, or StoreError."""
    if policy.keys or _is_loopback(host) or not await house.admission.is_open():
        return
    expected = (
        f"at least one key, because --host {host} is reachable from elsewhere; or make one first: "
        "`weighbridge keys create NAME`"
    )
    raise ConfigError([ConfigProblem(str(path or "the built-in demo"), 1, 1, "keys", expected)])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _welcome(policy: Policy, path: Path | None, listener: socket.socket) -> list[str]:
    host, port = listener.getsockname()[:2]
    url = f"http://{host}:{port}" if ":" not in host else f"http://[{host}]:{port}"
    task = policy.default_task or next(iter(policy.tasks))
    return [
        f"Weighbridge on {url} with {path or 'the built-in demo portfolio'}",
        f"  models: {', '.join(policy.models)}",
        f"  tasks:  {', '.join(policy.tasks)}",
        "",
        "Try it from another terminal:",
        f"  curl -s {url}/v1/tasks/{task}/runs -H 'content-type: application/json' \\",
        """    -d '{"input": "Classify this vendor email: attached invoice for March."}'""",
        f"  curl -s {url}/v1/chat/completions -H 'content-type: application/json' \\",
        f"""    -d '{{"model": "task/{task}", "messages": [{{"role": "user", "content": "Invoice for March"}}]}}'""",
        "",
        "Stop with ctrl-c.",
    ]
