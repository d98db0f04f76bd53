"""How much of a budget traffic can use, and whether it is overspent: `python -m bench.budgets --help`.

Calls arrive until long after the money is gone; each waits for its answer in simulated time. Three ways to guard one
budget see the same calls: ours (the gateway's own ledger and grants), one that holds the worst case of each call, and
one that counts a call when it is over. Nothing is sent anywhere.
"""

import argparse
import asyncio
import heapq
import json
import random
import sys
import tempfile
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.table import Table

from weighbridge.budget.accounts import accounts_of
from weighbridge.budget.lengths import OutputLengths
from weighbridge.domain.budget import Budget, Payer
from weighbridge.domain.errors import BudgetExceededError
from weighbridge.domain.hold import Demand, HeldFor, Hold, Settlement
from weighbridge.domain.money import Money
from weighbridge.store.ledger import StoredLedger
from weighbridge.store.records import StoredRecords

INPUT, EACH = Money(200_000_000), Money(12_000_000)
"""Of one call: 200 input tokens at one dollar a million, and an output token at twelve."""
MOST_OUTPUT = 4_000
START = 1_790_000_000.0
TASK, PAYER = "answer", Payer("app", "answer")


@dataclass(frozen=True)
class Call:
    """One call of the traffic."""

    at: float
    takes_s: float
    output: int

    def cost(self, limit: int) -> int:
        """Pico-dollars, with an answer of at most `limit` tokens."""
        return INPUT.pico + EACH.pico * min(self.output, limit)


@dataclass(frozen=True)
class Line:
    """What became of the budget under one guard."""

    guard: str
    used: float
    overspent: float
    answered: int
    committed_at_first_refusal: float | None
    """Share of the limit that was spent, or would be by calls that ran, when the first call was refused."""
    cut: int
    """Answers that ended at what was paid for."""


class Ours:
    """The gateway's own ledger."""

    name = "hold what nearly always suffices"

    def __init__(self, ledger: StoredLedger, limit: Money, known: list[int]) -> None:
        self._ledger, self._budget = ledger, Budget("b", limit, "total", warn_at=())
        self._lengths = OutputLengths({TASK: known})

    async def begin(self) -> Hold | None:
        """The hold, with what it pays for."""
        usual = self._lengths.usual(TASK)
        demand = Demand(200, MOST_OUTPUT if usual is None else min(usual, MOST_OUTPUT), MOST_OUTPUT, INPUT, EACH)
        accounts = accounts_of([self._budget], PAYER, START)
        try:
            return await self._ledger.hold(demand, accounts, HeldFor("rec_1", START + 1e9), START)
        except BudgetExceededError:
            return None

    async def end(self, call: Call, hold: Hold, pico: int) -> None:
        """Settle, and learn how long answers are."""
        is_cut = call.output > hold.output_tokens
        self._lengths.note(TASK, min(MOST_OUTPUT, 2 * hold.output_tokens) if is_cut else call.output)
        self._ledger.settle(Settlement(hold.id, Money(pico), 200 + call.output), START)


class Counting:
    """Both baselines: a number of pico-dollars set aside for each call, until its real cost is known."""

    def __init__(self, name: str, held: int, limit: Money) -> None:
        self.name, self._each, self._limit = name, held, limit
        self._held = self._spent = 0

    async def begin(self) -> Hold | None:
        """Room for what is set aside; where that is nothing, for anything."""
        if self._spent + self._held + max(1, self._each) > self._limit.pico:
            return None
        self._held += self._each
        return Hold("", Money(self._each), MOST_OUTPUT)

    async def end(self, _call: Call, _hold: Hold, pico: int) -> None:
        """The real cost takes the place of what was set aside."""
        self._held -= self._each
        self._spent += pico


def traffic(calls: int, concurrency: int, seed: int) -> list[Call]:
    """Poisson arrivals; lengths are log-normal with a median of 200 tokens, as answers of one task tend to be."""
    draw = random.Random(seed)  # noqa: S311 (made-up traffic is no secret)
    made, now = [], 0.0
    for _ in range(calls):
        output = min(MOST_OUTPUT, max(1, int(draw.lognormvariate(5.3, 0.5))))
        takes_s = 0.5 + output / 60
        now += draw.expovariate(concurrency / 4.5)
        made.append(Call(now, takes_s, output))
    return made


async def guarded(guard: Ours | Counting, calls: list[Call], limit: Money) -> Line:
    """All calls in the order of time, ends before beginnings."""
    running: list[tuple[float, int, Call, Hold, int]] = []
    spent = really_running = answered = cut = 0
    at_first: float | None = None

    async def end_one() -> None:
        nonlocal spent, really_running
        _, _, call, hold, pico = heapq.heappop(running)
        spent, really_running = spent + pico, really_running - pico
        await guard.end(call, hold, pico)

    for number, call in enumerate(calls):
        while running and running[0][0] <= call.at:
            await end_one()
        hold = await guard.begin()
        if hold is None:
            at_first = (spent + really_running) / limit.pico if at_first is None else at_first
            continue
        pico = call.cost(hold.output_tokens)
        answered, cut, really_running = answered + 1, cut + (call.output > hold.output_tokens), really_running + pico
        heapq.heappush(running, (call.at + call.takes_s, number, call, hold, pico))
    while running:
        await end_one()
    over = max(0, spent - limit.pico)
    return Line(guard.name, min(spent, limit.pico) / limit.pico, over / limit.pico, answered, at_first, cut)


async def main(arguments: argparse.Namespace) -> None:
    """Each guard on the same traffic."""
    calls = traffic(arguments.calls, arguments.concurrency, arguments.seed)
    worst = INPUT.pico + EACH.pico * MOST_OUTPUT
    limit = Money(arguments.worst_cases * worst)
    with tempfile.TemporaryDirectory() as folder:
        records, numbers = await StoredRecords.open(Path(folder) / "ledger.db"), count()
        ledger = StoredLedger(records, lambda: f"hold_{next(numbers)}")
        known = [call.output for call in traffic(arguments.known, 1, arguments.seed + 1)]
        lines = [await guarded(Ours(ledger, limit, known), calls, limit)]
        differences = await ledger.check()
        await records.close()
    lines.append(await guarded(Counting("hold the worst case", worst, limit), calls, limit))
    lines.append(await guarded(Counting("count afterwards", 0, limit), calls, limit))
    if differences:
        raise SystemExit("\n".join(differences))
    if arguments.json:
        sys.stdout.write(json.dumps([asdict(line) for line in lines], indent=2) + "\n")
        return
    table = Table(title=f"A budget of {limit} USD, {arguments.concurrency} calls at a time", title_justify="left")
    for column in ("guard", "used", "overspent", "answered", "committed at first refusal", "cut short"):
        table.add_column(column, justify="left" if column == "guard" else "right")
    for line in lines:
        first = "none" if line.committed_at_first_refusal is None else f"{line.committed_at_first_refusal:.1%}"
        shares = (f"{line.used:.2%}", f"{line.overspent:.2%}")
        table.add_row(line.guard, *shares, str(line.answered), first, str(line.cut))
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How much of a budget traffic can use under three guards.")
    parser.add_argument("--calls", type=int, default=3_000, help="calls that arrive")
    parser.add_argument("--concurrency", type=int, default=50, help="calls at a time")
    parser.add_argument("--worst-cases", type=int, default=20, help="the budget, in worst cases of a call")
    parser.add_argument("--known", type=int, default=100, help="earlier answers whose length is known")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other traffic")
    parser.add_argument("--json", action="store_true", help="one JSON document for machines")
    asyncio.run(main(parser.parse_args()))
