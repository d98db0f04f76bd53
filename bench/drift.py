"""How often the drift detector cries wolf, and how long it takes to find a wolf: `python -m bench.drift`.

A NumPy copy of `weighbridge.routing.detector`, so that thousands of runs take seconds; it is held against the original
on one run first. Numbers come with their seeds and do not depend on the machine.
"""

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from weighbridge.domain.drift import Detector
from weighbridge.routing.detector import BETS, observe

LIMIT = 0.05
GOOD = 0.02
WATCHED = 4_000
"""Requests after the change."""


@dataclass(frozen=True)
class Delays:
    """When runs alarm after a change."""

    found: float
    median: float
    p95: float


def alarms(before: float, after: float, change: int, steps: int, runs: int, alpha: float) -> Any:
    """For each run the request at which it alarms, -1 for never. The rate of events changes after `change` requests."""
    draws, bets = np.random.default_rng(0), np.array(BETS)
    wealth, found = np.zeros((runs, len(BETS))), np.full(runs, -1)
    with np.errstate(over="ignore"):  # of runs that alarmed long ago
        for n in range(1, steps + 1):
            ratio = (draws.random(runs) < (before if n <= change else after)) / LIMIT
            wealth = (wealth + 1 / (n * (n + 1))) * (1 + bets * (ratio[:, None] - 1))
            found[(wealth.mean(axis=1) >= 1 / alpha) & (found < 0)] = n
    return found


def delays(after: float, change: int, runs: int) -> Delays:
    """The model is good (2 %) for `change` requests, then not."""
    found = alarms(GOOD, after, change, change + WATCHED, runs, 0.01)
    late = np.where(found > change, found - change, np.inf)
    return Delays(float(np.isfinite(late).mean()), *np.quantile(late, [0.5, 0.95], method="inverted_cdf"))


def check() -> None:
    """The copy is one."""
    detector, draws = Detector(), np.random.default_rng(0)
    wealth = np.zeros(len(BETS))
    for n in range(1, 500):
        ratio = float(draws.random() < LIMIT) / LIMIT
        detector = observe(detector, (ratio,))
        wealth = (wealth + 1 / (n * (n + 1))) * (1 + np.array(BETS) * (ratio - 1))
    if not np.allclose(wealth, detector.wealth):
        raise SystemExit("The copy differs from weighbridge.routing.detector.")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1_000, help="runs for each figure")
    runs = parser.parse_args().runs
    check()
    console = Console()
    wolf = Table("promised", "demoted", title=f"{4 * runs:,} models exactly at their limit, 20,000 requests each")
    for alpha in track((0.1, 0.05, 0.01), description="false alarms", console=console):
        wolf.add_row(f"{alpha:.0%}", f"{(alarms(LIMIT, LIMIT, 0, 20_000, 4 * runs, alpha) > 0).mean():.2%}")
    changes = (0, 1_000, 10_000)
    table = Table("rate afterwards", *(f"after {change:,} good requests" for change in changes))
    for after in track((0.07, 0.1, 0.15, 0.3, 1.0), description="delays", console=console):
        rows = [delays(after, change, runs) for change in changes]
        table.add_row(f"{after:.0%}", *(f"{row.median:.0f} / {row.p95:.0f} ({row.found:.0%} found)" for row in rows))
    console.print(wolf, table)


if __name__ == "__main__":
    main()
