"""Who is asking: a gateway key in `Authorization: Bearer` or `x-api-key`, whichever the caller's SDK sends."""

import hashlib

from weighbridge.domain.caller import ANONYMOUS, Caller
from weighbridge.domain.errors import ForbiddenError, UnauthenticatedError
from weighbridge.pipeline.house import House
from weighbridge.server.wire import Headers

LOOPBACK_NAMES = frozenset({b"127.0.0.1", b"localhost", b"[::1]"})


async def caller_of(headers: Headers, house: House) -> Caller:
    """The holder of the presented key. Raises UnauthenticatedError, or StoreError when made keys cannot be checked.

    Keys are compared by their hash, so the time a lookup takes tells nothing about a key. A gateway without keys
    listens on loopback only and knows one anonymous caller.
    """
    callers = house.in_force.callers
    if not callers and await house.admission.is_open():
        _require_loopback_name(headers)
        return ANONYMOUS
    key = _presented_key(headers)
    if key is None:
        raise UnauthenticatedError(
            "This gateway asks for a key.", advice="Send it as `Authorization: Bearer <key>` or `x-api-key: <key>`."
        )
    caller = callers.get(hashlib.sha256(key).digest()) or await house.admission.holder(key)
    if caller is None:
        raise UnauthenticatedError(
            "The gateway does not know this key.",
            advice="It may have expired or been revoked: check with whoever runs the gateway.",
            code="invalid_key",
        )
    return caller


def _presented_key(headers: Headers) -> bytes | None:
    authorization = headers.get(b"authorization")
    if authorization is not None and authorization[:7].lower() == b"bearer ":
        return authorization[7:].strip()
    return headers.get(b"x-api-key")


def _require_loopback_name(headers: Headers) -> None:
    """A web page can point a name of its own at 127.0.0.1 (DNS rebinding); the Host header gives it away."""
    host = headers.get(b"host", b"127.0.0.1")
    if host.rsplit(b":", 1)[0] not in LOOPBACK_NAMES and host not in LOOPBACK_NAMES:
        raise ForbiddenError(
            "A gateway without keys answers only to loopback names.",
            advice="Call it as 127.0.0.1 or localhost, or declare `keys` in the config.",
            code="host_not_allowed",
        )
