"""How long a provider asks us to wait, in whatever form it says so."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

LONGEST_HINT_CHARS = 64
LONGEST_HINT_S = 86_400.0
"""A day: what is longer is as good as this."""
_EPOCH_SECONDS_FROM, _EPOCH_MILLISECONDS_FROM = 10**9, 10**12
"""A number this large is a moment, not a duration."""
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_RETRY_DELAY = re.compile(rb'"retryDelay"\s*:\s*"([0-9.]{1,12}s)"')
_OPENAI = ("requests", "tokens")
_ANTHROPIC = ("requests", "tokens", "input-tokens", "output-tokens")


def wait_hint_s(headers: Mapping[str, str], body: bytes, now: float) -> float | None:
    """Seconds to wait, 0 to a day; `None` when the answer does not say, or cannot be understood.

    `headers` by name in lower case, `now` in seconds since the epoch. What the provider says of a retry comes first:
    `retry-after-ms`, `retry-after` (seconds, an HTTP date, RFC 9110 10.2.3, or an epoch), google.rpc.RetryInfo in the
    body. Else the limit that is used up says when it begins anew: `x-ratelimit-reset-*` (OpenAI and those who took
    its form: `6m0s`, `20ms`, seconds or an epoch) and `anthropic-ratelimit-*-reset` (RFC 3339).
    """
    for seconds in (
        _scaled(headers.get("retry-after-ms")),
        _moment_or_seconds(headers.get("retry-after"), now),
        _retry_info(body),
    ):
        if seconds is not None:
            return seconds
    return max(_resets(headers, now), default=None)


def _resets(headers: Mapping[str, str], now: float) -> Iterator[float]:
    """When each used-up limit begins anew. A limit that says what remains, and that something does, is not the one."""
    names = [(f"x-ratelimit-remaining-{kind}", f"x-ratelimit-reset-{kind}") for kind in _OPENAI]
    names += [(f"anthropic-ratelimit-{kind}-remaining", f"anthropic-ratelimit-{kind}-reset") for kind in _ANTHROPIC]
    for remaining, reset in (*names, ("x-ratelimit-remaining", "x-ratelimit-reset")):
        if headers.get(remaining, "0").strip() not in {"0", "0.0"}:
            continue
        seconds = _moment_or_seconds(headers.get(reset), now)
        if seconds is not None:
            yield seconds


def _moment_or_seconds(text: str | None, now: float) -> float | None:
    if text is None or not 0 < len(text.strip()) <= LONGEST_HINT_CHARS:
        return None
    text = text.strip()
    number = _number(text)
    if number is not None:
        return _bounded(_since(number, now))
    for read in (_duration, lambda given: _until(_http_date(given), now), lambda given: _until(_rfc3339(given), now)):
        seconds = read(text)
        if seconds is not None:
            return _bounded(seconds)
    return None


def _since(number: float, now: float) -> float:
    if number >= _EPOCH_MILLISECONDS_FROM:
        return number / 1000 - now
    return number - now if number >= _EPOCH_SECONDS_FROM else number


def _scaled(text: str | None) -> float | None:
    number = None if text is None or len(text) > LONGEST_HINT_CHARS else _number(text)
    return None if number is None else _bounded(number / 1000)


def _retry_info(body: bytes) -> float | None:
    found = _RETRY_DELAY.search(body)
    return None if found is None else _moment_or_seconds(found[1].decode(), 0.0)


def _duration(text: str) -> float | None:
    """Go's form, as `1h2m3.5s`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    parts = zip(match.groups(), (86_400.0, 3_600.0, 60.0, 1.0, 0.001), strict=True)
    return sum(float(amount) * unit for amount, unit in parts if amount is not None)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _http_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _rfc3339(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None


def _until(moment: float | None, now: float) -> float | None:
    return None if moment is None else moment - now


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), LONGEST_HINT_S)
