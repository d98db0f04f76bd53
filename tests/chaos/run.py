"""One phase: hosts, gateway and callers in one process over real sockets, and what came of it."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from chaos.gateway import gateway_before
from chaos.oracle import Findings, judge
from chaos.provider import World, serving
from chaos.requests import Asked, Reply, ask
from weighbridge.domain.money import ZERO, Money
from weighbridge.domain.record import OutcomeStatus, Record, RecordFilter
from weighbridge.pipeline.house import House

CALLERS = 24
PAGE = 500
SETTLE_S = 2.0
GOOD_ENDS = frozenset({OutcomeStatus.ANSWERED, OutcomeStatus.IN_REVIEW})


@dataclass(slots=True)
class Phase:
    """What came of one phase."""

    name: str
    outcomes: Counter[str] = field(default_factory=Counter)
    attempts: float = 0.0
    """A request, on average."""
    cost_per_valid: Money | None = None
    p50_s: float = 0.0
    p99_s: float = 0.0
    ended_well: float = 0.0
    """Share of requests that ended valid or in review, of those that no budget refused and no caller left."""
    answered: float = 0.0
    """Share of those that ended valid."""
    findings: Findings = field(default_factory=Findings)
    faults: Counter[str] = field(default_factory=Counter)


class _Errors(logging.Handler):
    """Whatever anybody logs as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record.getMessage())


async def run_phase(
    name: str,
    world: World,
    requests: int,
    folder: Path,
    *,
    is_baseline: bool = False,
    tick: Callable[[], object] = object,
) -> Phase:
    """Send `requests` requests and judge everything."""
    errors = _Errors()
    logging.getLogger().addHandler(errors)
    crashes: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: crashes.append(str(told.get("message"))))
    try:
        async with (
            serving(world) as ports,
            gateway_before(ports, folder / name, is_baseline=is_baseline) as (house, port),
        ):
            replies = await _all(world.seed, requests, port, tick)
            await _quiet(house, len(replies))
            records = await _records(house)
            findings = judge(replies, records, world, is_baseline=is_baseline)
            await _look_around(house, records, world, findings)
    finally:
        logging.getLogger().removeHandler(errors)
    for told in (*crashes, *errors.seen):
        findings.expect(False, f"logged: {told}")
    return _phase(name, replies, records, findings, world)


async def _all(seed: int, requests: int, port: int, tick: Callable[[], object]) -> list[Reply]:
    numbers = iter(range(requests))
    replies: list[Reply] = []

    async def caller() -> None:
        for number in numbers:
            replies.append(await ask(port, Asked.plan(seed, number)))
            tick()

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return replies


async def _quiet(house: House, requests: int) -> None:
    """Callers who left may still have a request on its way to its record."""
    for _ in range(int(SETTLE_S / 0.05)):
        if len(await _records(house)) >= requests:
            return
        await asyncio.sleep(0.05)


async def _records(house: House) -> list[Record]:
    records: list[Record] = []
    while page := await house.records.find(RecordFilter(limit=PAGE, before_id=records[-1].id if records else None)):
        records += page
    return records


async def _look_around(house: House, records: list[Record], world: World, findings: Findings) -> None:
    """Nothing held, nothing open, every person's item where its record says."""
    await house.ledger.expire(0)  # whatever was settled is on disk after it
    for standing in await house.ledger.standings(house.in_force.policy.budgets, house.clock.now()):
        name = standing.account.budget.name
        findings.expect(standing.held == ZERO, f"{standing.held} USD still held in {name}")
        findings.expect(standing.left is None or standing.left >= ZERO, f"{standing.spent} USD counted in {name}")
    for difference in await house.ledger.check():
        findings.expect(False, difference)
    for record in records:
        if record.review_id is not None:
            item = await house.reviews.get(record.review_id)
            findings.expect(item is not None, f"{record.id} has no review item")


def _phase(name: str, replies: list[Reply], records: list[Record], findings: Findings, world: World) -> Phase:
    outcomes = Counter(record.status.value for record in records)
    counted = [
        record
        for record in records
        if record.status is not OutcomeStatus.CANCELLED and record.error_code != "budget_exceeded"
    ]
    answered = [record for record in counted if record.status is OutcomeStatus.ANSWERED]
    well = [record for record in counted if record.status in GOOD_ENDS or record.status is OutcomeStatus.DEGRADED]
    costs = [call for record in records for attempt in record.attempts for call in attempt.calls]
    spent = sum([call.cost or call.estimate or ZERO for call in costs], ZERO)
    latencies = sorted(reply.latency_s for reply in replies if reply.status)
    return Phase(
        name,
        outcomes,
        sum(len(record.attempts) for record in records) / max(1, len(records)),
        Money(spent.pico // len(answered)) if answered else None,
        latencies[len(latencies) // 2],
        latencies[int(len(latencies) * 0.99)],
        len(well) / max(1, len(counted)),
        len(answered) / max(1, len(counted)),
        findings,
        world.seen,
    )
