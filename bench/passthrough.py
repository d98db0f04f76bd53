"""The floor: the same server and client libraries as the gateway, and nothing between them."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import uvicorn

from weighbridge.providers.http1 import HttpClient
from weighbridge.providers.transport import HttpCall


class Passthrough:
    """Reads the body, sends it on, writes the answer back."""

    def __init__(self, client: HttpClient, base_url: str) -> None:
        self._client, self._url = client, f"{base_url}/chat/completions"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        answer = await self._client.send(HttpCall.post(self._url, body, ()), 30.0)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer.body))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})
