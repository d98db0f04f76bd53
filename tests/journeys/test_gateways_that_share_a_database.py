"""Two gateways on one PostgreSQL database: what one makes the other knows, and both come back when it was away."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex

import pytest
from psycopg import conninfo

from databases import a_schema, redis_url
from journeys.live import Client, serving_config, until
from relay import Relay, a_relay
from weighbridge.domain.secret import Secret

CONFIG = """
version: 1
models:
  one: {host: simulated, price: {input_usd_per_million: 1, output_usd_per_million: 1},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}
tasks:
  greet: {risk_level: low, primary_model: one, fallback_model: []}
default_task: greet
keys:
  root: {secret: "${env:ROOT_KEY}", may_admin: true, may_audit: true}
  shop: {secret: "${env:SHOP_KEY}"}
store: {url: "${env:STORE}", key_secret: "${env:KEY_SECRET}"}
counters: {url: "${env:COUNTERS}"}
budgets:
  all: {limit_usd: 1, period: day}
rate_limits:
  LIMIT: {requests_per_minute: 7, key: shop}
"""
ROOT = {"authorization": "Bearer root-0123456789"}
RUN = "/v1/tasks/greet/runs"
BODY = {"input": "hello", "risk": "low"}


@pytest.fixture
def network() -> Iterator[tuple[Relay, Secret]]:
    with a_schema() as schema:
        parts = conninfo.conninfo_to_dict(schema.value)
        host, port = str(parts.get("host", "")), int(parts.get("port") or 5432)
        with a_relay(f"{host}/.s.PGSQL.{port}" if host.startswith("/") else port) as relay:
            through = conninfo.make_conninfo(schema.value, host="127.0.0.1", port=relay.port)
            yield relay, Secret("", through)


@pytest.fixture
def gateways(network: tuple[Relay, Secret], tmp_path: Path) -> Iterator[tuple[Client, Client]]:
    (tmp_path / "weighbridge.yaml").write_text(CONFIG.replace("LIMIT", f"limit{token_hex(6)}"))  # tests share a server
    env = {
        "ROOT_KEY": "root-0123456789",
        "SHOP_KEY": "shop-0123456789",
        "KEY_SECRET": "hash-0123456789",
        "STORE": network[1].value,
        "COUNTERS": redis_url(),
    }
    with ExitStack() as running:
        one, other = (running.enter_context(serving_config(tmp_path / "weighbridge.yaml", env)) for _ in range(2))
        yield one, other
        network[0].mend()


def test_what_one_gateway_makes_the_other_knows(gateways: tuple[Client, Client]) -> None:
    one, other = gateways
    made = one.post("/v1/admin/keys", {"name": "app"}, ROOT)
    assert made.status == 201, made.body
    key = {"x-api-key": made.json["key"]}
    until(lambda: other.post(RUN, BODY, key).status == 200)
    answered = other.post(RUN, BODY, key)
    record = one.get(f"/v1/records/{answered.headers['x-weighbridge-record']}", ROOT)
    assert record.status == 200
    assert record.json["caller"] == "app"


def test_a_rate_limit_holds_over_both(gateways: tuple[Client, Client]) -> None:
    shop = {"authorization": "Bearer shop-0123456789"}
    replies = [gateways[number % 2].post(RUN, BODY, shop) for number in range(9)]
    assert [reply.status for reply in replies] == [200] * 7 + [429] * 2
    assert [reply.headers["x-ratelimit-remaining-requests"] for reply in replies[:7]] == list("6543210")
    assert float(replies[-1].headers["retry-after"]) <= 9


def test_a_database_that_was_away_costs_refusals_and_nothing_else(
    gateways: tuple[Client, Client], network: tuple[Relay, Secret]
) -> None:
    one, other = gateways
    assert {client.post(RUN, BODY, ROOT).status for client in gateways} == {200}
    network[0].cut()
    until(lambda: all(client.get("/readyz").status == 503 for client in gateways))
    refused = [client.post(RUN, BODY, ROOT) for client in gateways]
    assert {reply.status for reply in refused} == {503}
    assert network[1].value not in str([reply.body for reply in refused])
    network[0].mend()
    until(lambda: all(client.get("/readyz").status == 200 for client in gateways))
    assert {client.post(RUN, BODY, ROOT).status for client in gateways} == {200}
    assert len(one.get("/v1/records?status=answered", ROOT).json["records"]) == 4
    assert other.get("/healthz").status == 200
