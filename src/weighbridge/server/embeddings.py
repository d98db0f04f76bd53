"""`POST /v1/embeddings`: texts to vectors, by the task's own model alone, held, paid and recorded like any call."""

from weighbridge.dialects.openai_embeddings.request import parse_request
from weighbridge.dialects.openai_embeddings.response import render_response
from weighbridge.pipeline.house import House
from weighbridge.pipeline.run import run
from weighbridge.server.answers import answer_headers
from weighbridge.server.auth import caller_of
from weighbridge.server.hangup import unless_caller_leaves
from weighbridge.server.stated import with_stated
from weighbridge.server.wire import Headers, Receive, Send, parsed, read_json_body, send_json


async def embeddings(headers: Headers, house: House, receive: Receive, send: Send) -> None:
    """Answer one call."""
    caller = await caller_of(headers, house)
    request = with_stated(await parsed(parse_request, await read_json_body(headers, receive)), headers)
    outcome = await unless_caller_leaves(run(request, caller, house), receive)
    is_base64 = request.embedding is not None and request.embedding.is_base64
    body = render_response(outcome.response, model=outcome.model, is_base64=is_base64)
    await send_json(send, 200, body, answer_headers(outcome))
