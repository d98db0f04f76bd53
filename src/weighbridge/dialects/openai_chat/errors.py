"""Errors in OpenAI's shape: a provider's are read down to their code, ours are written for the caller."""

import orjson

from weighbridge.dialects.faults import LARGEST_PAGE_BYTES, Cause, fault, is_name
from weighbridge.domain.errors import ProviderError, WeighbridgeError

_TOO_LONG = frozenset({"context_length_exceeded", "exceed_context_size_error", "string_above_max_length"})
_FILTERED = frozenset({"content_filter", "content_policy_violation"})
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_OVERLOADED = frozenset({"overloaded_error", "engine_overloaded", "server_overloaded"})
_CAUSES = {
    Cause.TOO_LONG: _TOO_LONG,
    Cause.POLICY: _FILTERED,
    Cause.NO_CREDIT: _NO_CREDIT,
    Cause.OVERLOADED: _OVERLOADED,
}


def parse_error(status: int, wait_s: float | None, body: bytes) -> ProviderError:
    """What an answer that is not a success means, with the time that its provider asked us to wait.

    The provider's own message is never repeated, because it may echo the prompt; only a short code is.
    """
    return _classify(status, _code_in(body), wait_s)


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
    cause = next((cause for cause, codes in _CAUSES.items() if code in codes), None)
    return fault(status, code, wait_s, cause)


def _code_in(body: bytes) -> str | None:
    if len(body) > LARGEST_PAGE_BYTES:
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
        if is_name(value):
            return str(value)
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
