"""Shadow traffic: a request that a challenger answers again, beside the answer that its caller got."""

from dataclasses import dataclass

from weighbridge.domain.caller import Caller
from weighbridge.domain.request import Request


@dataclass(frozen=True, slots=True)
class Served:
    """An answer that was given, to be held against a challenger's."""

    record_id: str
    """Its record."""
    task: str
    """As classified."""
    request: Request
    """What was asked."""
    caller: Caller
    """Who asked: content stays as protected as it was."""
    answer: str
    """What was answered."""


@dataclass(frozen=True, slots=True)
class Shadow:
    """What a challenger's record says of the answer that was given."""

    of: str
    """Record of the request that was answered."""
    agrees: bool | None
    """Both say the same, as JSON or as text without case and spaces; `None` where the challenger gave no answer."""
