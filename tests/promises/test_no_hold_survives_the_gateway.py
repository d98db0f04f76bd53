"""Money that was set aside when the gateway was killed is free again when it comes back."""

import threading
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

from journeys.live import Client
from promises.killed import killed_gateway
from weighbridge import Gateway
from weighbridge.domain.money import ZERO

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


async def test_after_a_kill_nothing_is_held_and_the_budget_serves_again(tmp_path: Path) -> None:
    (tmp_path / "weighbridge.yaml").write_text(CONFIG)
    with killed_gateway(tmp_path) as client:
        for _ in range(4):
            body = {"input": "hello", "risk": "low"}
            threading.Thread(target=_ask, args=(client, body), daemon=True).start()
        threading.Event().wait(0.5)
    async with Gateway.open(tmp_path / "weighbridge.yaml", env={}) as gateway:
        (standing,) = gateway.standings()
    assert standing.held == ZERO


def _ask(client: Client, body: object) -> None:
    with suppress(OSError, HTTPException):
        client.post("/v1/tasks/tag/runs", body)
