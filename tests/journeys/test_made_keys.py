"""Keys that the gateway makes: shown once, kept as a hash, scoped, expiring, rotated, revoked within a second."""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from journeys.live import Client, serving_config
from weighbridge.cli.main import invoke
from weighbridge.pipeline.admission import TRUSTED_S

CONFIG = """
version: 1
models:
  one: {{host: simulated, price: {{input_usd_per_million: 1, output_usd_per_million: 1}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}}
  two: {{host: simulated, price: {{input_usd_per_million: 1, output_usd_per_million: 1}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}}
tasks:
  greet: {{risk_level: low, primary_model: one, fallback_model: two}}
  secret: {{risk_level: low, primary_model: one, fallback_model: []}}
default_task: greet
keys:
  root: {{secret: "${{env:ROOT_KEY}}", may_admin: true}}
  shop: {{secret: "${{env:SHOP_KEY}}"}}
store: {{path: "{folder}/records.db"}}
"""
ENV = {"ROOT_KEY": "root-0123456789", "SHOP_KEY": "shop-0123456789"}
ROOT = {"authorization": f"Bearer {ENV['ROOT_KEY']}"}
SHOP = {"authorization": f"Bearer {ENV['SHOP_KEY']}"}
BODY = {"input": "hello", "risk": "low"}
RUN = "/v1/tasks/greet/runs"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("keys")
    (folder / "weighbridge.yaml").write_text(CONFIG.format(folder=folder))
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[Client]:
    with serving_config(folder / "weighbridge.yaml", ENV) as served:
        yield served


def make(client: Client, name: str, **fields: object) -> Mapping[str, str]:
    made = client.post("/v1/admin/keys", {"name": name, **fields}, ROOT)
    assert made.status == 201, made.body
    assert made.headers["cache-control"] == "no-store"
    return {"x-api-key": made.json["key"]}


def test_a_made_key_opens_what_it_is_for_and_only_its_hash_is_kept(client: Client, folder: Path) -> None:
    key = make(client, "app", tasks=["greet"])
    assert client.post(RUN, BODY, key).status == 200
    assert client.post("/v1/tasks/secret/runs", BODY, key).error["code"] == "task_not_allowed"
    secret = key["x-api-key"].encode()
    assert secret.startswith(b"wb-")
    for file in folder.iterdir():
        assert secret not in file.read_bytes(), file
    listed = {item["name"]: item for item in client.get("/v1/admin/keys", ROOT).json["data"]}
    assert (listed["app"]["state"], listed["app"]["hint"]) == ("active", key["x-api-key"][-4:])
    assert "key" not in listed["app"]
    assert (folder / "records.db.key-secret").stat().st_mode & 0o777 == 0o600


def test_a_key_names_the_models_that_may_serve_it(client: Client) -> None:
    key = make(client, "only-two", models=["two"])
    reply = client.post(RUN, BODY, key)
    assert reply.headers["x-weighbridge-model"] == "two"
    number = reply.headers["x-weighbridge-record"]
    told = {
        item["model"]: item["reason"]
        for item in client.get(f"/v1/records/{number}/explanation", key).json["candidates"]
    }
    assert told == {"one": "key_not_allowed", "two": None}
    pinned = client.post("/v1/chat/completions", {"model": "one", "messages": [{"role": "user", "content": "x"}]}, key)
    assert pinned.error["code"] == "no_candidate"


def test_a_revoked_key_is_out_within_a_second_in_another_process_at_once_in_this(
    client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = make(client, "here"), make(client, "there")
    assert client.post(RUN, BODY, here).status == client.post(RUN, BODY, there).status == 200
    assert client.send("POST", "/v1/admin/keys/here/revoke", headers=ROOT).json == {"name": "here", "revoked": 1}
    assert client.post(RUN, BODY, here).error["code"] == "invalid_key"
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    assert invoke(["keys", "revoke", "there", "--as", "ann", "--config", str(folder / "weighbridge.yaml")]) == 0
    time.sleep(TRUSTED_S + 0.1)  # so long another process believes what it knew
    assert client.post(RUN, BODY, there).error["code"] == "invalid_key"
    assert "turn it away within a second" in capsys.readouterr().out


def test_an_expired_key_opens_nothing(client: Client) -> None:
    key = make(client, "short", expires_in_s=1)
    assert client.post(RUN, BODY, key).status == 200
    time.sleep(1.1)  # the key ends after one second of real time
    assert client.post(RUN, BODY, key).error["code"] == "invalid_key"


def test_while_a_key_is_rotated_both_open_and_then_the_new_one_alone(client: Client) -> None:
    old = make(client, "turning", team="blue")
    made = client.post("/v1/admin/keys/turning/rotate", {"overlap_s": 1}, ROOT)
    new = {"x-api-key": made.json["key"]}
    assert made.json["team"] == "blue"
    assert client.post(RUN, BODY, old).status == client.post(RUN, BODY, new).status == 200
    time.sleep(1.1)  # the key ends after one second of real time
    assert client.post(RUN, BODY, old).error["code"] == "invalid_key"
    assert client.post(RUN, BODY, new).status == 200


def test_a_rotation_without_overlap_ends_the_old_key_at_once(client: Client) -> None:
    old = make(client, "leaked")
    assert client.send("POST", "/v1/admin/keys/leaked/rotate", headers=ROOT).status == 201
    assert client.post(RUN, BODY, old).error["code"] == "invalid_key"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_field"),
        ({"name": "a b"}, 400, "invalid_field"),
        ({"name": "é"}, 400, "invalid_field"),
        ({"name": "_shadow"}, 400, "invalid_field"),
        ({"name": "x" * 65}, 400, "invalid_field"),
        ({"name": "x", "tasks": ["grete"]}, 400, "invalid_field"),
        ({"name": "x", "models": [1]}, 400, "invalid_field"),
        ({"name": "x", "sensitivity": "secret"}, 400, "invalid_field"),
        ({"name": "x", "expires_in_s": 0}, 400, "invalid_field"),
        ({"name": "x", "may_fly": True}, 400, "invalid_field"),
        ({"name": "shop"}, 409, "key_exists"),
    ],
)
def test_a_key_that_cannot_be_made_is_refused(client: Client, body: dict[str, Any], status: int, code: str) -> None:
    reply = client.post("/v1/admin/keys", body, ROOT)
    assert (reply.status, reply.error["code"]) == (status, code)


