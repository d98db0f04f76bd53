"""A served gateway with vectors of a real model: a document that is sent is found in other words, by who may get it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from journeys.live import Client, until
from promises.killed import killed_gateway

CONFIG = """
version: 1
hosts:
  here: {{dialect: local, options: {{model: multilingual-e5-small}}}}
models:
  one: {{host: simulated, price: {{input_usd_per_million: 1, output_usd_per_million: 1}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}}
  e5: {{host: here, capabilities: [embeddings], cleared_for: internal, context_window_tokens: 512, max_output_tokens: 1,
    price: {{input_usd_per_million: 1, output_usd_per_million: 0}},
    vectors: {{query_prefix: "query: ", passage_prefix: "passage: ", unrelated: 0.76, related: 0.9}}}}
sources:
  handbook: {{sensitivity: internal, vectors: make_vectors}}
tasks:
  make_vectors: {{risk_level: low, primary_model: e5, fallback_model: []}}
  answer:
    risk_level: low
    primary_model: one
    fallback_model: []
    evidence: {{collections: [handbook]}}
    output: {{citations: {{required: true}}}}
default_task: answer
keys:
  shop: {{secret: "${{env:SHOP_KEY}}"}}
  ops: {{secret: "${{env:OPS_KEY}}", may_edit_sources: true, may_audit: true}}
store: {{path: "{folder}/records.db"}}
"""
ENV = {"SHOP_KEY": "shop-0123456789", "OPS_KEY": "ops-0123456789"}
REFUND = "# Refunds\n\nA monthly plan is refunded in full within 14 days of the charge.\n"
BOARD = "# Board\n\nThe company gives its money back to its owners.\n"
IN_OTHER_WORDS = "Do I get my cash returned?"

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("vectors")]


def bearer(name: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {ENV[name]}"}


SHOP, OPS = bearer("SHOP_KEY"), bearer("OPS_KEY")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder: Path = tmp_path_factory.mktemp("vectors")
    (folder / "weighbridge.yaml").write_text(CONFIG.format(folder=folder))
    with killed_gateway(folder, ENV) as served:
        for name, text, labels in (("refunds.md", REFUND, {}), ("board.md", BOARD, {"readers": ["ops"]})):
            body = {"collection": "handbook", "name": name, "text": text, "labels": labels}
            assert served.post("/v1/sources", body, OPS).status == 201
        until_found(served, 2)
        yield served


def until_found(served: Client, passages: int) -> None:
    def are_found() -> bool:
        found = served.get("/v1/sources/search?q=cash+returned", OPS).json["data"]
        return sum(item["similarity"] is not None for item in found) == passages

    until(are_found, within_s=60)


def test_a_question_in_other_words_is_answered_from_what_was_sent(client: Client) -> None:
    body = {"model": "task/answer", "messages": [{"role": "user", "content": IN_OTHER_WORDS}]}
    answer = client.post("/v1/chat/completions", body, SHOP)
    assert answer.status == 200, answer.body
    assert "handbook/refunds.md:refunds" in answer.json["choices"][0]["message"]["content"]


def test_who_may_not_get_a_document_does_not_find_it_by_meaning_either(client: Client) -> None:
    found = client.get("/v1/sources/search?q=cash+returned", SHOP).json["data"]
    assert [item["document"] for item in found] == ["handbook/refunds.md"]
    assert found[0]["similarity"] > 0.76


def test_what_was_paid_for_vectors_stands_in_the_records(client: Client) -> None:
    records = client.get("/v1/records?limit=100", OPS).json["records"]
    indexing = [record for record in records if record["caller"] == "_indexing"]
    assert indexing
    assert all(record["status"] == "answered" and float(record["cost_usd"]) > 0 for record in indexing)
