"""Errors in OpenAI's shape: a provider's are read down to their code, ours are written for the caller."""

import math
import re
from email.utils import parsedate_to_datetime

import orjson

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
"""What a code may look like. Anything else could be a page, a prompt or a key, and is not repeated."""
_LARGEST_PAGE_BYTES = 64 * 1024
_TOO_LONG = frozenset({"context_length_exceeded", "exceed_context_size_error", "string_above_max_length"})
_FILTERED = frozenset({"content_filter", "content_policy_violation"})
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_TIMEOUTS = frozenset({408, 504, 524})
_EPOCH_SECONDS_FROM = 10**9
"""A retry hint this large is a moment, not a duration."""


def parse_error(status: int, retry_after: str | None, body: bytes, *, now: float | None = None) -> ProviderError:
    """What an answer that is not a success means.

    `retry_after` is the header's text: seconds, an HTTP date, or seconds since the epoch; the latter two need `now`
    (seconds since the epoch). The provider's own message is never repeated, because it may echo the prompt; only a
    short code is.
    """
    return _classify(status, _code_in(body), parse_retry_after(retry_after, now))


def error_in_answer(error: object) -> ProviderError:
    """The meaning of an `error` object inside an answer or stream that began as a success; it may have cost money."""
    fields = error if isinstance(error, dict) else {}
    status = fields.get("code")
    if type(status) is not int or not 400 <= status < 600:
        status = _status_of(_name_of(fields))
    found = _classify(status, _name_of(fields), None)
    found.may_have_cost = True
    return found


def _status_of(code: str | None) -> int:
    words = (code or "").lower()
    if "rate_limit" in words or words in _NO_CREDIT:
        return 429
    return 400 if "invalid" in words or words in _TOO_LONG | _FILTERED else 502


def _classify(status: int, code: str | None, wait_s: float | None) -> ProviderError:
    said = f"The provider answered {status}" + (f" ({code})." if code else ".")
    if status in {401, 402, 403} or code in _NO_CREDIT:
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
        return ProviderRejectedError(
            f"{said}{_why_rejected(code)}", advice="Change the request or the model.", provider_status=status
        )
    return ProviderUnavailableError(said, advice="Try again.", provider_status=status, retry_after_s=wait_s)


def _why_rejected(code: str | None) -> str:
    if code in _TOO_LONG:
        return " The input is too long for the model."
    return " Its content filter refused the request." if code in _FILTERED else ""


def _code_in(body: bytes) -> str | None:
    if len(body) > _LARGEST_PAGE_BYTES:
        return None
    try:
        page = orjson.loads(body)
    except ValueError:
        return None
    if not isinstance(page, dict):
        return None
    error = page.get("error")
    fields = error if isinstance(error, dict) else page
    if b"maximum context length" in body:
        return "context_length_exceeded"
    return _name_of(fields)


def _name_of(fields: dict[str, object]) -> str | None:
    for key in ("code", "type"):
        value = fields.get(key)
        if isinstance(value, str) and _NAME.fullmatch(value):
            return value
    return None


def parse_retry_after(text: str | None, now: float | None) -> float | None:
    """Seconds to wait, never negative; `None` when the hint is absent or cannot be read (RFC 9110, 10.2.3)."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return _until(_moment(text), now)
    if seconds >= _EPOCH_SECONDS_FROM:
        return _until(seconds, now)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _until(moment: float | None, now: float | None) -> float | None:
    """Seconds from now to a moment; `None` when either is not known."""
    if moment is None or now is None or not math.isfinite(moment):
        return None
    return max(0.0, moment - now)


def _moment(text: str) -> float | None:
    """An HTTP date in seconds since the epoch."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def render_error(error: WeighbridgeError) -> bytes:
    """The error as OpenAI's clients read it, with the record that tells the story once there is one."""
    fields: dict[str, object] = {
        "message": str(error),
        "type": _TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "server_error"),
        "param": error.param,
        "code": error.code,
    }
    if error.record_id is not None:
        fields["record"] = error.record_id
    return orjson.dumps({"error": fields})


_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
