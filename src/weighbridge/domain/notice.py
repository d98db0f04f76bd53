"""What a webhook is told."""

from dataclasses import dataclass

MOST_ATTEMPTS = 16
"""Tries, the last ones hours apart: a receiver may be away for the better part of a day."""
GIVEN_UP = "9999-12-31T00:00:00.000000Z"
"""Due at this time, a notice is kept to be seen and not tried again."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message that waits for delivery."""

    id: str
    """`msg_` and the review's identifier: the same at each try, so that a receiver can tell a repetition."""
    task: str
    """Whose webhook is told."""
    due_at: str
    """When to try next: UTC, RFC 3339."""
    body: str
    """JSON."""
    attempts: int = 0
    """How often it was tried."""
    fault: str | None = None
    """What came of the last try, such as `status 503`; `None` before the first."""
