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
from weighbridge.domain.moment import rfc3339
from weighbridge.domain.record import Record
from weighbridge.domain.review import ReviewFilter, ReviewItem, ReviewState, ReviewVerb
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
        caller = await self._caller(request)
        wanted = _within(_filter(request), caller)
        found = await self._house.reviews.find(wanted)
        last = found[-1].id if len(found) == wanted.limit else None
        return _json({"reviews": [_shown(item, caller) for item in found], "next": last})

    async def review(self, request: Request) -> Response:
        """One item; its version is the ETag."""
        caller = await self._caller(request)
        item = await self._found(request, caller)
        return _tagged(_shown(item, caller), item)

    async def act(self, request: Request) -> Response:
        """Claim, release, approve, correct or reject."""
        caller = await self._caller(request)
        verb = _verb(request.path_params["verb"])
        item = await self._found(request, caller)
        _require_reviewer(caller, item)
        done, version = parse_act(await self._body_if_any(request), verb, caller.name, self._now())
        _require_version(item, {version, _tag(request.headers.get("if-match"))})
        changed = await decide(self._house, item.id, done)
        return _tagged(render_review(changed), changed)

    async def feedback(self, request: Request) -> Response:
        """Keep what somebody says of a record."""
        caller = await self._caller(request)
        number = self._house.new_id().replace("rec_", "fb_", 1)
        feedback = parse_feedback(await self._body(request), number, caller.name, self._now())
        record = await self._house.records.get(feedback.record_id)
        if record is None or not _may_remark(caller, record):
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

    async def _body_if_any(self, request: Request) -> bytes:
        """Claims and the like need no body, but one that was sent in any way is read."""
        is_sent = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
        return await self._body(request) if is_sent else b""

    async def _body(self, request: Request) -> bytes:
        return await read_json_body(dict(request.scope["headers"]), request.receive)

    async def _caller(self, request: Request) -> Caller:
        return await caller_of(dict(request.scope["headers"]), self._house)

    def _now(self) -> str:
        return rfc3339(datetime.fromtimestamp(self._house.clock.now(), UTC))


def _reviews(caller: Caller, task: str | None) -> bool:
    """This caller decides on this task's answers."""
    return caller.may_review and (caller.tasks is None or task in caller.tasks)


def _may_see(caller: Caller, item: ReviewItem) -> bool:
    return caller.may_audit or item.caller == caller.name or _reviews(caller, item.task)


def _may_remark(caller: Caller, record: Record) -> bool:
    task = record.classification.task if record.classification else None
    return caller.may_audit or caller.name == record.caller or _reviews(caller, task)


def _within(wanted: ReviewFilter, caller: Caller) -> ReviewFilter:
    """Only what this caller may see."""
    if caller.may_audit:
        return wanted
    return replace(wanted, tasks=caller.tasks) if caller.may_review else replace(wanted, caller=caller.name)


def _shown(item: ReviewItem, caller: Caller) -> dict[str, object]:
    sees_all = caller.may_audit or _reviews(caller, item.task)
    return render_review(item) if sees_all else render_outcome_of_review(item)


def _require_reviewer(caller: Caller, item: ReviewItem) -> None:
    if not _reviews(caller, item.task):
        raise ForbiddenError(
            f"The key {caller.name!r} may not review answers of task {item.task!r}.",
            advice="Ask whoever runs the gateway for `may_review: true` and that task on your key.",
            code="review_not_allowed",
        )


def _require_version(item: ReviewItem, stated: set[int | None]) -> None:
    if stated - {None, item.version}:
        raise ReviewConflictError(
            f"Review {item.id!r} has version {item.version} by now.", advice="Look at it again, then decide."
        )


def _tag(stated: str | None) -> int | None:
    """The version in `If-Match` (RFC 9110, 13.1.1); `*` matches every one."""
    if stated is None or stated.strip() == "*":
        return None
    text = stated.strip().strip('"')
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidFieldError(
            "`If-Match` holds one entity tag as GET gives it.", advice='Send If-Match: "2".', param="if-match"
        )
    return int(text)


def _tagged(content: object, item: ReviewItem) -> Response:
    answer = _json(content)
    answer.headers["etag"] = f'"{item.version}"'
    return answer


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
        since=query.get("since"),
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
