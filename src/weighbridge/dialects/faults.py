"""What a provider's error status means, the same in every dialect; a dialect adds how it names the cause."""

import math
import re
from email.utils import parsedate_to_datetime

from weighbridge.domain.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderRateLimitedError,
    ProviderRejectedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)

LARGEST_PAGE_BYTES = 64 * 1024
"""An error page larger than this is not read: a provider's own errors are far smaller."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,47}")
_DENIED = frozenset({401, 402, 403})
_TIMEOUTS = frozenset({408, 504, 524})
_PASSING = frozenset({409, 425})
_EPOCH_SECONDS_FROM = 10**9
"""A retry hint this large is a moment, not a duration."""


def is_name(value: object) -> bool:
    """Looks like a code. Anything else could be a page, a prompt or a key, and is not repeated."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def fault(status: int, cause: str | None, wait_s: float | None, *, is_denied: bool, why_rejected: str) -> ProviderError:
    """The error for an answer of `status` with the provider's code `cause`.

    `is_denied` says that the dialect recognised a lack of credit, `why_rejected` what is wrong with the request.
    """
    said = f"The provider answered {status}" + (f" ({cause})." if cause else ".")
    if is_denied or status in _DENIED:
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
    if 400 <= status < 500 and status not in _PASSING:
        return ProviderRejectedError(
            said + why_rejected, advice="Change the request or the model.", provider_status=status
        )
    return ProviderUnavailableError(said, advice="Try again.", provider_status=status, retry_after_s=wait_s)


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
