"""The native error: what is so, what to do, and, where models were judged or called, the whole list."""

import orjson

from weighbridge.dialects.native.record import render_attempt, render_candidate
from weighbridge.domain.errors import AnswerError, NeedsReviewError, NoCandidateError, WeighbridgeError


def render_problem(error: WeighbridgeError) -> bytes:
    """The error with its condition and advice apart. Attempts and candidates are there when the error has them."""
    fields: dict[str, object] = {
        "code": error.code,
        "message": error.condition,
        "advice": error.advice,
        "param": error.param,
        "record": error.record_id,
    }
    if isinstance(error, AnswerError):
        fields["attempts"] = [render_attempt(attempt) for attempt in error.attempts]
    if isinstance(error, NeedsReviewError):
        fields["review"] = error.review_id
    if isinstance(error, NoCandidateError):
        fields["candidates"] = [render_candidate(candidate) for candidate in error.decision.candidates]
    return orjson.dumps({"error": fields})
