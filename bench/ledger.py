"""What a hold and its settlement cost: `python -m bench.ledger --help`.

Each is a piece of work for the store's writing thread, so the baseline is such a piece that does nothing but commit an
empty row, twice, with as many callers at a time.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.places import OPTION, a_place
from weighbridge.budget.accounts import accounts_of
from weighbridge.domain.budget import Budget, Payer
from weighbridge.domain.hold import Demand, HeldFor, Settlement
from weighbridge.domain.money import Money
from weighbridge.domain.secret import Secret
from weighbridge.store.ledger import StoredLedger
from weighbridge.store.records import StoredRecords
from weighbridge.store.session import Session

BUDGET = Budget("all", Money.usd(1_000_000), "month")
PAYER = Payer("app", "tag")
DEMAND = Demand(100, 100, 500, Money(100_000_000), Money(3_000_000))
CALLERS = (1, 8, 32)


@dataclass(frozen=True)
class Line:
    """So many callers at a time; medians of the rounds."""

    callers: int
    cpu_us: float
    a_second: float
    baseline_cpu_us: float

    @property
    def ratio(self) -> float:
        """How many times the baseline."""
        return self.cpu_us / self.baseline_cpu_us


async def measured(work: Callable[[], Awaitable[None]], callers: int, calls: int) -> tuple[float, float]:
    """CPU of one call in microseconds, and calls a second."""

    async def one_caller() -> None:
        for _ in range(calls // callers):
            await work()

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(one_caller() for _ in range(callers)))
    done = calls // callers * callers
    return (time.process_time() - cpu) / done * 1e6, done / (time.perf_counter() - wall)


async def lines(place: Path | Secret, calls: int, rounds: int) -> list[Line]:
    """Ledger and baseline in turn."""
    records, numbers = await StoredRecords.open(place), count()
    ledger = StoredLedger(records, lambda: f"hold_{next(numbers)}")
    await records.work(lambda store: store.execute("CREATE TABLE blank (number INTEGER)"))

    async def hold_and_settle() -> None:
        now = time.time()
        held_for = HeldFor("rec_1", now + 60)
        hold = await ledger.hold(DEMAND, accounts_of([BUDGET], PAYER, now), held_for, now)
        ledger.settle(Settlement(hold.id, Money(200_000_000), 200), now)

    def nothing(store: Session) -> None:
        store.execute("INSERT INTO blank VALUES (NULL)")

    async def commit_twice() -> None:
        await records.work(nothing)
        await records.work(nothing)

    found = []
    for callers in CALLERS:
        took, base = list[tuple[float, float]](), list[float]()
        for _ in range(rounds):
            took.append(await measured(hold_and_settle, callers, calls))
            base.append((await measured(commit_twice, callers, calls))[0])
        cpu_us, a_second = (statistics.median(numbers) for numbers in zip(*took, strict=True))
        found.append(Line(callers, cpu_us, a_second, statistics.median(base)))
    await ledger.expire(0)
    if differences := await ledger.check():
        raise SystemExit("\n".join(differences))
    await records.close()
    return found


async def main(arguments: argparse.Namespace) -> None:
    """Everything once."""
    with tempfile.TemporaryDirectory() as folder, a_place(Path(folder), "ledger", arguments.postgres) as place:
        found = await lines(place, arguments.calls, arguments.rounds)
    if arguments.json:
        sys.stdout.write(json.dumps([asdict(line) | {"ratio": line.ratio} for line in found], indent=2) + "\n")
        return
    table = Table(title="Hold and settle", title_justify="left")
    for column in ("callers", "CPU us", "a second", "two empty commits, CPU us", "ratio"):
        table.add_column(column, justify="right")
    for line in found:
        numbers = (f"{line.cpu_us:.0f}", f"{line.a_second:,.0f}", f"{line.baseline_cpu_us:.0f}", f"{line.ratio:.2f}")
        table.add_row(str(line.callers), *numbers)
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What a hold and its settlement cost.")
    parser.add_argument("--calls", type=int, default=6_000, help="holds a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the median is shown")
    parser.add_argument("--postgres", help=OPTION)
    parser.add_argument("--json", action="store_true", help="one JSON document for machines")
    asyncio.run(main(parser.parse_args()))
