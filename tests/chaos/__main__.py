"""`make chaos`: every fault at once, and each host down in turn; one table of what came of it."""

import argparse
import asyncio
import json
import sys
import tempfile
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from chaos.provider import HOSTS, World
from chaos.run import Phase, run_phase

FAULT_SHARE = 0.3
LEAST_WELL = 0.999
MOST_SLOWER = 3.0
COLUMNS = ("phase", "requests", "outcomes", "valid", "ended well", "attempts", "USD/valid", "p50 ms", "p99 ms")
""""Ended well": valid, in review, or the task's declared answer."""


async def run_all(seed: int, requests: int, folder: Path, progress: Progress) -> list[Phase]:
    """Healthy, everything at 30 %, the same with one host alone, and each host down."""
    share = max(50, requests // 5)
    plans = [
        ("healthy", World(seed), share, False),
        ("faults", World(seed, FAULT_SHARE), requests, False),
        ("one host alone", World(seed, FAULT_SHARE), share, True),
        *((f"{name} down", World(seed, down=name), share, False) for name in HOSTS),
    ]
    phases = []
    for name, world, count, is_baseline in plans:
        task = progress.add_task(name, total=count)
        phases.append(
            await run_phase(name, world, count, folder, is_baseline=is_baseline, tick=partial(progress.advance, task))
        )
    return phases


def broken(phases: list[Phase]) -> list[str]:
    """Every promise that did not hold, and each host whose outage was felt."""
    found = [f"{phase.name}: {what}" for phase in phases for what in phase.findings.broken]
    return found + [
        f"{phase.name}: {phase.ended_well:.2%} ended well, not {LEAST_WELL:.1%}"
        for phase in phases
        if phase.name.endswith(" down") and phase.ended_well < LEAST_WELL
    ]


def slow(phases: list[Phase]) -> list[str]:
    """Each host whose outage made the slowest requests much slower."""
    healthy = phases[0]
    return [
        f"{phase.name}: p99 {phase.p99_s:.3f} s, healthy {healthy.p99_s:.3f} s"
        for phase in phases
        if phase.name.endswith(" down") and phase.p99_s > MOST_SLOWER * healthy.p99_s
    ]


def table(phases: list[Phase]) -> Table:
    """For people."""
    shown = Table(title="Chaos", title_justify="left")
    for column in (
        "phase",
        "requests",
        "outcomes",
        "valid",
        "valid, review or declared",
        "attempts",
        "USD/valid",
        "p50 ms",
        "p99 ms",
    ):
        shown.add_column(column, overflow="fold")
    for phase in phases:
        shown.add_row(
            phase.name,
            str(sum(phase.outcomes.values())),
            ", ".join(f"{name} {count}" for name, count in phase.outcomes.most_common()),
            f"{phase.answered:.2%}",
            f"{phase.ended_well:.2%}",
            f"{phase.attempts:.2f}",
            str(phase.cost_per_valid),
            f"{phase.p50_s * 1000:.0f}",
            f"{phase.p99_s * 1000:.0f}",
        )
    return shown


def main() -> int:
    """Exit 1 when a promise did not hold."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="of the phase with every fault; others a fifth")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Progress(console=Console(stderr=True)) as progress:
        phases = asyncio.run(run_all(chosen.seed, chosen.requests, Path(folder), progress))
    wrong = broken(phases) + slow(phases)
    if chosen.json:
        document = {
            "seed": chosen.seed,
            "problems": wrong,
            "phases": [
                {
                    "name": phase.name,
                    "outcomes": phase.outcomes,
                    "valid": phase.answered,
                    "ended_well": phase.ended_well,
                    "attempts": phase.attempts,
                    "usd_per_valid": str(phase.cost_per_valid),
                    "p50_s": phase.p50_s,
                    "p99_s": phase.p99_s,
                    "faults": phase.faults,
                }
                for phase in phases
            ],
        }
        print(json.dumps(document, indent=2))
    else:
        Console(width=160).print(table(phases))
    for what in wrong[:50]:
        print(f"BROKEN {what}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
