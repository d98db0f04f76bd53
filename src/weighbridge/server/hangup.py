"""Notice that a caller hung up while its answer is being made, and stop making it.

A watcher costs a task, so it starts only for requests that have already taken a while; short ones never pay for it.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from weighbridge.server.wire import ClientGoneError, Receive

WATCH_AFTER_S = 0.25

Result = TypeVar("Result")


async def unless_caller_leaves(work: Coroutine[Any, Any, Result], receive: Receive) -> Result:
    """The result of `work`; ClientGoneError when the caller left first, and then `work` was cancelled."""
    watch = _Watch(receive)
    timer = asyncio.get_running_loop().call_later(WATCH_AFTER_S, watch.start)
    try:
        return await work
    except asyncio.CancelledError:
        if watch.has_seen_hangup:
            raise ClientGoneError("the caller hung up") from None
        raise
    finally:
        timer.cancel()
        watch.stop()


class _Watch:
    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._worker = asyncio.current_task()
        self._watcher: asyncio.Task[None] | None = None
        self.has_seen_hangup = False

    def start(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._until_hangup())

    def stop(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()

    async def _until_hangup(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.has_seen_hangup = True
        if self._worker is not None:
            self._worker.cancel()
