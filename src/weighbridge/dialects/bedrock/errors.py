"""Bedrock's errors, read down to what they mean.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors
"""

from collections.abc import Mapping

import orjson

from weighbridge.dialects.faults import LARGEST_PAGE_BYTES, Cause, fault
from weighbridge.domain.errors import ProviderError

EXCEPTIONS: Mapping[str, int] = {
    "internalServerException": 500,
    "modelStreamErrorException": 502,
    "modelTimeoutException": 408,
    "serviceUnavailableException": 503,
    "throttlingException": 429,
    "validationException": 400,
}
"""How a stream that began as a success reports an error, and the status that it would have had before."""
_MODEL_FAILED = 424
_TOO_LONG = (
    "input is too long",
    "prompt is too long",
    "too many input tokens",
    "maximum context length",
    "context limit",
)


def parse_error(status: int, wait_s: float | None, body: bytes) -> ProviderError:
    """What an answer that is not a success means. Amazon's own message is never repeated: it may echo the prompt."""
    if status == _MODEL_FAILED:  # the model behind Bedrock failed; nothing was wrong with the request
        return fault(502, None, wait_s)
    is_too_long = status == 400 and any(phrase in _message_in(body) for phrase in _TOO_LONG)
    return fault(status, None, wait_s, Cause.TOO_LONG if is_too_long else None)


def error_in_stream(kind: str, fields: object) -> ProviderError:
    """The meaning of an exception inside a stream; it may have cost money."""
    found = parse_error(EXCEPTIONS[kind], None, orjson.dumps(fields if type(fields) is dict else {}))
    found.may_have_cost = True
    return found


def _message_in(body: bytes) -> str:
    """In lower case. A code stands in a header alone, and says no more than the status."""
    if len(body) > LARGEST_PAGE_BYTES:
        return ""
    try:
        page = orjson.loads(body)
    except ValueError:
        return ""
    message = page.get("message", page.get("Message")) if type(page) is dict else None
    return message.lower() if type(message) is str else ""