def test_a_name_is_used_once_and_free_again_after_revocation(client: Client) -> None:
    make(client, "twice")
    assert client.post("/v1/admin/keys", {"name": "twice"}, ROOT).error["code"] == "key_exists"
    client.send("POST", "/v1/admin/keys/twice/revoke", headers=ROOT)
    make(client, "twice")


@pytest.mark.parametrize("path", ["/v1/admin/keys", "/v1/admin/audit"])
def test_only_an_admin_sees_keys_and_the_log(client: Client, path: str) -> None:
    assert client.get(path, SHOP).error["code"] == "admin_not_allowed"
    assert client.get(path).error["code"] == "missing_key"


@pytest.mark.parametrize("verb", ["revoke", "rotate"])
def test_a_key_that_is_not_there_is_a_404(client: Client, verb: str) -> None:
    for name in ("nobody", "shop"):
        assert client.send("POST", f"/v1/admin/keys/{name}/{verb}", headers=ROOT).error["code"] == "unknown_key"


def test_every_change_and_every_request_stands_in_the_log(client: Client) -> None:
    key = make(client, "watched")
    number = client.post(RUN, BODY, key).headers["x-weighbridge-record"]
    client.send("POST", "/v1/admin/keys/watched/revoke", headers=ROOT)
    page = client.get("/v1/admin/audit?limit=3", ROOT).json
    assert [(item["actor"], item["action"], item["subject"]) for item in page["data"]] == [
        ("root", "key.revoked", "watched"),
        ("watched", "request", number),
        ("root", "key.created", "watched"),
    ]
    older = client.get(f"/v1/admin/audit?limit=1&before={page['next']}", ROOT).json["data"]
    assert older[0]["number"] == page["next"] - 1
    assert client.get("/v1/admin/audit?limit=0", ROOT).error["code"] == "invalid_field"


def test_without_the_secret_of_the_hash_nobody_comes_in_by_a_made_key(tmp_path: Path) -> None:
    (tmp_path / "weighbridge.yaml").write_text(CONFIG.format(folder=tmp_path))
    with serving_config(tmp_path / "weighbridge.yaml", ENV) as client:
        key = make(client, "app")
    (tmp_path / "records.db.key-secret").unlink()
    with serving_config(tmp_path / "weighbridge.yaml", ENV) as client:
        reply = client.post(RUN, BODY, key)
        assert (reply.status, reply.error["code"]) == (503, "store_unavailable")
        assert client.post(RUN, BODY, SHOP).status == 200


def test_a_gateway_without_keys_asks_for_one_as_soon_as_one_was_made_even_after_the_last_is_revoked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = CONFIG.format(folder=tmp_path)
    (tmp_path / "weighbridge.yaml").write_text(text[: text.index("keys:")] + text[text.index("store:") :])
    config = ["--config", str(tmp_path / "weighbridge.yaml")]
    with serving_config(tmp_path / "weighbridge.yaml", {}) as client:
        assert client.post(RUN, BODY).status == 200
        assert invoke(["keys", "create", "app", "--as", "ann", *config]) == 0
        key = {"x-api-key": capsys.readouterr().out.split()[0]}
        time.sleep(TRUSTED_S + 0.1)  # so long another process believes what it knew
        assert client.post(RUN, BODY).error["code"] == "missing_key"
        assert client.post(RUN, BODY, key).status == 200
        assert invoke(["keys", "revoke", "app", "--as", "ann", *config]) == 0
        time.sleep(TRUSTED_S + 0.1)  # so long another process believes what it knew
        assert client.post(RUN, BODY).error["code"] == "missing_key"
    with closing(sqlite3.connect(tmp_path / "records.db")) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("DELETE FROM keys")
