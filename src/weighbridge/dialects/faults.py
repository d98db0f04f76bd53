"""What a provider's error status means, the same in every dialect; a dialect adds how it names the cause."""

import re
from enum import StrEnum

from weighbridge.domain.errors import (
    ContentPolicyError,
    ContextTooLongError,
    ProviderAuthError,
    ProviderError,
    ProviderOverloadedError,
    ProviderQuotaError,
    ProviderRateLimitedError,
    ProviderRejectedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)

LARGEST_PAGE_BYTES = 64 * 1024
"""An error page larger than this is not read: a provider's own errors are far smaller."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,47}")
_TIMEOUTS = frozenset({408, 504, 524})
_PASSING = frozenset({409, 425})
_OVERLOADED = frozenset({503, 529})


class Cause(StrEnum):
    """What a dialect recognised behind a status."""

    NO_CREDIT = "no_credit"
    TOO_LONG = "too_long"
    POLICY = "policy"
    OVERLOADED = "overloaded"


def is_name(value: object) -> bool:
    """Looks like a code. Anything else could be a page, a prompt or a key, and is not repeated."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def fault(status: int, code: str | None, wait_s: float | None, cause: Cause | None = None) -> ProviderError:
    """The error for an answer of `status`, with the provider's own `code` and what its dialect recognised."""
    said = f"The provider answered {status}" + (f" ({code})." if code else ".")
    if cause is Cause.NO_CREDIT or status == 402:
        advice = "Top up the account, or let another credential or host serve."
        return ProviderQuotaError(
            f"{said} The account has no credit left.", advice=advice, provider_status=status, retry_after_s=wait_s
        )
    if status in {401, 403} and cause is None:
        advice = "Check the host's credential and what it may do."
        return ProviderAuthError(
            f"{said} It does not accept the host's credential.",
            advice=advice,
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
    if 400 <= status < 500 and status not in _PASSING:
        return _rejected(status, said, cause)
    kind = ProviderOverloadedError if status in _OVERLOADED or cause is Cause.OVERLOADED else ProviderUnavailableError
    return kind(said, advice="Try again.", provider_status=status, retry_after_s=wait_s)


def _rejected(status: int, said: str, cause: Cause | None) -> ProviderError:
    if cause is Cause.TOO_LONG:
        return ContextTooLongError(
            f"{said} The input is too long for the model.",
            advice="Correct context_window_tokens of the model, or shorten the input.",
            provider_status=status,
        )
    if cause is Cause.POLICY:
        return ContentPolicyError(
            f"{said} Its content filter refused the request.",
            advice="Change the request, or let another model serve it.",
            provider_status=status,
        )
    return ProviderRejectedError(said, advice="Change the request or the model.", provider_status=status)
