"""Google's errors, read down to their status: https://ai.google.dev/gemini-api/docs/troubleshooting."""

import orjson

from weighbridge.dialects.faults import LARGEST_PAGE_BYTES, Cause, fault, is_name
from weighbridge.domain.errors import ProviderError

_TOO_LONG = ("exceeds the maximum number of tokens", "token count", "input context is too long")
_BAD_KEY = b"API_KEY_INVALID"


def parse_error(status: int, wait_s: float | None, body: bytes) -> ProviderError:
    """What an answer that is not a success means. Google's own message is never repeated, only its status word.

    A key that is not valid is told as 400, and meant as 401.
    """
    error = _error_in(body)
    name = error.get("status")
    code = str(name) if is_name(name) else None
    if status == 400 and _BAD_KEY in body[:LARGEST_PAGE_BYTES]:
        return fault(401, code, wait_s)
    message = error.get("message")
    is_too_long = status == 400 and isinstance(message, str) and any(part in message.lower() for part in _TOO_LONG)
    return fault(status, code, wait_s, Cause.TOO_LONG if is_too_long else None)


def error_in_answer(error: object) -> ProviderError:
    """The meaning of an `error` object inside a stream that began as a success; it may have cost money."""
    fields = error if isinstance(error, dict) else {}
    status = fields.get("code")
    known = status if type(status) is int and 400 <= status < 600 else 502
    found = parse_error(known, None, orjson.dumps({"error": fields}))
    found.may_have_cost = True
    return found


def _error_in(body: bytes) -> dict[str, object]:
    if len(body) > LARGEST_PAGE_BYTES:
        return {}
    try:
        page = orjson.loads(body)
    except ValueError:
        return {}
    page = page[0] if isinstance(page, list) and page else page  # a stream without `alt=sse` wraps it
    error = page.get("error") if isinstance(page, dict) else None
    return error if isinstance(error, dict) else {}
