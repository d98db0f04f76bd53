"""`POST /v1/messages` and `/v1/messages/count_tokens`: a plain Anthropic call, routed, validated and recorded."""

import asyncio
from time import time

from weighbridge.dialects.anthropic_messages.request import parse_count_request, parse_request
from weighbridge.dialects.anthropic_messages.response import render_response, render_token_count
from weighbridge.dialects.anthropic_messages.writer import EventWriter
from weighbridge.pipeline.house import House
from weighbridge.pipeline.run import run
from weighbridge.pipeline.sizing import count_input
from weighbridge.server.answers import answer_headers
from weighbridge.server.auth import caller_of
from weighbridge.server.hangup import unless_caller_leaves
from weighbridge.server.stated import with_stated
from weighbridge.server.streaming import stream_answer
from weighbridge.server.wire import OFF_LOOP_BYTES, Headers, Receive, Send, read_call, send_json


async def messages(headers: Headers, house: House, receive: Receive, send: Send) -> None:
    """Answer one call, as JSON or as server-sent events."""
    caller = await caller_of(headers, house)
    request = with_stated(await read_call(parse_request, headers, receive), headers)
    if request.is_stream:
        await unless_caller_leaves(stream_answer(request, caller, house, send, _writer), receive)
        return
    outcome = await unless_caller_leaves(run(request, caller, house), receive)
    body = render_response(outcome.response, model=outcome.model, created=int(time()), response_id=outcome.record.id)
    await send_json(send, 200, body, answer_headers(outcome))


async def count_tokens(headers: Headers, house: House, receive: Receive, send: Send) -> None:
    """Count the input, by the tokenizer of the model that would read it. Nothing is called and nothing recorded."""
    await caller_of(headers, house)
    request = await read_call(parse_count_request, headers, receive)
    policy = house.in_force.policy
    is_short = len(request.text) <= OFF_LOOP_BYTES
    count = count_input(request, policy) if is_short else await asyncio.to_thread(count_input, request, policy)
    await send_json(send, 200, render_token_count(count.tokens))


def _writer(model: str, number: str) -> EventWriter:
    return EventWriter(model=model, response_id=number)
