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
from bench.rivals import start_litellm, start_portkey
from bench.targets import KEY, Target, start_gateway, start_nginx, start_passthrough, start_upstream

RIVALS = ("LiteLLM proxy", "Portkey gateway")
SLOWER = 10
"""Rivals get a tenth of the requests, or a run would take an hour."""
SENTENCE = "attached you find the invoice for March, please pay within thirty days. "


@dataclass(frozen=True)
class Asked:
    """What every target is asked, again and again."""

    body_bytes: int = 1_000
    """About how long the body is."""
    is_stream: bool = False
    """Whether the answer is streamed, in 50 pieces."""

    @property
    def body(self) -> bytes:
        """An OpenAI chat call."""
        prompt = "Classify this vendor email: " + SENTENCE * max(1, (self.body_bytes - 130) // len(SENTENCE))
        model = "task/talk" if self.is_stream else "task/classify"
        stream = {"stream": True} if self.is_stream else {}
        return orjson.dumps({"model": model, "messages": [{"role": "user", "content": prompt}], **stream})

    def of(self, target: Target) -> bytes:
        """The bytes for one target."""
        return post("/v1/chat/completions", self.body, (("authorization", f"Bearer {KEY}"), *target.headers))


@dataclass(slots=True)
class Score:
    """What the rounds of one target gave."""

    cpu_us: list[float] = field(default_factory=list)
    p50_alone_ms: list[float] = field(default_factory=list)
    p99_busy_ms: list[float] = field(default_factory=list)


async def measure(target: Target, score: Score, asked: Asked, requests: int, connections: int) -> None:
    """One round: busy for CPU, then alone for latency."""
    before = target.cpu_s()
    busy = await drive(target.port, asked.of(target), requests=requests, connections=connections)
    score.cpu_us.append((target.cpu_s() - before) / busy.requests * 1e6)
    score.p99_busy_ms.append(busy.percentile_s(0.99) * 1e3)
    alone: Load = await drive(target.port, asked.of(target), requests=max(50, requests // 10), connections=1)
    score.p50_alone_ms.append(alone.percentile_s(0.5) * 1e3)


async def run(targets: list[Target], asked: Asked, options: argparse.Namespace) -> dict[str, Score]:
    """All targets in turn, round after round, so that the machine's moods hit each alike."""
    rounds, connections = options.rounds, options.connections
    scores = {target.name: Score() for target in targets}
    for target in list(targets):
        try:
            await drive(
                target.port,
                asked.of(target),
                requests=connections * (2 if target.name in RIVALS else 20),
                connections=connections,
            )
        except RuntimeError as error:
            if target.name not in RIVALS:
                raise
            sys.stderr.write(f"{target.name} is left out: {error}.\n")
            targets = [other for other in targets if other is not target]
            del scores[target.name]
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("measuring", total=rounds * len(targets))
        for _ in range(rounds):
            for target in targets:
                count = options.requests // (SLOWER if target.name in RIVALS else 1)
                await measure(target, scores[target.name], asked, count, connections)
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
    parser.add_argument("--body-bytes", type=int, default=1000, help="about so long is each request")
    parser.add_argument("--stream", action="store_true", help="answers come in 50 pieces")
    parser.add_argument(
        "--rivals", action="store_true", help="install and measure LiteLLM's proxy and Portkey's gateway, too"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        rows, memory_mb = _measured(Path(name), options)
    conditions = (
        f"{options.rounds} interleaved rounds of {options.requests} requests, {len(_asked(options).body)} byte bodies, "
        f"{'50-piece streams, ' if options.stream else ''}{options.connections} connections; "
        f"gateway resident {memory_mb:.0f} MB"
    )
    if options.json:
        sys.stdout.write(json.dumps({"conditions": conditions, "targets": rows}) + "\n")
    else:
        show(rows, conditions)


def _asked(options: argparse.Namespace) -> Asked:
    return Asked(options.body_bytes, options.stream)


def _measured(folder: Path, options: argparse.Namespace) -> tuple[dict[str, dict[str, float]], float]:
    upstream = start_upstream(folder)
    started = [upstream]
    try:
        nginx = start_nginx(folder, upstream.port)
        started += [nginx] if nginx else []
        started.append(start_passthrough(folder, upstream.port))
        gateway = start_gateway(folder, upstream.port)
        started.append(gateway)
        if options.rivals:
            rivals = [start_litellm(folder, upstream.port), start_portkey(folder, upstream.port)]
            started += [rival for rival in rivals if rival is not None]
        scores = asyncio.run(run(started, _asked(options), options))
        return summary(scores), gateway.resident_mb()
    finally:
        for target in started:
            target.stop()


if __name__ == "__main__":
    main()
