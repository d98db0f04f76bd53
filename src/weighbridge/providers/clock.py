"""Time: the real one, and one that tests move by hand."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What this room needs of time."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow."""
        ...

    async def sleep(self, delay_s: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    async def sleep(self, delay_s: float) -> None:
        """Wait."""
        await asyncio.sleep(delay_s)


class ManualClock:
    """Stands still until it is moved. Sleeping moves it, so a test of an hour takes no time."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._start = self._now = now

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        return self._now - self._start

    def advance(self, delay_s: float) -> None:
        """Let time pass."""
        self._now += delay_s

    async def sleep(self, delay_s: float) -> None:
        """Let that much time pass at once; other tasks get their turn."""
        self.advance(delay_s)
        await asyncio.sleep(0)
