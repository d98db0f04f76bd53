"""Auth is on as soon as keys are declared, whichever header the caller's SDK sends."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from journeys.live import Client, serving_config

CONFIG = """
version: 1
models:
  one: {{host: simulated, price: {{input_usd_per_million: 1, output_usd_per_million: 1}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}}
tasks:
  greet: {{risk_level: low, primary_model: one, fallback_model: []}}
  secret: {{risk_level: low, primary_model: one, fallback_model: []}}
default_task: greet
keys:
  shop: {{secret: "${{env:SHOP_KEY}}", tasks: [greet], may_pin: false}}
  ops: {{secret: "${{env:OPS_KEY}}", may_audit: true}}
store: {{path: "{folder}/records.db"}}
"""
ENV = {"SHOP_KEY": "shop-0123456789", "OPS_KEY": "ops-0123456789"}
BODY = {"input": "hello", "risk": "low"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder: Path = tmp_path_factory.mktemp("keys")
    (folder / "weighbridge.yaml").write_text(CONFIG.format(folder=folder))
    with serving_config(folder / "weighbridge.yaml", ENV) as served:
        yield served


def bearer(name: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {ENV[name]}"}


@pytest.mark.parametrize("headers", [bearer("SHOP_KEY"), {"x-api-key": ENV["SHOP_KEY"]}])
def test_either_header_carries_the_key(client: Client, headers: Mapping[str, str]) -> None:
    assert client.post("/v1/tasks/greet/runs", BODY, headers).status == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, "missing_key"), ({"x-api-key": "shop"}, "invalid_key"), ({"x-api-key": ""}, "invalid_key")],
)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/records", "/v1/records/rec_x", "/v1/records/rec_x/explanation"])
def test_without_a_known_key_nothing_is_told(client: Client, headers: Mapping[str, str], code: str, path: str) -> None:
    reply = client.get(path, headers)
    assert (reply.status, reply.error["code"]) == (401, code)


def test_an_unknown_key_is_refused_before_the_body_is_read(client: Client) -> None:
    reply = client.send("POST", "/v1/chat/completions", b"not json", {"x-api-key": "wrong-key"})
    assert (reply.status, reply.error["code"]) == (401, "invalid_key")
    assert reply.headers["www-authenticate"] == "Bearer"
    assert b"wrong-key" not in reply.body


def test_a_key_may_be_bound_to_tasks(client: Client) -> None:
    reply = client.post("/v1/tasks/secret/runs", BODY, bearer("SHOP_KEY"))
    assert (reply.status, reply.error["code"]) == (403, "task_not_allowed")
    assert client.post("/v1/tasks/secret/runs", BODY, bearer("OPS_KEY")).status == 200


def test_a_key_may_be_kept_from_pinning(client: Client) -> None:
    body = {"model": "one", "messages": [{"role": "user", "content": "hello"}]}
    reply = client.post("/v1/chat/completions", body, bearer("SHOP_KEY"))
    assert (reply.status, reply.error["code"]) == (403, "pinning_not_allowed")
    names = [item["id"] for item in client.get("/v1/models", bearer("SHOP_KEY")).json["data"]]
    assert names == ["auto", "task/greet"]


def test_a_key_sees_its_own_records_and_an_auditor_everybody_s(client: Client) -> None:
    numbers = {
        name: client.post("/v1/tasks/greet/runs", BODY, bearer(name)).headers["x-weighbridge-record"] for name in ENV
    }
    assert client.get(f"/v1/records/{numbers['OPS_KEY']}", bearer("SHOP_KEY")).error["code"] == "unknown_record"
    assert client.get(f"/v1/records/{numbers['SHOP_KEY']}/explanation", bearer("OPS_KEY")).status == 200
    shown = client.get("/v1/records", bearer("SHOP_KEY")).json["records"]
    assert {item["caller"] for item in shown} == {"shop"}


def test_health_needs_no_key(client: Client) -> None:
    assert client.get("/healthz").status == 200


def test_the_record_names_the_key_and_never_holds_it(client: Client) -> None:
    number = client.post("/v1/tasks/greet/runs", BODY, bearer("OPS_KEY")).headers["x-weighbridge-record"]
    reply = client.get(f"/v1/records/{number}", bearer("OPS_KEY"))
    assert reply.json["caller"] == "ops"
    assert ENV["OPS_KEY"].encode() not in reply.body
