"""A real gateway behind real HTTP, before the failing hosts, with everything switched on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from chaos.faults import SYSTEM_TEXT
from chaos.provider import HOSTS
from weighbridge.cli.serve import http_server, listen
from weighbridge.config.load import load_policy
from weighbridge.domain.money import Money
from weighbridge.domain.policy import Policy
from weighbridge.pipeline.house import House
from weighbridge.pipeline.wire import open_house
from weighbridge.server.app import App

PRICE_IN, PRICE_OUT = Money.usd("0.000001"), Money.usd("0.000002")
MAX_ATTEMPTS = 8
DEADLINE_S = 8.0
CAP = Money.usd("0.005")
DECLARED = "other"
SCHEMA = (
    "{type: object, required: [label, urgent], additionalProperties: false, "
    "properties: {label: {enum: [billing, login, other]}, urgent: {type: boolean}}}"
)

HOST = """
  {name}: {{provider: {name}, dialect: {dialect}, base_url: "http://127.0.0.1:{port}/v1", max_concurrent: 64}}"""
MODEL = """
  {name}-model:
    host: {name}
    price: {{input_usd_per_million: 1, output_usd_per_million: 2}}
    context_window_tokens: 8000
    max_output_tokens: 50
    tier: frontier
    timeout_s: 1.0
    first_token_timeout_s: 1.0
    idle_timeout_s: 1.0
    capabilities: [json_schema, streaming, tools]"""
TASK = """
  {name}:
    risk_level: low
    primary_model: one-model
    fallback_model: [{fallbacks}]
    instructions: {system}
    limits:
      {{deadline_s: {deadline_s}, max_attempts: {attempts}, max_repairs: {repairs}, max_retries: {retries},
      max_output_tokens: 50}}
    {contract}
    {ending}"""
LABELS = "labels: [billing, login, other]"
TASKS = {
    "tag": (f"output: {{{LABELS}, forbid: [instructions]}}", "review: {when: failure}"),
    "json": (f"output: {{json_schema: {SCHEMA}, forbid: [instructions]}}", "review: {when: failure}"),
    "plain": ("", f"degrade: {{answer: {DECLARED}}}"),
    "capped": (f"output: {{{LABELS}}}", ""),
}
"""Name → its contract, and what stands at the end of its ladder."""


def policy(ports: dict[str, int], folder: Path, *, is_baseline: bool = False) -> Policy:
    """Three hosts in a row; the baseline has the first alone, without repair, retry, review or declared answer."""
    hosts = "".join(HOST.format(name=name, dialect=HOSTS[name], port=port) for name, port in ports.items())
    models = "".join(MODEL.format(name=name) for name in ports)
    tasks = "".join(_task(name, is_baseline) for name in TASKS)
    budget = f"cap: {{limit_usd: {CAP}, period: total, task: capped}}"
    parts = (f"hosts:{hosts}", f"models:{models}", f"tasks:{tasks}", "default_task: tag", f"budgets:\n  {budget}")
    path = folder / "weighbridge.yaml"
    path.write_text("\n".join(("version: 1", *parts)))
    return load_policy(path, {})


def _task(name: str, is_baseline: bool) -> str:
    contract, ending = TASKS[name]
    return TASK.format(
        name=name,
        fallbacks="" if is_baseline else "two-model, three-model",
        system=SYSTEM_TEXT,
        deadline_s=DEADLINE_S,
        attempts=1 if is_baseline else MAX_ATTEMPTS,
        repairs=0 if is_baseline else 1,
        retries=0 if is_baseline else 3,
        contract=contract,
        ending="" if is_baseline else ending,
    )


@asynccontextmanager
async def gateway_before(
    ports: dict[str, int], folder: Path, *, is_baseline: bool = False
) -> AsyncIterator[tuple[House, int]]:
    """The house, and the port that it answers at."""
    folder.mkdir(parents=True, exist_ok=True)
    rules = policy(ports, folder, is_baseline=is_baseline)
    rules = replace(rules, store=replace(rules.store, path=str(folder / "chaos.db"), review_limit=100_000))
    listener = listen("127.0.0.1", 0)
    async with open_house(rules) as house:
        server = http_server(App(house))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield house, listener.getsockname()[1]
        finally:
            server.should_exit = True
            await serving
