"""Upkeep goes on after a turn that nobody foresaw."""

import asyncio
import logging

import pytest

from weighbridge.pipeline.upkeep import kept_running


async def test_a_loop_that_breaks_is_told_and_begins_again(caplog: pytest.LogCaptureFixture) -> None:
    turns = 0

    async def breaks() -> None:
        nonlocal turns
        turns += 1
        raise RuntimeError("unforeseen")

    task = asyncio.create_task(kept_running(breaks, 0.001))
    with caplog.at_level(logging.ERROR):
        async with asyncio.timeout(5):
            while turns < 3:
                await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert "begins again" in caplog.text
