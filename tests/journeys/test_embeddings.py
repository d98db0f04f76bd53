"""Vectors through the whole gateway: routed, held, paid and recorded, and never of another model."""

import json
from pathlib import Path
from typing import Any

import pytest

from providers.loopback import answer, serving
from server.asgi import Call
from weighbridge.config.load import load_policy
from weighbridge.domain.record import Record, RecordFilter
from weighbridge.pipeline.wire import open_house
from weighbridge.server.app import App

CONFIG = """
version: 1
hosts:
  far: {{provider: somebody, dialect: {dialect}, base_url: "{url}", credential: "${{env:KEY}}"}}
models:
  embedder: {{host: far, upstream_name: e-1, price: {{input_usd_per_million: 1, output_usd_per_million: 0}},
    context_window_tokens: 16, max_output_tokens: 1, tier: small, capabilities: [embeddings]}}
  elsewhere: {{host: simulated, upstream_name: e-1, price: {{input_usd_per_million: 1, output_usd_per_million: 0}},
    context_window_tokens: 16, max_output_tokens: 1, tier: small, capabilities: [embeddings]}}
  other: {{host: simulated, price: {{input_usd_per_million: 1, output_usd_per_million: 0}},
    context_window_tokens: 16, max_output_tokens: 1, tier: small, capabilities: [embeddings]}}
  talker: {{host: simulated, price: {{input_usd_per_million: 1, output_usd_per_million: 1}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}}
tasks:
  find:
    risk_level: low
    primary_model: embedder
    fallback_model: [other, elsewhere]
    instructions: This is put before no text.
    output: {{labels: [never, checked]}}
  talk: {{risk_level: low, primary_model: talker}}
default_task: find
budgets: {{all: {{limit_usd: 1, period: day}}}}
store: {{path: "{folder}/records.db"}}
"""
VECTOR = json.dumps(
    {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [2.0]}], "model": "e-1"}
).encode()


async def ask(
    folder: Path, url: str, model: str = "task/find", dialect: str = "openai_chat", **fields: object
) -> tuple[Call, Record]:
    path = folder / "weighbridge.yaml"
    path.write_text(CONFIG.format(url=url, folder=folder, dialect=dialect))
    body = {"model": model, "input": ["one text", "two"], **fields}
    async with open_house(load_policy(path, {"KEY": "k-0123456789"})) as house:
        call = await Call("/v1/embeddings", [json.dumps(body).encode()]).to(App(house))
        (record,) = await house.records.find(RecordFilter())
        return call, record


async def test_texts_become_vectors_and_a_record(tmp_path: Path) -> None:
    async with serving([answer(VECTOR)]) as host:
        call, record = await ask(tmp_path, host.url)
    assert [row["embedding"] for row in call.json["data"]] == [[1.0], [2.0]]
    assert (call.status, call.json["model"]) == (200, "embedder")
    assert host.received[0].line.startswith("POST /v1/embeddings ")
    assert json.loads(host.received[0].body)["input"] == ["one text", "two"]
    assert (record.dialect, record.served_model, record.verdict) == ("openai_embeddings", "embedder", "valid")
    assert record.cost is not None
    assert record.cost.pico > 0


async def test_another_host_of_the_same_model_steps_in_and_another_model_never(tmp_path: Path) -> None:
    async with serving([answer(b"{}", "503 Service Unavailable")]) as host:
        call, record = await ask(tmp_path, host.url)
    assert call.json["model"] == "elsewhere"
    assert len(call.json["data"]) == 2
    assert record.decision is not None
    dropped = {item.model: item.reason for item in record.decision.candidates}
    assert dropped["other"] == "other_vectors"


async def test_too_few_vectors_are_no_valid_answer(tmp_path: Path) -> None:
    short = json.dumps({"data": [{"index": 0, "embedding": [1.0]}]}).encode()
    async with serving([answer(short)]) as host:
        call, record = await ask(tmp_path, host.url, model="embedder")
    assert call.status == 502
    assert record.attempts[0].verdict.findings[0].code == "vectors_missing"


@pytest.mark.parametrize(
    ("model", "dialect", "status", "told"),
    [
        ("talker", "openai_chat", 422, "capability_missing"),
        ("embedder", "anthropic_messages", 502, "provider_rejected"),
        ("nobody", "openai_chat", 404, "unknown_model"),
    ],
)
async def test_what_cannot_be_is_told_in_openai_s_words(
    tmp_path: Path, model: str, dialect: str, status: int, told: str
) -> None:
    async with serving([answer(VECTOR)]) as host:
        call, _ = await ask(tmp_path, host.url, model=model, dialect=dialect)
    error: dict[str, Any] = call.json["error"]
    assert call.status == status
    assert told in json.dumps(error)
