"""`POST /v1/tasks/{task}/runs`: the native call, a task and its input."""

from weighbridge.dialects.native.request import parse_run
from weighbridge.dialects.native.response import render_outcome
from weighbridge.pipeline.house import House
from weighbridge.pipeline.run import run
from weighbridge.server.answers import record_headers
from weighbridge.server.auth import caller_of
from weighbridge.server.hangup import unless_caller_leaves
from weighbridge.server.wire import Headers, Receive, Send, parsed, read_json_body, send_json


async def task_run(task: str, headers: Headers, house: House, receive: Receive, send: Send) -> None:
    """Run `task` once on the input in the body."""
    caller = caller_of(headers, house.in_force.callers)
    body = await read_json_body(headers, receive)
    request = await parsed(lambda text: parse_run(text, task), body)
    outcome = await unless_caller_leaves(run(request, caller, house), receive)
    await send_json(send, 200, render_outcome(outcome), record_headers(outcome.record))
