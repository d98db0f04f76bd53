"""Upkeep goes on after a turn that nobody foresaw."""

import asyncio
import logging

import pytest

from weighbridge.pipeline import upkeep
from weighbridge.pipeline.upkeep import ended, kept_running


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


async def swallowing(cancellations: int) -> None:
    """As a client does that is just about to give its answer."""
    for _ in range(cancellations):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue
    await asyncio.sleep(60)


async def test_a_loop_that_swallows_a_cancellation_is_ended_all_the_same() -> None:
    tasks = [asyncio.create_task(swallowing(count)) for count in (0, 1, 3)]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await ended(tasks)
    assert all(task.cancelled() for task in tasks)
    await ended([])


async def test_one_that_never_ends_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(upkeep, "CANCEL_EVERY_S", 0.001)
    task = asyncio.create_task(swallowing(100))
    await asyncio.sleep(0)
    await ended([task])
    assert "1 loops of upkeep did not end" in caplog.text
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)
