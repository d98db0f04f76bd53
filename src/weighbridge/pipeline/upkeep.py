"""What a gateway does beside answering: loops that may fail in a turn and must not end by that."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

AGAIN_AFTER_S = 5.0
CANCEL_EVERY_S = 0.1
MOST_CANCELS = 50

log = logging.getLogger("weighbridge.upkeep")


async def kept_running(loop: Callable[[], Awaitable[None]], again_after_s: float = AGAIN_AFTER_S) -> None:
    """Run an endless loop, and begin it again when something unforeseen ends it. Ends by cancellation alone."""
    while True:
        try:
            await loop()
        except Exception:  # whatever it was is told, and the next turn may do better
            log.exception("upkeep failed and begins again in %g s", again_after_s)
        await asyncio.sleep(again_after_s)


async def ended(tasks: Collection["asyncio.Task[None]"]) -> None:
    """Cancel until they have ended: a client in the middle of a call may swallow a cancellation, as that of Redis does.
    One that never ends is told and left behind."""
    pending = set(tasks)
    for _ in range(MOST_CANCELS):
        for task in pending:
            task.cancel()
        if not pending:
            return
        _, pending = await asyncio.wait(pending, timeout=CANCEL_EVERY_S)
    log.error("%d loops of upkeep did not end", len(pending))
