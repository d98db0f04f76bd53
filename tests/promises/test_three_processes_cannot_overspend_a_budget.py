"""Three gateways on one store, fifty callers at a time, one killed by `kill -9`: the budget ends exactly full."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from journeys.live import Client
from weighbridge.config.load import load_policy
from weighbridge.domain.money import ZERO, Money
from weighbridge.store.audit import StoredAudit
from weighbridge.store.ledger import StoredLedger
from weighbridge.store.records import StoredRecords

CALLS = 400
ANSWER = "yes " * 9
CONFIG = f"""
version: 1
hosts:
  practice: {{dialect: simulated, options: {{latency_s: 0.02, answer: "{ANSWER.strip()}"}}}}
models:
  one: {{host: practice, price: {{input_usd_per_million: 0, output_usd_per_million: 1}},
    context_window_tokens: 8000, max_output_tokens: 12, tier: frontier}}
tasks:
  greet: {{risk_level: low, primary_model: one, fallback_model: [], limits: {{deadline_s: 5}}}}
default_task: greet
budgets:
  all: {{limit_usd: 0.00{12 * CALLS:04}, period: total}}
"""
EACH = Money(12_000_000)
"""Twelve tokens of answer, at a dollar a million; what is held is what is spent."""


@contextmanager
def gateways(folder: Path, count: int) -> Iterator[list[tuple[subprocess.Popen[str], Client]]]:
    """Processes of `weighbridge serve` that share one store."""
    command = [sys.executable, "-m", "weighbridge", "serve", "--port", "0"]
    started = [
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for _ in range(count)
    ]
    try:
        yield [(process, Client(_port(process))) for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def _port(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline().split()[2].rsplit(":", 1)[1])


def _ask(client: Client) -> str:
    try:
        reply = client.post("/v1/tasks/greet/runs", {"input": "hello", "risk": "low"})
    except (OSError, HTTPException):
        return "gone"
    return "answered" if reply.status == 200 else str(reply.error["code"])


def test_what_three_processes_spend_together_is_what_the_budget_allows(tmp_path: Path) -> None:
    (tmp_path / "weighbridge.yaml").write_text(CONFIG)
    with gateways(tmp_path, 3) as running, ThreadPoolExecutor(50) as callers:
        clients = [client for _, client in running]
        first = [callers.submit(_ask, clients[number % 3]) for number in range(150)]
        time.sleep(0.3)  # calls must be under way when it is killed
        os.kill(running[0][0].pid, signal.SIGKILL)
        more = [callers.submit(_ask, clients[1 + number % 2]) for number in range(2 * CALLS)]
        ended = Counter(future.result() for future in [*first, *more])
    assert ended.keys() <= {"answered", "budget_exceeded", "gone"}
    assert ended["budget_exceeded"] > 0
    asyncio.run(_look(tmp_path, ended))


async def _look(folder: Path, ended: Counter[str]) -> None:
    records = await StoredRecords.open(folder / "weighbridge.db")
    ledger = StoredLedger(records, lambda: "unused")
    budgets = load_policy(folder / "weighbridge.yaml", {}).budgets
    lost = await ledger.expire(time.time() + 3_600)
    (standing,) = await ledger.standings(budgets, time.time())
    assert standing.held == ZERO
    assert standing.spent == EACH * CALLS == budgets[0].limit, "exactly full"
    answered = standing.spent.pico // EACH.pico - lost
    assert ended["answered"] <= answered, "an answer that a caller has received was paid for"
    assert answered - ended["answered"] <= ended["gone"], "what was paid for and not received was lost with its process"
    assert await ledger.check() == []
    assert (await StoredAudit(records).verify())[0] == []
    await records.close()
