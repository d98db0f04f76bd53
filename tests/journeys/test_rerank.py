"""A reranker over real HTTP: what goes over the wire, what the record says, and what happens when the host cannot."""

import json
from pathlib import Path

import pytest

from providers.loopback import answer, serving
from weighbridge.domain.record import Record
from weighbridge.pipeline.gateway import Gateway

CONFIG = """
version: 1
hosts:
  far: {{provider: somebody, dialect: {dialect}, base_url: "{url}", credential: "${{env:KEY}}"}}
models:
  ranker: {{host: far, upstream_name: r-1, price: {{input_usd_per_million: 1, output_usd_per_million: 0}},
    context_window_tokens: 8000, max_output_tokens: 1, tier: small, capabilities: [rerank],
    scores: {{unrelated: 0.1, related: 0.9}}}}
  one: {{host: simulated, price: {{input_usd_per_million: 1, output_usd_per_million: 1}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}}
sources: {{handbook: {{}}}}
tasks:
  answer:
    risk_level: low
    primary_model: one
    fallback_model: []
    evidence: {{collections: [handbook], reranker: rank, max_ranked: 10}}
    output: {{citations: {{required: true}}}}
  rank: {{risk_level: low, primary_model: ranker, fallback_model: []}}
default_task: answer
store: {{path: "{folder}/records.db"}}
"""
QUESTION = "Within how many days is a plan refunded?"
LOUD, RIGHT = "A plan has many days.", "A plan is refunded within 14 days."


def scored(**scores: float) -> bytes:
    results = [{"index": int(name[1:]), "relevance_score": score} for name, score in scores.items()]
    return answer(json.dumps({"model": "r-1", "results": results, "usage": {"total_tokens": 30}}).encode())


async def ask(folder: Path, url: str, dialect: str = "openai_chat") -> Record:
    path = folder / "weighbridge.yaml"
    path.write_text(CONFIG.format(url=url, folder=folder, dialect=dialect))
    async with Gateway.open(path, env={"KEY": "k-0123456789"}) as gateway:
        await gateway.put_source("loud.md", LOUD, "handbook")
        await gateway.put_source("right.md", RIGHT, "handbook")
        return (await gateway.run(task="answer", input=QUESTION)).record


async def test_the_wire_carries_the_question_and_the_passages_and_the_scores_decide(tmp_path: Path) -> None:
    async with serving([scored(_0=0.95, _1=0.02)]) as host:
        record = await ask(tmp_path, host.url)
    (received,) = host.received
    assert received.line.startswith("POST /v1/rerank ")
    assert received.headers["authorization"] == "Bearer k-0123456789"
    body = json.loads(received.body)
    assert (body["model"], body["query"]) == ("r-1", QUESTION)
    assert [document.endswith(text) for document, text in zip(body["documents"], (RIGHT, LOUD), strict=True)] == [
        True
    ] * 2
    assert record.evidence is not None
    assert [(item.id, item.score) for item in record.evidence.shown] == [("handbook/right.md:1", 0.95)]
    assert [(item.id, item.score) for item in record.evidence.left_out] == [("handbook/loud.md:1", 0.02)]
    (made,) = record.preparations
    assert made.usage is not None
    assert made.usage.prompt_tokens == 30
    assert made.cost is not None
    assert str(made.cost) == "0.00003"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (answer(b"{}", "503 Service Unavailable"), "provider_overloaded"),
        (answer(b'{"results": []}'), "provider_malformed"),
        (answer(b"<html>"), "provider_malformed"),
    ],
)
async def test_a_host_that_gives_no_scores_leaves_the_order_of_the_search(
    tmp_path: Path, reply: bytes, code: str
) -> None:
    async with serving([reply]) as host:
        record = await ask(tmp_path, host.url)
    assert [made.error_code for made in record.preparations] == [code]
    assert record.evidence is not None
    assert all(item.score is None for item in record.evidence.shown)


async def test_a_host_whose_dialect_has_no_rerank_call_is_not_sent_one(tmp_path: Path) -> None:
    async with serving([]) as host:
        record = await ask(tmp_path, host.url, dialect="anthropic_messages")
    assert host.received == []
    assert [made.error_code for made in record.preparations] == ["provider_rejected"]


async def test_a_search_that_is_no_part_of_a_request_does_not_take_too_few_scores(tmp_path: Path) -> None:
    async with serving([scored(_0=0.9)]) as host:
        path = tmp_path / "weighbridge.yaml"
        path.write_text(CONFIG.format(url=host.url, folder=tmp_path, dialect="openai_chat"))
        async with Gateway.open(path, env={"KEY": "k-0123456789"}) as gateway:
            await gateway.put_source("loud.md", LOUD, "handbook")
            await gateway.put_source("right.md", RIGHT, "handbook")
            rule = gateway.policy.tasks["answer"].evidence
            found = await gateway.search_sources(QUESTION, rule=rule)
            (record,) = await gateway.records()
    assert [source.score for source in found] == [None, None]
    assert [finding.code for finding in record.attempts[0].verdict.findings] == ["scores_missing"]
