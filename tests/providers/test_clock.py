import time

from weighbridge.providers.clock import ManualClock, SystemClock


async def test_the_system_clock_is_the_machine_s() -> None:
    clock = SystemClock()
    assert abs(clock.now() - time.time()) < 5
    before = clock.monotonic()
    await clock.sleep(0.01)
    assert clock.monotonic() - before >= 0.009


async def test_a_manual_clock_moves_only_when_told_to() -> None:
    clock = ManualClock(now=1000.0)
    assert (clock.now(), clock.monotonic()) == (1000.0, 0.0)
    clock.advance(2)
    await clock.sleep(3)
    assert (clock.now(), clock.monotonic()) == (1005.0, 5.0)
