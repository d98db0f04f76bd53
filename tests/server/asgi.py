"""Calls an ASGI app without a server: one request's events in, the answer's events out."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Event = MutableMapping[str, Any]
App = Callable[[Event, Callable[[], Awaitable[Event]], Callable[[Event], Awaitable[None]]], Awaitable[None]]


@dataclass(slots=True)
class Call:
    """One request whose body blocks and hang-up the test decides."""

    path: str
    blocks: list[bytes]
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    sent: list[Event] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    async def to(self, app: App) -> "Call":
        """Run the request to its end."""
        names = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        scope = {"type": "http", "method": "POST", "path": self.path, "headers": names}
        await app(scope, self._receive, self._send)
        return self

    @property
    def status(self) -> int:
        """The answer's status."""
        return int(self.sent[0]["status"])

    @property
    def answer_headers(self) -> dict[str, str]:
        """The answer's headers."""
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def json(self) -> Any:
        """The answer's body."""
        return json.loads(b"".join(event.get("body", b"") for event in self.sent[1:]))

    async def _receive(self) -> Event:
        if self.blocks:
            block = self.blocks.pop(0)
            return {"type": "http.request", "body": block, "more_body": bool(self.blocks)}
        await self.hung_up.wait()
        return {"type": "http.disconnect"}

    async def _send(self, event: Event) -> None:
        self.sent.append(event)
