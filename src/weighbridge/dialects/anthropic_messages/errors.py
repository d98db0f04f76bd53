"""Errors in Anthropic's shape: a provider's are read down to their type, ours are written for the caller.

https://platform.claude.com/docs/en/api/errors
"""

import re
from collections.abc import Mapping

import orjson

from weighbridge.dialects.openai_chat.errors import parse_retry_after
from weighbridge.domain.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderRateLimitedError,
    ProviderRejectedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    WeighbridgeError,
)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,47}")
"""What a type may look like. Anything else could be a page, a prompt or a key, and is not repeated."""
_LARGEST_PAGE_BYTES = 64 * 1024
_STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_TYPES: Mapping[int, str] = {status: kind for kind, status in _STATUSES.items()} | {503: "overloaded_error"}
_NO_CREDIT = ("credit balance is too low", "spend limit", "spend_limit", "usage limits")
_TOO_LONG = ("prompt is too long", "exceed context limit", "maximum context length")
_TIMEOUTS = frozenset({408, 504, 524})


def parse_error(status: int, retry_after: str | None, body: bytes, *, now: float | None = None) -> ProviderError:
    """What an answer that is not a success means.

    `retry_after` is the header's text: seconds, an HTTP date, or seconds since the epoch; the latter two need `now`
    (seconds since the epoch). The provider's own message is never repeated, because it may echo the prompt; only the
    error's type is.
    """
    return _classify(status, _error_in(body), parse_retry_after(retry_after, now))


def error_in_answer(error: object) -> ProviderError:
    """The meaning of an `error` object inside an answer or stream that began as a success; it may have cost money."""
    fields = error if isinstance(error, dict) else {}
    found = _classify(_STATUSES.get(_type_of(fields) or "", 502), fields, None)
    found.may_have_cost = True
    return found


def _error_in(body: bytes) -> dict[str, object]:
    if len(body) > _LARGEST_PAGE_BYTES:
        return {}
    try:
        page = orjson.loads(body)
    except ValueError:
        return {}
    error = page.get("error") if isinstance(page, dict) else None
    return error if isinstance(error, dict) else {}


def _type_of(error: Mapping[str, object]) -> str | None:
    value = error.get("type")
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None


def _classify(status: int, error: Mapping[str, object], wait_s: float | None) -> ProviderError:
    kind = _type_of(error)
    said = f"The provider answered {status}" + (f" ({kind})." if kind else ".")
    if status in {401, 402, 403} or (status in {400, 429} and _mentions(error, _NO_CREDIT)):
        return ProviderAuthError(
            f"{said} It does not accept the host's credential or its account has no credit.",
            advice="Check the host's credential and its account.",
            provider_status=status,
            retry_after_s=wait_s,
        )
    if status == 429:
        return ProviderRateLimitedError(
            said, advice="Wait, or let another host share the load.", provider_status=status, retry_after_s=wait_s
        )
    if status in _TIMEOUTS:
        return ProviderTimeoutError(
            said, advice="Try again.", provider_status=status, retry_after_s=wait_s, may_have_cost=True
        )
    if 400 <= status < 500 and status not in {409, 425}:
        why = " The input is too long for the model." if _mentions(error, _TOO_LONG) else ""
        return ProviderRejectedError(f"{said}{why}", advice="Change the request or the model.", provider_status=status)
    return ProviderUnavailableError(said, advice="Try again.", provider_status=status, retry_after_s=wait_s)


def _mentions(error: Mapping[str, object], phrases: tuple[str, ...]) -> bool:
    """The dialect has no code for these; `details.error_code` has where a host sends it."""
    details = error.get("details")
    words = [error.get("message"), details.get("error_code") if isinstance(details, dict) else None]
    text = " ".join(word for word in words if isinstance(word, str)).lower()
    return any(phrase in text for phrase in phrases)


def render_error(error: WeighbridgeError) -> bytes:
    """The error as Anthropic's clients read it. Our own code stands beside the type, which names few cases."""
    kind = _TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "api_error")
    fields = {"type": kind, "message": str(error), "code": error.code, "param": error.param}
    return orjson.dumps({"type": "error", "error": fields, "request_id": error.record_id})
