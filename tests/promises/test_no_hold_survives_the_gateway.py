"""Money that was set aside when the gateway was killed counts as spent once its lease is over: the calls may have been
billed, and nobody is left who knows."""

import threading
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

from journeys.live import Client
from promises.killed import killed_gateway
from weighbridge.config.load import load_policy
from weighbridge.domain.money import ZERO, Money
from weighbridge.store.ledger import StoredLedger
from weighbridge.store.records import StoredRecords

CONFIG = """
version: 1
hosts:
  slow: {provider: simulated, dialect: simulated, options: {latency_s: 30}}
models:
  one: {host: slow, price: {input_usd_per_million: 1, output_usd_per_million: 1},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}
tasks:
  tag: {risk_level: low, primary_model: one}
default_task: tag
budgets:
  all: {limit_usd: 1, period: day}
"""


async def test_after_a_kill_what_was_held_counts_as_spent_and_nothing_is_held_for_ever(tmp_path: Path) -> None:
    (tmp_path / "weighbridge.yaml").write_text(CONFIG)
    with killed_gateway(tmp_path) as client:
        for _ in range(4):
            body = {"input": "hello", "risk": "low"}
            threading.Thread(target=_ask, args=(client, body), daemon=True).start()
        threading.Event().wait(0.5)
    records = await StoredRecords.open(tmp_path / "weighbridge.db")
    ledger = StoredLedger(records, lambda: "hold_unused")
    budgets = load_policy(tmp_path / "weighbridge.yaml", env={}).budgets
    (at_first,) = await ledger.standings(budgets, time.time())
    assert at_first.held == Money.usd("0.000664")
    assert await ledger.expire(time.time() + 3_600) == 4
    (later,) = await ledger.standings(budgets, time.time())
    assert (later.held, later.spent) == (ZERO, at_first.held)
    assert await ledger.check() == []
    await records.close()


def _ask(client: Client, body: object) -> None:
    with suppress(OSError, HTTPException):
        client.post("/v1/tasks/tag/runs", body)
