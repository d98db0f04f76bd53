"""How long a connection waits: until the deadline, and never longer than a bound without hearing anything."""

import asyncio
from collections.abc import Callable

from weighbridge.domain.errors import ProviderTimeoutError


class Patience:
    """One timer for both bounds. It is moved only when it goes off, so that a block of bytes costs one assignment."""

    __slots__ = ("_deadline", "_give_up", "_heard", "_loop", "_name", "_silence_s", "_started", "_timer", "is_paused")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        name: str,
        silence_s: float,
        give_up: Callable[[ProviderTimeoutError], None],
    ) -> None:
        self._loop, self._name, self._silence_s, self._give_up = loop, name, silence_s, give_up
        self._timer: asyncio.TimerHandle | None = None
        self._started = self._heard = self._deadline = 0.0
        self.is_paused = False
        """We do not listen at present, so silence says nothing about the peer."""

    @property
    def elapsed_s(self) -> float:
        """Since `begin`."""
        return self._loop.time() - self._started

    def begin(self, deadline: float) -> None:
        """An exchange starts."""
        self._deadline = deadline
        self._started = self._heard = self._loop.time()
        self._arm()

    def hear(self) -> None:
        """The peer sent something."""
        self._heard = self._loop.time()

    def shorten(self, delay_s: float) -> None:
        """Wait at most so long from now on."""
        self._deadline = min(self._deadline, self._loop.time() + delay_s)
        self._arm()

    def end(self) -> None:
        """The exchange is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self.end()
        self._timer = self._loop.call_at(min(self._deadline, self._heard + self._silence_s), self._check)

    def _check(self) -> None:
        now = self._loop.time()
        if now >= self._deadline:
            self._give_up(_late(f"{self._name} did not answer within {now - self._started:.1f} s."))
        elif now - self._heard >= self._silence_s and not self.is_paused:
            self._give_up(_late(f"{self._name} sent nothing for {self._silence_s:g} s."))
        else:
            if self.is_paused:
                self._heard = now
            self._arm()


def _late(condition: str) -> ProviderTimeoutError:
    return ProviderTimeoutError(condition, advice="Try again, or allow more time.", may_have_cost=True)
