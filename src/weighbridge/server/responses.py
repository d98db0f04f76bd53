"""`POST /v1/responses`: a plain OpenAI Responses call, routed, validated and recorded. Nothing is kept afterwards."""

from time import time

from weighbridge.dialects.openai_responses.request import parse_request
from weighbridge.dialects.openai_responses.response import render_response
from weighbridge.dialects.openai_responses.writer import EventWriter
from weighbridge.pipeline.house import House
from weighbridge.pipeline.run import run
from weighbridge.server.answers import answer_headers
from weighbridge.server.auth import caller_of
from weighbridge.server.hangup import unless_caller_leaves
from weighbridge.server.stated import with_stated
from weighbridge.server.streaming import stream_answer
from weighbridge.server.wire import Headers, Receive, Send, read_call, send_json


async def responses(headers: Headers, house: House, receive: Receive, send: Send) -> None:
    """Answer one call, as JSON or as server-sent events."""
    caller = await caller_of(headers, house)
    request = with_stated(await read_call(parse_request, headers, receive), headers)
    if request.is_stream:
        await unless_caller_leaves(stream_answer(request, caller, house, send, _writer), receive)
        return
    outcome = await unless_caller_leaves(run(request, caller, house), receive)
    body = render_response(
        outcome.response,
        model=outcome.model,
        created=int(time()),
        response_id=outcome.record.id,
        shows_logprobs=request.wants_logprobs,
    )
    await send_json(send, 200, body, answer_headers(outcome))


def _writer(model: str, number: str) -> EventWriter:
    return EventWriter(model=model, response_id=number, created=int(time()))
