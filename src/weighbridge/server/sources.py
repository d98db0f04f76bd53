"""`/v1/sources`: the documents that answers draw on."""

from datetime import UTC, datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response

from weighbridge.dialects.native.sources import parse_document, render_cut, render_document, render_found
from weighbridge.domain.caller import Caller
from weighbridge.domain.document import CutDocument
from weighbridge.domain.errors import ForbiddenError, InvalidFieldError, NotFoundError
from weighbridge.domain.levels import Sensitivity, strictest
from weighbridge.domain.search import Search
from weighbridge.pipeline.house import House
from weighbridge.pipeline.index import put_document, source_at
from weighbridge.pipeline.search import search
from weighbridge.server.auth import caller_of
from weighbridge.server.wire import read_json_body

MOST_FOUND = 100


class SourcePages:
    """The endpoints, over one house."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def sources(self, request: Request) -> Response:
        """GET: every document with its labels. POST: add one, or put a new version in its place."""
        await self._require_editor(request)
        if request.method == "POST":
            return await self._add(request)
        found = await self._house.sources.documents(request.query_params.get("collection"))
        return _json({"data": [render_document(item) for item in found]})

    async def search(self, request: Request) -> Response:
        """Passages that a question finds, as far as the caller may get them."""
        caller, query = await self._caller(request), request.query_params
        question = query.get("q", "").strip()
        if not question:
            raise InvalidFieldError("`q` is empty.", advice="Ask something.", param="q")
        limit = query.get("limit", "10")
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:6]) <= MOST_FOUND):
            raise InvalidFieldError(
                f"`limit` is a number from 1 to {MOST_FOUND}.", advice="Correct it, or leave it out.", param="limit"
            )
        wanted = Search(
            question,
            tuple(query.getlist("collection")),
            datetime.fromtimestamp(self._house.clock.now(), UTC).date(),
            Sensitivity.RESTRICTED if caller.may_edit_sources else strictest(caller.sensitivity),
            None if caller.may_edit_sources else caller.name,
            limit=int(limit),
        )
        return _json({"data": [render_found(item) for item in await search(wanted, caller, self._house)]})

    async def source(self, request: Request) -> Response:
        """GET: a document with its passages, or one passage. DELETE: remove a document."""
        await self._require_editor(request)
        name = request.path_params["id"]
        found = await source_at(name, self._house)
        if found is None:
            raise NotFoundError(
                f"There is no document or passage {name[:120]!r}.",
                advice="GET /v1/sources lists what is indexed.",
                code="unknown_source",
            )
        if request.method == "DELETE":
            await self._house.sources.remove([_whole(found, name)])
            return Response(status_code=204)
        return _json(render_cut(found))

    async def _add(self, request: Request) -> Response:
        sent = parse_document(await read_json_body(dict(request.scope["headers"]), request.receive))
        declared = self._house.in_force.policy.collections.get(sent.collection)
        if declared is None:
            names = ", ".join(self._house.in_force.policy.collections) or "none"
            raise NotFoundError(
                f"There are no sources {sent.collection[:60]!r}.",
                advice=f"The config declares {names}.",
                code="unknown_collection",
                param="collection",
            )
        cut = await put_document(sent.name, sent.body, declared, sent.labels, self._house)
        return _json(render_cut(cut), 201)

    async def _caller(self, request: Request) -> Caller:
        return await caller_of(dict(request.scope["headers"]), self._house)

    async def _require_editor(self, request: Request) -> None:
        caller = await self._caller(request)
        if not caller.may_edit_sources:
            raise ForbiddenError(
                f"The key {caller.name!r} may not see or change what is indexed.",
                advice="Ask whoever runs the gateway for `may_edit_sources: true` on your key.",
                code="sources_not_allowed",
            )


def _whole(found: CutDocument, name: str) -> str:
    if found.document.id != name:
        raise InvalidFieldError(
            f"{name[:120]!r} is a passage; only whole documents are removed.",
            advice=f"DELETE /v1/sources/{found.document.id} removes its document.",
            param="id",
        )
    return name


def _json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
