"""The endpoints that are read, not raced: models, records, health and the API's description."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from weighbridge.dialects.native.record import render_explanation, render_record
from weighbridge.dialects.native.review import render_feedback, render_outcome_of_review
from weighbridge.domain.caller import Caller
from weighbridge.domain.errors import InvalidFieldError, MethodNotAllowedError, NotFoundError, WeighbridgeError
from weighbridge.domain.policy import Policy
from weighbridge.domain.record import OutcomeStatus, Record, RecordFilter
from weighbridge.pipeline.house import House
from weighbridge.pipeline.reload import Reloader
from weighbridge.server.admin import AdminPages
from weighbridge.server.answers import RENDER_ERROR, error_headers
from weighbridge.server.auth import caller_of
from weighbridge.server.openapi import describe_api
from weighbridge.server.reviews import ReviewPages
from weighbridge.server.sources import SourcePages

Page = Callable[[Request], Awaitable[Response]]
MOST_RECORDS = 500
OWN_PATHS = ("/v1/records", "/v1/tasks", "/v1/reviews", "/v1/sources", "/v1/feedback", "/v1/admin")
"""Under /v1 the rest is OpenAI's, served here or not, so its errors are in OpenAI's words."""


def build_pages(house: House, reloader: Reloader | None) -> Starlette:
    """The pages of one gateway."""
    pages, people, documents = Pages(house, reloader), ReviewPages(house), SourcePages(house)
    admin = AdminPages(house)
    return Starlette(
        routes=[
            Route("/healthz", pages.healthz),
            Route("/readyz", pages.readyz),
            Route("/openapi.json", pages.openapi),
            Route("/v1/models", pages.models),
            Route("/v1/models/{name:path}", pages.model),
            Route("/v1/records", pages.records),
            Route("/v1/records/{id}", pages.record),
            Route("/v1/records/{id}/explanation", pages.explanation),
            Route("/v1/reviews", people.reviews),
            Route("/v1/reviews/{id}", people.review),
            Route("/v1/reviews/{id}/{verb}", people.act, methods=["POST"]),
            Route("/v1/sources", documents.sources, methods=["GET", "POST"]),
            Route("/v1/sources/search", documents.search),
            Route("/v1/sources/{id:path}", documents.source, methods=["GET", "DELETE"]),
            Route("/v1/feedback", people.feedback, methods=["POST"]),
            Route("/v1/admin/keys", admin.keys, methods=["GET", "POST"]),
            Route("/v1/admin/keys/{name}/rotate", admin.rotate, methods=["POST"]),
            Route("/v1/admin/keys/{name}/revoke", admin.revoke, methods=["POST"]),
            Route("/v1/admin/audit", admin.audit),
        ],
        exception_handlers={WeighbridgeError: _problem, HTTPException: _unrouted},
    )


class Pages:
    """The endpoints, over one house."""

    def __init__(self, house: House, reloader: Reloader | None) -> None:
        self._house, self._reloader = house, reloader

    async def healthz(self, request: Request) -> Response:  # noqa: ARG002 (the framework's signature)
        """The process is alive."""
        return _json({"status": "ok"})

    async def readyz(self, request: Request) -> Response:  # noqa: ARG002 (the framework's signature)
        """It can serve: records have room. Also says whether the config on disk is the policy in force."""
        is_ready = self._house.records.is_accepting()
        refused = self._reloader.problems if self._reloader else ()
        state = {
            "status": "ready" if is_ready else "cannot_write_records",
            "policy_digest": self._house.in_force.policy.digest,
            "config": "refused" if refused else "in_force",
            "config_problems": list(refused),
        }
        return _json(state, 200 if is_ready else 503)

    async def openapi(self, request: Request) -> Response:  # noqa: ARG002 (the framework's signature)
        """OpenAPI 3.1."""
        return _json(describe_api())

    async def models(self, request: Request) -> Response:
        """Everything a caller may write into `model`, as OpenAI lists models."""
        caller = await self._caller(request)
        return _json({"object": "list", "data": [_listed(name) for name in self._names(caller)]})

    async def model(self, request: Request) -> Response:
        """One of them."""
        name = request.path_params["name"]
        if name not in self._names(await self._caller(request)):
            raise NotFoundError(
                f"There is no model {name!r}.", advice="GET /v1/models lists them.", code="unknown_model", param="model"
            )
        return _json(_listed(name))

    async def records(self, request: Request) -> Response:
        """The newest records first; `next` continues the list. A key sees its own, an auditor everybody's."""
        caller = await self._caller(request)
        wanted = replace(_filter(request), caller=None if caller.may_audit else caller.name)
        found = await self._house.records.find(wanted)
        last = found[-1].id if len(found) == wanted.limit else None
        return _json({"records": [render_record(record) for record in found], "next": last})

    async def record(self, request: Request) -> Response:
        """One record, and what was said of it."""
        record = await self._found(request)
        return _json({**render_record(record), "feedback": await self._said(record)})

    async def explanation(self, request: Request) -> Response:
        """Why it went the way it went: every candidate with its reason and numbers; what a person decided, and what
        was said of it."""
        record = await self._found(request)
        item = None if record.review_id is None else await self._house.reviews.get(record.review_id)
        review = None if item is None else render_outcome_of_review(item)
        return _json({**render_explanation(record), "review": review, "feedback": await self._said(record)})

    async def _said(self, record: Record) -> list[dict[str, object]]:
        return [render_feedback(one) for one in await self._house.reviews.feedback(record.id)]

    async def _caller(self, request: Request) -> Caller:
        return await caller_of(dict(request.scope["headers"]), self._house)

    def _names(self, caller: Caller) -> list[str]:
        policy: Policy = self._house.in_force.policy
        tasks = [f"task/{name}" for name in policy.tasks if caller.tasks is None or name in caller.tasks]
        return ["auto", *tasks, *(policy.models if caller.may_pin else ())]

    async def _found(self, request: Request) -> Record:
        caller = await self._caller(request)
        number = request.path_params["id"]
        record = await self._house.records.get(number)
        if record is None or not (caller.may_audit or caller.name == record.caller):
            raise NotFoundError(
                f"There is no record {number!r}.",
                advice="Its retention time may be over; `weighbridge records` lists what is kept.",
                code="unknown_record",
            )
        return record


