"""Three gateways on one store behind one balancer, fifty callers at a time, one gateway killed by `kill -9`: the budget
ends exactly full."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from http.client import HTTPException
from itertools import islice
from pathlib import Path

import pytest

from databases import KINDS, a_place
from journeys.live import Client
from relay import a_relay
from weighbridge.domain.budget import Budget
from weighbridge.domain.money import ZERO, Money
from weighbridge.domain.secret import Secret
from weighbridge.store.audit import StoredAudit
from weighbridge.store.ledger import StoredLedger
from weighbridge.store.records import StoredRecords

CALLS = 1_000
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
  all: {{limit_usd: 0.{12 * CALLS:06}, period: total}}
"""
EACH = Money(12_000_000)
"""Twelve tokens of answer, at a dollar a million; what is held is what is spent."""


SHARED = """
store: {url: "${env:SHARED_STORE}"}
"""


@contextmanager
def gateways(folder: Path, place: Path | Secret, count: int) -> Iterator[list[tuple[subprocess.Popen[str], int]]]:
    """Processes of `weighbridge serve` that share one store, each with its port."""
    env = os.environ | ({} if isinstance(place, Path) else {"SHARED_STORE": place.value})
    command = [sys.executable, "-m", "weighbridge", "serve", "--port", "0"]
    started = [
        subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for _ in range(count)
    ]
    try:
        yield [(process, _port(process)) for process in started]
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


@pytest.mark.parametrize("kind", KINDS)
async def test_what_three_processes_spend_together_is_what_the_budget_allows(kind: str, tmp_path: Path) -> None:
    with a_place(kind) as place:
        (tmp_path / "weighbridge.yaml").write_text(CONFIG + (SHARED if isinstance(place, Secret) else ""))
        ended = await asyncio.to_thread(_run, tmp_path, place)
        assert ended.keys() <= {"answered", "budget_exceeded", "gone"}
        assert ended["budget_exceeded"] > 0
        await _look(place if isinstance(place, Secret) else tmp_path / "weighbridge.db", ended)


def _run(folder: Path, place: Path | Secret) -> Counter[str]:
    with gateways(folder, place, 3) as running, a_relay(*(port for _, port in running)) as balancer:
        client = Client(balancer.port)
        with ThreadPoolExecutor(50) as callers:
            asked = [callers.submit(_ask, client) for _ in range(CALLS + CALLS // 2)]
            for _ in islice(as_completed(asked), CALLS // 4):
                pass  # the others are under way
            os.kill(running[0][0].pid, signal.SIGKILL)
            return Counter(call.result() for call in asked)


async def _look(place: Path | Secret, ended: Counter[str]) -> None:
    records = await StoredRecords.open(place)
    ledger = StoredLedger(records, lambda: "unused")
    budget = Budget("all", EACH * CALLS, "total")
    lost = await ledger.expire(time.time() + 3_600)
    (standing,) = await ledger.standings([budget], time.time())
    assert standing.held == ZERO
    assert standing.spent == EACH * CALLS == budget.limit, "exactly full"
    answered = standing.spent.pico // EACH.pico - lost
    assert ended["answered"] <= answered, "an answer that a caller has received was paid for"
    assert answered - ended["answered"] <= ended["gone"], "what was paid for and not received was lost with its process"
    assert await ledger.check() == []
    assert (await StoredAudit(records).verify())[0] == []
    await records.close()
