"""A changed config is taken over whole or refused whole, while the server runs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from journeys.live import Client, serving_config, until
from weighbridge.config.gate import bindings_of
from weighbridge.config.load import load_policy
from weighbridge.config.proofs import write_proof
from weighbridge.domain.proof import Figure, Proof

CONFIG = """
version: 1
models:
  one: {host: simulated, price: {input_usd_per_million: 1, output_usd_per_million: 1},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}
tasks:
  greet: {risk_level: low, primary_model: one, fallback_model: []}
default_task: greet
store: {path: "FOLDER/records.db"}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "weighbridge.yaml"
    path.write_text(CONFIG.replace("FOLDER", str(tmp_path)))
    return path


@pytest.fixture
def client(config: Path) -> Iterator[Client]:
    with serving_config(config) as served:
        yield served


def tasks(client: Client) -> list[str]:
    names = [item["id"] for item in client.get("/v1/models").json["data"]]
    return [name for name in names if name.startswith("task/")]


def test_a_good_change_is_in_force_without_a_restart(client: Client, config: Path) -> None:
    digest = client.get("/readyz").json["policy_digest"]
    config.write_text(config.read_text().replace("greet", "welcome"))
    until(lambda: tasks(client) == ["task/welcome"])
    assert client.get("/readyz").json["policy_digest"] != digest
    number = client.chat("hello", model="task/welcome").headers["x-weighbridge-record"]
    assert client.get(f"/v1/records/{number}").json["policy_digest"] == client.get("/readyz").json["policy_digest"]


def test_a_bad_change_is_refused_and_readyz_says_so(client: Client, config: Path) -> None:
    good = config.read_text()
    config.write_text(good.replace("primary_model: one", "primary_model: two"))
    until(lambda: client.get("/readyz").json["config"] == "refused")
    ready = client.get("/readyz")
    assert ready.status == 200
    assert "primary_model" in str(ready.json["config_problems"])
    assert client.chat("hello", model="task/greet").status == 200
    config.write_text(good + "\n")
    until(lambda: client.get("/readyz").json["config"] == "in_force")


def test_the_store_cannot_change_under_a_running_gateway(client: Client, config: Path) -> None:
    config.write_text(config.read_text().replace("records.db", "other.db"))
    until(lambda: client.get("/readyz").json["config"] == "refused")
    assert "restart" in str(client.get("/readyz").json["config_problems"])


def test_a_new_proof_opens_the_route_without_a_restart(config: Path) -> None:
    gated = "quality_gate: {dataset: greet.jsonl, minimum_exact_match: 0.5, on_missing: refuse}"
    config.write_text(config.read_text().replace("fallback_model: []", f"fallback_model: [], {gated}"))
    rows = [f'{{"id": "{at}", "input": "hello {at}", "target": "x"}}' for at in range(20)]
    (config.parent / "greet.jsonl").write_text("\n".join(rows))
    ask = {"input": "hello"}
    with serving_config(config) as client:
        refused = client.post("/v1/tasks/greet/runs", ask)
        assert (refused.status, refused.json["error"]["candidates"][0]["reason"]) == (422, "not_proved")
        policy = load_policy(config, {})
        figure = Figure("exact_match", None, 1.0, 0.86, 20, "clopper_pearson")
        bindings = bindings_of(policy, "greet", "one")
        write_proof(Proof("greet", "one", datetime.now(UTC).isoformat(), bindings, (figure,)), config.parent)
        until(lambda: client.post("/v1/tasks/greet/runs", ask).status == 200)
        (config.parent / "greet.jsonl").write_text(rows[0])
        until(lambda: client.post("/v1/tasks/greet/runs", ask).status == 422)
