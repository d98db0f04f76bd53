"""So many at once, so many in line, first come first served, and nobody waits for ever."""

import asyncio

import pytest

from weighbridge.domain.errors import HostBusyError
from weighbridge.providers.gate import Gate


async def waiting(gate: Gate, count: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(gate.enter(5)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def test_those_in_line_pass_in_order() -> None:
    gate = Gate("h", 1, 10, 5)
    await gate.enter(5)
    order = list[int]()

    async def pass_through(number: int) -> None:
        await gate.enter(5)
        order.append(number)
        gate.leave()

    tasks = [asyncio.create_task(pass_through(number)) for number in range(5)]
    await asyncio.sleep(0)
    gate.leave()
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]


async def test_a_full_line_takes_no_more_and_costs_nothing() -> None:
    gate = Gate("h", 1, 1, 5)
    await gate.enter(5)
    (task,) = await waiting(gate, 1)
    with pytest.raises(HostBusyError, match="1 wait already") as caught:
        await gate.enter(5)
    assert not caught.value.may_have_cost
    gate.leave()
    await task


async def test_a_wait_that_takes_too_long_ends_and_leaves_the_line() -> None:
    gate = Gate("h", 1, 1, 0.01)
    await gate.enter(5)
    with pytest.raises(HostBusyError, match=r"none ended within 0\.01 s"):
        await gate.enter(5)
    (task,) = await waiting(gate, 1)
    gate.leave()
    await task


async def test_a_call_with_little_time_left_waits_no_longer_than_that() -> None:
    gate = Gate("h", 1, 1, 60)
    await gate.enter(5)
    with pytest.raises(HostBusyError):
        await gate.enter(0.01)


async def test_a_place_is_not_lost_when_who_waits_for_it_goes_away() -> None:
    gate = Gate("h", 1, 3, 5)
    await gate.enter(5)
    first, second, third = await waiting(gate, 3)
    second.cancel()
    gate.leave()
    first_got_it_and_is_cancelled_at_once = first.cancel()
    await asyncio.wait({first, second})
    assert first_got_it_and_is_cancelled_at_once
    await asyncio.wait_for(third, 1)
    gate.leave()
    await asyncio.wait_for(gate.enter(5), 1)
