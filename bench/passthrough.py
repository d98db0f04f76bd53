"""The floor: the same server and client libraries as the gateway, and nothing between them."""

import sys
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from bench.targets import free_listener
from weighbridge.providers.http1 import HttpClient
from weighbridge.providers.transport import HttpCall


class Passthrough:
    """Reads the body, sends it on, writes the answer back."""

    def __init__(self, base_url: str) -> None:
        self._client, self._url = HttpClient(), f"{base_url}/chat/completions"

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        """The ASGI entry point."""
        body = (await receive())["body"]
        headers = (("content-type", "application/json"),)
        answer = await self._client.send(HttpCall.post(self._url, body, headers), 30.0)
        reply = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer.body))]
        await send({"type": "http.response.start", "status": answer.status, "headers": reply})
        await send({"type": "http.response.body", "body": answer.body})


async def main(port_file: str, upstream: str) -> None:
    """Serve until killed; the chosen port is written to `port_file`."""
    listener = free_listener()
    app: Any = Passthrough(f"http://127.0.0.1:{upstream}/v1")
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    Path(port_file).write_text(str(listener.getsockname()[1]))  # noqa: ASYNC240 (before anything is served)
    await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2]))
