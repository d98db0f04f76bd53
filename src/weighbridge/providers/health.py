"""Which models are cooling down: a model that fails again and again is left alone for a while."""

from collections.abc import Mapping
from dataclasses import dataclass

from weighbridge.providers.clock import Clock

FAILURES_BEFORE_COOLING = 3
"""In a row; a model that fails now and then stays in use."""
FIRST_COOLING_S = 5.0
LONGEST_COOLING_S = 300.0
"""Also bounds what a provider may ask for."""
MOST_DOUBLINGS = 10

_NOTHING: Mapping[str, float] = {}


@dataclass(slots=True)
class _Trouble:
    failures: int = 0
    until: float = 0.0


class Cooldowns:
    """Counts failures in a row. A model cools down after three of them, or at once when the provider named a time.

    Each further failure doubles the time, up to five minutes. One success forgets everything.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._troubles: dict[str, _Trouble] = {}

    def cooling_down(self) -> Mapping[str, float]:
        """Portfolio name → seconds until it may be tried again."""
        if not self._troubles:
            return _NOTHING
        now = self._clock.monotonic()
        return {model: trouble.until - now for model, trouble in self._troubles.items() if trouble.until > now}

    def note_success(self, model: str) -> None:
        """The model answered."""
        if self._troubles:
            self._troubles.pop(model, None)

    def note_failure(self, model: str, retry_after_s: float | None) -> None:
        """The model failed on its own account."""
        trouble = self._troubles.setdefault(model, _Trouble())
        trouble.failures += 1
        wait_s = max(_backoff_s(trouble.failures), retry_after_s or 0.0)
        trouble.until = max(trouble.until, self._clock.monotonic() + min(wait_s, LONGEST_COOLING_S))


def _backoff_s(failures: int) -> float:
    if failures < FAILURES_BEFORE_COOLING:
        return 0.0
    return FIRST_COOLING_S * 2.0 ** min(failures - FAILURES_BEFORE_COOLING, MOST_DOUBLINGS)
