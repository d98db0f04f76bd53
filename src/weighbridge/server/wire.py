"""ASGI's own words, typed once; and reading a JSON body within its limit."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, TypeVar

from weighbridge.domain.errors import BodyTooLargeError, BodyTooSlowError, UnsupportedMediaTypeError
from weighbridge.domain.request import Request

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = dict[bytes, bytes]
HeaderList = Sequence[tuple[bytes, bytes]]

BODY_LIMIT_BYTES = 4 * 1024 * 1024
"""A request body over this is refused before it is parsed, unless it may hold pictures and files."""
CALL_LIMIT_BYTES = 32 * 1024 * 1024
"""The same for one that may, and that declares its length. Its text may be no longer than that of any other."""

BODY_WITHIN_S = 30.0
"""A caller that sends slower than this gives its place to others."""

OFF_LOOP_BYTES = 64 * 1024
"""A longer body is parsed in a thread."""

Parsed = TypeVar("Parsed")


class ClientGoneError(ConnectionError):
    """The caller hung up before its request was complete; there is nobody to answer."""


async def parsed(parse: Callable[[bytes], Parsed], body: bytes) -> Parsed:
    """`parse(body)`, in a thread when the body is long, so that other requests keep moving."""
    return parse(body) if len(body) <= OFF_LOOP_BYTES else await asyncio.to_thread(parse, body)


async def read_call(parse: Callable[[bytes], Request], headers: Headers, receive: Receive) -> Request:
    """A call of a model, which may hold pictures and files. Raises what `read_json_body` and `parse` raise."""
    body = await read_json_body(headers, receive, limit=CALL_LIMIT_BYTES)
    request = await parsed(parse, body)
    if len(body) > BODY_LIMIT_BYTES and len(request.text) > BODY_LIMIT_BYTES:
        raise _too_large(BODY_LIMIT_BYTES, "text of the call")
    return request


async def read_json_body(
    headers: Headers, receive: Receive, within_s: float = BODY_WITHIN_S, *, limit: int = BODY_LIMIT_BYTES
) -> bytes:
    """The whole body. Raises UnsupportedMediaTypeError, BodyTooLargeError, BodyTooSlowError or ClientGoneError."""
    _require_json(headers)
    declared = declared_bytes(headers)
    if declared > limit:
        raise _too_large(limit)
    most = max(declared, BODY_LIMIT_BYTES)
    try:
        async with asyncio.timeout(within_s):
            event = await receive()
            if event["type"] == "http.request" and not event.get("more_body"):
                return _within_limit(event.get("body", b""), most)
            return await _rest(event, receive, most)
    except TimeoutError:
        raise BodyTooSlowError(
            f"The body did not arrive within {within_s:g} s.", advice="Send it at once, or send less."
        ) from None


async def _rest(event: MutableMapping[str, Any], receive: Receive, limit: int) -> bytes:
    blocks, size = [], 0
    while True:
        if event["type"] == "http.disconnect":
            raise ClientGoneError("the caller hung up")
        blocks.append(event.get("body", b""))
        size += len(blocks[-1])
        if size > limit:
            raise _too_large(limit)
        if not event.get("more_body"):
            return b"".join(blocks)
        event = await receive()


def _require_json(headers: Headers) -> None:
    declared = headers.get(b"content-type", b"")
    if declared.split(b";", 1)[0].strip().lower() != b"application/json":
        raise UnsupportedMediaTypeError(
            "The body must be JSON.", advice="Send the header `content-type: application/json`.", param="content-type"
        )


def declared_bytes(headers: Headers) -> int:
    """How long the body says it is; 0 where it does not say."""
    declared = headers.get(b"content-length", b"0")
    return int(declared) if declared.isdigit() else 0


def _within_limit(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int, what: str = "body") -> BodyTooLargeError:
    return BodyTooLargeError(
        f"The {what} is larger than {limit} bytes.",
        advice="Send less text in one request; long documents belong into sources.",
    )


async def send_json(send: Send, status: int, body: bytes, headers: HeaderList = ()) -> None:
    """One whole JSON answer."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(body)),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