def _listed(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "weighbridge"}


def _filter(request: Request) -> RecordFilter:
    query = request.query_params
    return RecordFilter(
        task=query.get("task"),
        model=query.get("model"),
        status=_status(query.get("status")),
        is_fallback=_flag(query.get("fallback")),
        since=query.get("since"),
        before_id=query.get("before"),
        limit=_limit(query.get("limit", "50")),
    )


def _status(text: str | None) -> str | None:
    if text is not None and text not in set(OutcomeStatus):
        raise InvalidFieldError(
            f"`status` is one of {', '.join(OutcomeStatus)}.", advice="Correct it, or leave it out.", param="status"
        )
    return text


def _flag(text: str | None) -> bool | None:
    if text is None:
        return None
    if text not in {"true", "false"}:
        raise InvalidFieldError("`fallback` is true or false.", advice="Write fallback=true.", param="fallback")
    return text == "true"


def _limit(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MOST_RECORDS))
    if not is_number or not 1 <= int(text) <= MOST_RECORDS:
        raise InvalidFieldError(
            f"`limit` is a number from 1 to {MOST_RECORDS}.", advice="Page with `before` for more.", param="limit"
        )
    return int(text)


def _json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


async def _problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, WeighbridgeError):
        raise error
    answer = Response(RENDER_ERROR[_dialect(request.url.path)](error), error.status, media_type="application/json")
    answer.raw_headers += error_headers(error)
    return answer


def _dialect(path: str) -> str:
    return "openai_chat" if path.startswith("/v1/") and not path.startswith(OWN_PATHS) else "native"


async def _unrouted(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == 405:
        return await _problem(
            request,
            MethodNotAllowedError(f"{request.url.path} does not take {request.method}.", advice="Use another method."),
        )
    return await _problem(
        request,
        NotFoundError(
            f"There is nothing at {request.url.path}.", advice="GET /openapi.json lists the paths.", code="unknown_path"
        ),
    )
