"""Errors in Anthropic's shape: a provider's are read down to their type, ours are written for the caller.

https://platform.claude.com/docs/en/api/errors
"""

from collections.abc import Mapping

import orjson

from weighbridge.dialects.faults import LARGEST_PAGE_BYTES, Cause, fault, is_name
from weighbridge.domain.errors import ProviderError, WeighbridgeError

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
_FILTERED = ("content filtering policy", "content policy")
_TOO_LONG = ("prompt is too long", "exceed context limit", "maximum context length")


def parse_error(status: int, wait_s: float | None, body: bytes) -> ProviderError:
    """What an answer that is not a success means, with the time that its provider asked us to wait.

    The provider's own message is never repeated, because it may echo the prompt; only the error's type is.
    """
    return _classify(status, _error_in(body), wait_s)


def error_in_answer(error: object) -> ProviderError:
    """The meaning of an `error` object inside an answer or stream that began as a success; it may have cost money."""
    fields = error if isinstance(error, dict) else {}
    found = _classify(_STATUSES.get(_type_of(fields) or "", 502), fields, None)
    found.may_have_cost = True
    return found


def _error_in(body: bytes) -> dict[str, object]:
    if len(body) > LARGEST_PAGE_BYTES:
        return {}
    try:
        page = orjson.loads(body)
    except ValueError:
        return {}
    error = page.get("error") if isinstance(page, dict) else None
    return error if isinstance(error, dict) else {}


def _type_of(error: Mapping[str, object]) -> str | None:
    value = error.get("type")
    return str(value) if is_name(value) else None


def _classify(status: int, error: Mapping[str, object], wait_s: float | None) -> ProviderError:
    cause = None
    if status in {400, 429} and _mentions(error, _NO_CREDIT):
        cause = Cause.NO_CREDIT
    elif status in {400, 413} and _mentions(error, _TOO_LONG):
        cause = Cause.TOO_LONG
    elif status == 400 and _mentions(error, _FILTERED):
        cause = Cause.POLICY
    elif _type_of(error) == "overloaded_error":
        cause = Cause.OVERLOADED
    return fault(status, _type_of(error), wait_s, cause)


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
