"""A real gateway behind real HTTP, in a thread of its own, and a plain client."""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from weighbridge.cli.serve import http_server, listen
from weighbridge.config.load import config_fingerprint, load_policy
from weighbridge.domain.policy import Policy
from weighbridge.pipeline.reload import Reloader
from weighbridge.pipeline.wire import derive, open_house
from weighbridge.server.app import App


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        content = json.loads(self.body)
        assert isinstance(content, dict)
        return content

    @property
    def error(self) -> dict[str, Any]:
        """The error in the body."""
        found = self.json["error"]
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True, slots=True)
class Client:
    """Calls one gateway."""

    port: int

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Any bytes; JSON is declared unless a content type is given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {"content-type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, names, answer.read())
        finally:
            connection.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        """GET."""
        return self.send("GET", path, headers=headers)

    def post(self, path: str, content: object, headers: Mapping[str, str] | None = None) -> Reply:
        """POST a JSON value."""
        return self.send("POST", path, json.dumps(content).encode(), headers)

    def chat(self, text: str, model: str = "task/classify", **fields: object) -> Reply:
        """An OpenAI call of one user message."""
        return self.post(
            "/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": text}], **fields}
        )


def until(holds: Callable[[], bool], within_s: float = 10.0) -> None:
    """Look again and again, until it holds; fails when it does not in time."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


def demo_policy(folder: Path) -> Policy:
    """The built-in portfolio with its records in `folder`."""
    policy = load_policy(None, {})
    return replace(policy, store=replace(policy.store, path=str(folder / "records.db")))


@contextmanager
def serving(policy: Policy) -> Iterator[Client]:
    """A gateway on a free loopback port until the block ends."""
    with _serving(policy, None) as client:
        yield client


@contextmanager
def serving_config(path: Path, env: Mapping[str, str] | None = None) -> Iterator[Client]:
    """The same from a config file, which is watched for changes."""
    with _serving(load_policy(path, env or {}), path) as client:
        yield client


@contextmanager
def _serving(policy: Policy, config: Path | None) -> Iterator[Client]:
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    ready, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(policy, config, listener, ready, stop)))
    thread.start()
    try:
        assert ready.wait(20)
        yield Client(port)
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


async def _serve(
    policy: Policy, config: Path | None, listener: socket.socket, ready: threading.Event, stop: threading.Event
) -> None:
    async with open_house(policy) as house:
        reloader = Reloader(config, {}, house, derive, config_fingerprint(config)) if config else None
        server = http_server(App(house, reloader))
        work = [asyncio.create_task(server.serve(sockets=[listener]))]
        if reloader is not None:
            work.append(asyncio.create_task(reloader.watch()))
        while not server.started:
            await asyncio.sleep(0.01)
        ready.set()
        await asyncio.to_thread(stop.wait)
        server.should_exit = True
        await work[0]
        for task in work[1:]:
            task.cancel()
