"""`POST /v1/chat/completions`: a plain OpenAI call, routed, validated and recorded."""

from time import time

from weighbridge.dialects.openai_chat.events import EventWriter
from weighbridge.dialects.openai_chat.request import parse_request
from weighbridge.dialects.openai_chat.response import render_response
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.request import Request
from weighbridge.pipeline.house import House
from weighbridge.pipeline.run import run
from weighbridge.server.answers import answer_headers
from weighbridge.server.auth import caller_of
from weighbridge.server.hangup import unless_caller_leaves
from weighbridge.server.stated import with_stated
from weighbridge.server.streaming import MakeWriter, stream_answer
from weighbridge.server.wire import Headers, Receive, Send, read_call, send_json


async def chat_completions(headers: Headers, house: House, receive: Receive, send: Send) -> None:
    """Answer one call, as JSON or as server-sent events."""
    caller = await caller_of(headers, house)
    request = with_stated(await read_call(parse_request, headers, receive), headers)
    if request.is_stream:
        await unless_caller_leaves(stream_answer(request, caller, house, send, _writer(request)), receive)
        return
    outcome = await unless_caller_leaves(run(request, caller, house), receive)
    await send_json(send, 200, _rendered(outcome, request), answer_headers(outcome))


def _writer(request: Request) -> MakeWriter:
    def make(model: str, number: str) -> EventWriter:
        return EventWriter(model=model, response_id=number, created=int(time()), shows_usage=request.wants_stream_usage)

    return make


def _rendered(outcome: Outcome, request: Request) -> bytes:
    return render_response(
        outcome.response,
        model=outcome.model,
        created=int(time()),
        response_id=outcome.record.id,
        shows_logprobs=request.wants_logprobs,
    )
