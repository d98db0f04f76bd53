"""The native answer: the text first, then who gave it, why, and what it cost."""

import orjson

from weighbridge.dialects.citations import native_citations
from weighbridge.dialects.native.record import render_attempt, render_reason, render_usage, usd
from weighbridge.domain.errors import NeedsReviewError
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.review import ReviewState


def render_outcome(outcome: Outcome) -> bytes:
    """An accepted answer and what justifies it. `id` is the record's."""
    record = outcome.record
    return orjson.dumps(
        {
            "id": record.id,
            "text": outcome.text,
            "model": outcome.model,
            "citations": native_citations(outcome.response.choices[0].citations),
            "verdict": record.verdict,
            "is_fallback": record.is_fallback,
            "reason": render_reason(record.decision),
            "usage": render_usage(record.usage),
            "cost_usd": usd(outcome.cost),
            "attempts": [render_attempt(attempt) for attempt in record.attempts],
        }
    )


def render_review_pending(error: NeedsReviewError, place: str) -> bytes:
    """There is no answer yet: who decides, and where to ask for what came of it."""
    return orjson.dumps(
        {
            "id": error.record_id,
            "status": "in_review",
            "review": {
                "id": error.review_id,
                "state": ReviewState.OPEN.value,
                "deadline": error.deadline,
                "url": place,
            },
            "message": error.condition,
            "attempts": [render_attempt(attempt) for attempt in error.attempts],
        }
    )
