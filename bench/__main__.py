"""`python -m bench`: CPU per request and added latency, as ratios, all targets interleaved in one run."""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.load import Load, drive, post
from bench.targets import KEY, Target, start_gateway, start_nginx, start_passthrough, start_upstream

PROMPT = (
    "Classify this vendor email: " + "attached you find the invoice for March, please pay within thirty days. " * 12
)
BODY = orjson.dumps({"model": "task/classify", "messages": [{"role": "user", "content": PROMPT}]})
REQUEST = post("/v1/chat/completions", BODY, (("authorization", f"Bearer {KEY}"),))


@dataclass(slots=True)
class Score:
    """What the rounds of one target gave."""

    cpu_us: list[float] = field(default_factory=list)
    p50_alone_ms: list[float] = field(default_factory=list)
    p99_busy_ms: list[float] = field(default_factory=list)


async def measure(target: Target, score: Score, requests: int, connections: int) -> None:
    """One round: busy for CPU, then alone for latency."""
    before = target.cpu_s()
    busy = await drive(target.port, REQUEST, requests=requests, connections=connections)
    score.cpu_us.append((target.cpu_s() - before) / busy.requests * 1e6)
    score.p99_busy_ms.append(busy.percentile_s(0.99) * 1e3)
    alone: Load = await drive(target.port, REQUEST, requests=max(200, requests // 10), connections=1)
    score.p50_alone_ms.append(alone.percentile_s(0.5) * 1e3)


async def run(targets: list[Target], rounds: int, requests: int, connections: int) -> dict[str, Score]:
    """All targets in turn, round after round, so that the machine's moods hit each alike."""
    scores = {target.name: Score() for target in targets}
    for target in targets:
        await drive(target.port, REQUEST, requests=connections * 20, connections=connections)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("measuring", total=rounds * len(targets))
        for _ in range(rounds):
            for target in targets:
                await measure(target, scores[target.name], requests, connections)
                progress.advance(bar)
    return scores


def summary(scores: dict[str, Score]) -> dict[str, dict[str, float]]:
    """Medians, and ratios against the pass-through."""
    floor = scores["pass-through"]
    rows = {}
    for name, score in scores.items():
        cpu = statistics.median(score.cpu_us)
        alone = statistics.median(score.p50_alone_ms)
        rows[name] = {
            "cpu_us_per_request": round(cpu, 1),
            "cpu_ratio": round(cpu / statistics.median(floor.cpu_us), 2),
            "p50_alone_ms": round(alone, 3),
            "added_p50_alone_ms": round(alone - statistics.median(scores["upstream"].p50_alone_ms), 3),
            "p99_busy_ms": round(statistics.median(score.p99_busy_ms), 2),
        }
    return rows


def show(rows: dict[str, dict[str, float]], conditions: str) -> None:
    """The table for people."""
    table = Table(title=conditions, title_justify="left")
    table.add_column("target")
    for column in next(iter(rows.values())):
        table.add_column(column, justify="right")
    for name, row in rows.items():
        table.add_row(name, *(str(value) for value in row.values()))
    Console(width=120).print(table)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=4000, help="per round and target")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        rows, memory_mb = _measured(Path(name), options)
    conditions = (
        f"{options.rounds} interleaved rounds of {options.requests} requests, {len(BODY)} byte bodies, "
        f"{options.connections} connections; gateway resident {memory_mb:.0f} MB"
    )
    if options.json:
        sys.stdout.write(json.dumps({"conditions": conditions, "targets": rows}) + "\n")
    else:
        show(rows, conditions)


def _measured(folder: Path, options: argparse.Namespace) -> tuple[dict[str, dict[str, float]], float]:
    upstream = start_upstream(folder)
    started = [upstream]
    try:
        nginx = start_nginx(folder, upstream.port)
        started += [nginx] if nginx else []
        started.append(start_passthrough(folder, upstream.port))
        gateway = start_gateway(folder, upstream.port)
        started.append(gateway)
        scores = asyncio.run(run(started, options.rounds, options.requests, options.connections))
        return summary(scores), gateway.resident_mb()
    finally:
        for target in started:
            target.stop()


if __name__ == "__main__":
    main()
