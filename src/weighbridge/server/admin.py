"""`/v1/admin`: keys that the gateway makes, and the audit log."""

from datetime import UTC, datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response

from weighbridge.dialects.native.keys import parse_key, parse_overlap, render_entry, render_key, render_made
from weighbridge.domain.caller import Caller
from weighbridge.domain.errors import ForbiddenError, InvalidFieldError
from weighbridge.domain.moment import rfc3339
from weighbridge.pipeline.house import House
from weighbridge.server.auth import caller_of
from weighbridge.server.wire import read_json_body

MOST_ENTRIES = 500


class AdminPages:
    """The endpoints, over one house."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def keys(self, request: Request) -> Response:
        """GET: all made keys. POST: make one; the answer holds the key, this one time."""
        admin = await self._admin(request)
        if request.method == "GET":
            found = await self._house.admission.keys()
            return _json({"data": [render_key(key, self._now()) for key in found]})
        policy = self._house.in_force.policy
        wanted = parse_key(await self._body(request), frozenset(policy.tasks), frozenset(policy.models))
        taken = frozenset(key.caller.name for key in policy.keys)
        made = await self._house.admission.make(wanted, admin.name, taken)
        return _secret(render_made(made, self._now()), 201)

    async def rotate(self, request: Request) -> Response:
        """A new key for the same holder; the old one goes on for `overlap_s` seconds."""
        admin, name = await self._admin(request), request.path_params["name"]
        has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
        overlap_s = parse_overlap(await self._body(request) if has_body else b"")
        made = await self._house.admission.rotate(name, admin.name, overlap_s)
        return _secret(render_made(made, self._now()), 201)

    async def revoke(self, request: Request) -> Response:
        """All keys of that name open nothing from now on; within a second in every process."""
        admin, name = await self._admin(request), request.path_params["name"]
        return _json({"name": name, "revoked": await self._house.admission.revoke(name, admin.name)})

    async def audit(self, request: Request) -> Response:
        """The audit log, newest first; `next` continues it."""
        await self._admin(request)
        limit = _number(request.query_params.get("limit", "50"), "limit", MOST_ENTRIES)
        before = request.query_params.get("before")
        found = await self._house.audit.entries(limit, None if before is None else _number(before, "before", 2**62))
        last = found[-1].number if len(found) == limit else None
        return _json({"data": [render_entry(entry) for entry in found], "next": last})

    async def _admin(self, request: Request) -> Caller:
        caller = await caller_of(dict(request.scope["headers"]), self._house)
        if not caller.may_admin:
            raise ForbiddenError(
                f"The key {caller.name!r} may not administer this gateway.",
                advice="Ask whoever runs it for `may_admin: true` on your key.",
                code="admin_not_allowed",
            )
        return caller

    async def _body(self, request: Request) -> bytes:
        return await read_json_body(dict(request.scope["headers"]), request.receive)

    def _now(self) -> str:
        return rfc3339(datetime.fromtimestamp(self._house.clock.now(), UTC))


def _number(text: str, name: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:20]) <= most):
        raise InvalidFieldError(
            f"`{name}` is a number from 1 to {most}.", advice="Correct it, or leave it out.", param=name
        )
    return int(text)


def _json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def _secret(content: object, status: int) -> Response:
    answer = _json(content, status)
    answer.headers["cache-control"] = "no-store"
    return answer
