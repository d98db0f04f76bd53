"""`POST /v1/tasks/{task}/runs`: the native call, a task and its input."""

from weighbridge.dialects.native.request import parse_run
from weighbridge.dialects.native.response import render_outcome, render_review_pending
from weighbridge.domain.errors import NeedsReviewError
from weighbridge.pipeline.house import House
from weighbridge.pipeline.run import run
from weighbridge.server.answers import answer_headers, error_headers
from weighbridge.server.auth import caller_of
from weighbridge.server.hangup import unless_caller_leaves
from weighbridge.server.wire import Headers, Receive, Send, read_call, send_json


async def task_run(task: str, headers: Headers, house: House, receive: Receive, send: Send) -> None:
    """Run `task` once on the input in the body. An answer that a person has to decide on is 202 with a place to ask."""
    caller = await caller_of(headers, house)
    request = await read_call(lambda body: parse_run(body, task), headers, receive)
    try:
        outcome = await unless_caller_leaves(run(request, caller, house), receive)
    except NeedsReviewError as error:
        if not error.is_undecided:
            raise
        place = f"/v1/reviews/{error.review_id}"
        headers_of_review = [*error_headers(error), (b"location", place.encode())]
        await send_json(send, 202, render_review_pending(error, place), headers_of_review)
        return
    await send_json(send, 200, render_outcome(outcome), answer_headers(outcome))
