"""The ASGI application: hot endpoints by one dictionary lookup, everything else by the pages' framework."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from weighbridge.domain.errors import MethodNotAllowedError, OverloadedError, WeighbridgeError
from weighbridge.pipeline.house import House
from weighbridge.pipeline.reload import Reloader
from weighbridge.server.answers import send_error
from weighbridge.server.chat import chat_completions
from weighbridge.server.embeddings import embeddings
from weighbridge.server.messages import count_tokens, messages
from weighbridge.server.pages import build_pages
from weighbridge.server.responses import responses
from weighbridge.server.runs import task_run
from weighbridge.server.wire import (
    BODY_LIMIT_BYTES,
    CALL_LIMIT_BYTES,
    ClientGoneError,
    Headers,
    Receive,
    Scope,
    Send,
    declared_bytes,
)

Endpoint = Callable[[Headers, House, Receive, Send], Awaitable[None]]
ENDPOINTS: Mapping[str, tuple[str, Endpoint]] = {
    "/v1/chat/completions": ("openai_chat", chat_completions),
    "/v1/responses": ("openai_responses", responses),
    "/v1/embeddings": ("openai_embeddings", embeddings),
    "/v1/messages": ("anthropic_messages", messages),
    "/v1/messages/count_tokens": ("anthropic_messages", count_tokens),
}
"""Path → the dialect of its errors, and what answers it."""

RUN_PREFIX, RUN_SUFFIX = "/v1/tasks/", "/runs"

MOST_IN_FLIGHT = 2_000
"""Requests answered at once; more are refused before their body is read, so that memory stays bounded."""

MOST_LARGE_BYTES = 256 * 1024 * 1024
"""Of bodies over 4 MB, all that are being answered together; one more is refused before it is read."""

log = logging.getLogger("weighbridge.server")


class App:
    """One gateway behind HTTP. Start-up and shutdown belong to whoever built `house`."""

    def __init__(
        self,
        house: House,
        reloader: Reloader | None = None,
        *,
        most_in_flight: int = MOST_IN_FLIGHT,
        most_large_bytes: int = MOST_LARGE_BYTES,
    ) -> None:
        self._house = house
        self._in_flight, self._most_in_flight = 0, most_in_flight
        self._large_bytes, self._most_large_bytes = 0, most_large_bytes
        self._pages = build_pages(house, reloader)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry point."""
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return
        path: str = scope["path"]
        endpoint = ENDPOINTS.get(path)
        if endpoint is not None:
            await self._answer(*endpoint, scope, receive, send)
        elif path.startswith(RUN_PREFIX) and path.endswith(RUN_SUFFIX):
            task = path[len(RUN_PREFIX) : -len(RUN_SUFFIX)]
            await self._answer("native", partial(task_run, task), scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    async def _answer(self, dialect: str, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        size = _large_bytes(headers)
        self._in_flight += 1
        self._large_bytes += size
        try:
            _require_post(scope)
            self._require_room(size)
            await endpoint(headers, self._house, receive, send)
        except ClientGoneError:
            log.debug("the caller hung up")
        except WeighbridgeError as error:
            await send_error(send, error, dialect)
        finally:
            self._in_flight -= 1
            self._large_bytes -= size

    def _require_room(self, size: int) -> None:
        if size and self._large_bytes > self._most_large_bytes:
            raise OverloadedError(
                f"Large calls of more than {self._most_large_bytes} bytes are being answered already.",
                advice="Try again in a moment, or send less in one call.",
            )
        if self._in_flight > self._most_in_flight:
            raise OverloadedError(
                f"{self._most_in_flight} requests are being answered already.", advice="Try again in a moment."
            )


def _large_bytes(headers: Headers) -> int:
    declared = declared_bytes(headers)
    return declared if BODY_LIMIT_BYTES < declared <= CALL_LIMIT_BYTES else 0


def _require_post(scope: Scope) -> None:
    if scope["method"] != "POST":
        raise MethodNotAllowedError(f"{scope['path']} takes POST.", advice="Send a POST request with a JSON body.")
