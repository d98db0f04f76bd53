"""Headers that every answer carries, and errors in the dialect that was asked."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil

from weighbridge.dialects.anthropic_messages.errors import render_error as render_anthropic_error
from weighbridge.dialects.native.errors import render_problem
from weighbridge.dialects.openai_chat.errors import render_error as render_openai_error
from weighbridge.domain.errors import (
    BudgetExceededError,
    NeedsReviewError,
    RateLimitedError,
    UnauthenticatedError,
    WeighbridgeError,
)
from weighbridge.domain.moment import rfc3339
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.rate import RateStanding
from weighbridge.domain.record import Record
from weighbridge.pipeline.stream import LiveStream
from weighbridge.server.wire import HeaderList, Send, send_json

RENDER_ERROR: dict[str, Callable[[WeighbridgeError], bytes]] = {
    "native": render_problem,
    "openai_chat": render_openai_error,
    "openai_responses": render_openai_error,
    "openai_embeddings": render_openai_error,
    "anthropic_messages": render_anthropic_error,
}


MOST_WARNINGS = 20
LONGEST_SHOWN_NAME = 60


def answer_headers(outcome: Outcome) -> HeaderList:
    """What really served, why, with what verdict, what it cost, and what rate limits leave."""
    record = outcome.record
    return [*record_headers(record), *rate_headers(outcome.rates, record.dialect)]


def rate_headers(rates: Sequence[RateStanding], dialect: str) -> HeaderList:
    """In the names that the official SDKs and most tools read: OpenAI's, and for Anthropic's callers theirs."""
    headers: list[tuple[bytes, bytes]] = []
    for rate in rates:
        numbers = {"limit": str(rate.limit), "remaining": str(rate.remaining)}
        told = numbers | {"reset": f"{rate.reset_s:.3f}s"}
        headers += [(f"x-ratelimit-{name}-{rate.kind}".encode(), text.encode()) for name, text in told.items()]
        if dialect == "anthropic_messages":
            told = numbers | {"reset": rfc3339(datetime.now(UTC) + timedelta(seconds=rate.reset_s))}
            named = ((f"anthropic-ratelimit-{rate.kind}-{name}", text) for name, text in told.items())
            headers += [(name.encode(), text.encode()) for name, text in named]
    return headers


def record_headers(record: Record) -> HeaderList:
    """What really served, why, with what verdict, and what it cost."""
    reason = record.decision.reason.value if record.decision else "none"
    cache = [] if record.cache_hit is None else [(b"x-weighbridge-cache", b"hit")]
    review = [] if record.review_id is None else [(b"x-weighbridge-review", record.review_id.encode())]
    return [
        *_identity(record.id),
        *review,
        *cache,
        *_route(record.served_model or "none", reason, record.is_fallback),
        *_warnings(record.unknown_parameters, record.left_out),
        (b"x-weighbridge-cost-usd", b"unknown" if record.cost is None else str(record.cost).encode()),
        (b"x-weighbridge-verdict", record.verdict.encode()),
    ]


def begun_headers(live: LiveStream) -> HeaderList:
    """The same for an answer that has only begun: verdict and cost come at its end."""
    route = _route(live.model, live.reason, live.is_fallback)
    warnings = _warnings(live.unknown_parameters, live.left_out)
    return [*_identity(live.record_id), *route, *warnings, *rate_headers(live.rates, live.dialect)]


def _warnings(unknown: Sequence[str], left_out: Sequence[str]) -> HeaderList:
    """Fields that nobody knew or that the serving host was not told of: a list of tokens with a parameter (RFC 8941).
    A name may be anything, so it is shortened and quoted; of very many the first are told."""
    told = [("unknown_parameter", name) for name in unknown] + [("left_out", name) for name in left_out]
    items = [f"{code};param={_quoted(name)}" for code, name in told[:MOST_WARNINGS]]
    return [(b"x-weighbridge-warnings", ", ".join(items).encode())] if items else []


def _quoted(name: str) -> str:
    shown = "".join(char if char.isascii() and char.isprintable() and char not in '"\\' else "?" for char in name)
    return f'"{shown[:LONGEST_SHOWN_NAME]}"'


def _identity(record_id: str) -> HeaderList:
    """`x-request-id` and `request-id` are what the official SDKs read."""
    number = record_id.encode()
    return [(b"x-weighbridge-record", number), (b"x-request-id", number), (b"request-id", number)]


def _route(model: str, reason: str, is_fallback: bool) -> HeaderList:
    return [
        (b"x-weighbridge-model", model.encode()),
        (b"x-weighbridge-reason", reason.encode()),
        (b"x-weighbridge-fallback", b"true" if is_fallback else b"false"),
    ]


async def send_error(send: Send, error: WeighbridgeError, dialect: str) -> None:
    """The error, in the words of the dialect that was asked."""
    await send_json(send, error.status, RENDER_ERROR[dialect](error), error_headers(error))


def error_headers(error: WeighbridgeError) -> HeaderList:
    """What an error says beside its body.

    The official SDKs repeat every 429 and 5xx by themselves unless `x-should-retry` forbids it, and each repetition of
    a failed ladder would call and pay all its models again.
    """
    headers = [(b"x-should-retry", b"true" if error.is_retryable else b"false")]
    if error.record_id is not None:
        headers += _identity(error.record_id)
    if isinstance(error, NeedsReviewError):
        headers.append((b"x-weighbridge-review", error.review_id.encode()))
    if isinstance(error, UnauthenticatedError):
        headers.append((b"www-authenticate", b"Bearer"))
    wait_s = error.retry_after_s if isinstance(error, BudgetExceededError | RateLimitedError) else None
    if wait_s is not None:
        headers.append((b"retry-after", str(ceil(wait_s)).encode()))
    elif error.is_retryable:
        headers.append((b"retry-after", b"1"))
    return headers
