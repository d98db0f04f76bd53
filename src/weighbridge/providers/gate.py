"""`Gate`: so many calls to one host at once, so many in line behind them, each for so long."""

import asyncio
from collections import deque

from weighbridge.domain.errors import HostBusyError


class Gate:
    """First come, first served. Belongs to one event loop. Each place that is taken is given back exactly once."""

    def __init__(self, host: str, most: int, most_waiting: int, wait_s: float) -> None:
        self._host, self._most_waiting, self._wait_s = host, most_waiting, wait_s
        self._most = self._free = most
        self._line: deque[asyncio.Future[None]] = deque()

    async def enter(self, timeout_s: float) -> None:
        """Take a place, at the latest after the queue's own time. Raises HostBusyError, nothing being sent."""
        if self._free > 0:
            self._free -= 1
            return
        if len(self._line) >= self._most_waiting:
            raise self._busy(f"and {len(self._line)} wait already")
        await self._stand_in_line(min(timeout_s, self._wait_s))

    def leave(self) -> None:
        """Give the place to the first in line, if there is one."""
        while self._line:
            place = self._line.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1

    async def _stand_in_line(self, wait_s: float) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(place)
        try:
            async with asyncio.timeout(wait_s):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled():
                self.leave()
            elif place in self._line:
                self._line.remove(place)
            if isinstance(error, TimeoutError):
                raise self._busy(f"and none ended within {wait_s:.3g} s") from None
            raise

    def _busy(self, how: str) -> HostBusyError:
        return HostBusyError(
            f"{self._most} calls to host {self._host!r} are running, {how}.",
            advice="Raise the host's max_concurrent or max_queued, or let another host share the load.",
            may_have_cost=False,
        )
