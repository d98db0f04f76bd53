"""The pages of people: what waits for a decision, the decisions, and feedback."""

from dataclasses import replace
from datetime import UTC, datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response

from weighbridge.dialects.native.review import (
    parse_act,
    parse_feedback,
    render_feedback,
    render_outcome_of_review,
    render_review,
)
from weighbridge.domain.caller import Caller
from weighbridge.domain.errors import ForbiddenError, InvalidFieldError, NotFoundError, ReviewConflictError
from weighbridge.domain.review import ReviewFilter, ReviewItem, ReviewState, ReviewVerb
from weighbridge.pipeline.draft import rfc3339
from weighbridge.pipeline.house import House
from weighbridge.pipeline.review import decide
from weighbridge.server.auth import caller_of
from weighbridge.server.wire import read_json_body

MOST_REVIEWS = 200


class ReviewPages:
    """The endpoints, over one house."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def reviews(self, request: Request) -> Response:
        """The newest items first. A caller sees what came of its own, a reviewer everything of its tasks."""
        caller = self._caller(request)
        wanted = _filter(request)
        sees_all = caller.may_review or caller.may_audit
        found = await self._house.reviews.find(wanted if sees_all else replace(wanted, caller=caller.name))
        last = found[-1].id if len(found) == wanted.limit else None
        seen = [_shown(item, caller) for item in found if _may_see(caller, item)]
        return _json({"reviews": seen, "next": last})

    async def review(self, request: Request) -> Response:
        """One item; its version is the ETag."""
        caller = self._caller(request)
        item = await self._found(request, caller)
        answer = _json(_shown(item, caller))
        answer.headers["etag"] = f'"{item.version}"'
        return answer

    async def act(self, request: Request) -> Response:
        """Claim, release, approve, correct or reject."""
        caller = self._caller(request)
        verb = _verb(request.path_params["verb"])
        item = await self._found(request, caller)
        if not caller.may_review:
            raise ForbiddenError(
                f"The key {caller.name!r} may not review.",
                advice="Set `may_review: true` on it.",
                code="review_not_allowed",
            )
        body = await self._body(request) if request.headers.get("content-length", "0") != "0" else b""
        done, version = parse_act(body, verb, caller.name, self._now())
        if version is not None and version != item.version:
            raise ReviewConflictError(
                f"Review {item.id!r} has version {item.version} by now.", advice="Look at it again, then decide."
            )
        return _json(render_review(await decide(self._house, item.id, done)))

    async def feedback(self, request: Request) -> Response:
        """Keep what somebody says of a record."""
        caller = self._caller(request)
        number = self._house.new_id().replace("rec_", "fb_", 1)
        feedback = parse_feedback(await self._body(request), number, caller.name, self._now())
        record = await self._house.records.get(feedback.record_id)
        if record is None or not (caller.may_audit or caller.may_review or caller.name == record.caller):
            raise NotFoundError(
                f"There is no record {feedback.record_id[:60]!r}.",
                advice="Send the id from `x-weighbridge-record`.",
                code="unknown_record",
                param="record",
            )
        await self._house.reviews.add_feedback(feedback)
        return _json(render_feedback(feedback), 201)

    async def _found(self, request: Request, caller: Caller) -> ReviewItem:
        number = request.path_params["id"]
        item = await self._house.reviews.get(number)
        if item is None or not _may_see(caller, item):
            raise NotFoundError(
                f"There is no review {number[:60]!r}.",
                advice="GET /v1/reviews lists those that you may see.",
                code="unknown_review",
            )
        return item

    async def _body(self, request: Request) -> bytes:
        return await read_json_body(dict(request.scope["headers"]), request.receive)

    def _caller(self, request: Request) -> Caller:
        return caller_of(dict(request.scope["headers"]), self._house.in_force.callers)

    def _now(self) -> str:
        return rfc3339(datetime.fromtimestamp(self._house.clock.now(), UTC))


def _may_see(caller: Caller, item: ReviewItem) -> bool:
    if caller.may_audit or item.caller == caller.name:
        return True
    return caller.may_review and (caller.tasks is None or item.task in caller.tasks)


def _shown(item: ReviewItem, caller: Caller) -> dict[str, object]:
    sees_all = caller.may_review or caller.may_audit
    return render_review(item) if sees_all else render_outcome_of_review(item)


def _filter(request: Request) -> ReviewFilter:
    query = request.query_params
    limit = query.get("limit", "50")
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:6]) <= MOST_REVIEWS):
        raise InvalidFieldError(
            f"`limit` is a number from 1 to {MOST_REVIEWS}.", advice="Page with `before` for more.", param="limit"
        )
    return ReviewFilter(
        task=query.get("task"),
        state=_state(query.get("state")),
        assignee=query.get("assignee"),
        before_id=query.get("before"),
        limit=int(limit),
    )


def _state(text: str | None) -> ReviewState | None:
    if text is not None and text not in set(ReviewState):
        raise InvalidFieldError(
            f"`state` is one of {', '.join(ReviewState)}.", advice="Correct it, or leave it out.", param="state"
        )
    return None if text is None else ReviewState(text)


def _verb(text: str) -> ReviewVerb:
    if text not in set(ReviewVerb):
        raise NotFoundError(
            f"A review has no {text[:60]!r}.", advice=f"Use one of {', '.join(ReviewVerb)}.", code="unknown_path"
        )
    return ReviewVerb(text)


def _json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
