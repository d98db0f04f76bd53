"""What a gateway does beside answering: loops that may fail in a turn and must not end by that."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

AGAIN_AFTER_S = 5.0

log = logging.getLogger("weighbridge.upkeep")


async def kept_running(loop: Callable[[], Awaitable[None]], again_after_s: float = AGAIN_AFTER_S) -> None:
    """Run an endless loop, and begin it again when something unforeseen ends it. Ends by cancellation alone."""
    while True:
        try:
            await loop()
        except Exception:  # whatever it was is told, and the next turn may do better
            log.exception("upkeep failed and begins again in %g s", again_after_s)
        await asyncio.sleep(again_after_s)
