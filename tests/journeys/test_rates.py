"""Rate limits over HTTP: standard headers, a refusal that the official SDKs wait for, models that are left alone."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from journeys.live import Client, serving_config

CONFIG = """
version: 1
hosts:
  slow: {{dialect: simulated, options: {{latency_s: 1}}}}
models:
  one: {{host: simulated, price: {{input_usd_per_million: 1, output_usd_per_million: 1}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}}
  two: {{host: simulated, price: {{input_usd_per_million: 1, output_usd_per_million: 1}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}}
  sleepy: {{host: slow, price: {{input_usd_per_million: 1, output_usd_per_million: 1}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}}
tasks:
  greet: {{risk_level: low, primary_model: one, fallback_model: []}}
  write: {{risk_level: low, primary_model: one, fallback_model: []}}
  spread: {{risk_level: low, primary_model: two, fallback_model: one}}
  free: {{risk_level: low, primary_model: one, fallback_model: []}}
  kept: {{risk_level: low, primary_model: one, fallback_model: [], cache: {{keep_s: 60}}}}
  slow: {{risk_level: low, primary_model: sleepy, fallback_model: []}}
default_task: greet
rate_limits:
  greetings: {{task: greet, requests_per_minute: 3, tokens_per_minute: 100000, per: user}}
  letters: {{task: write, tokens_per_minute: 150}}
  model: {{model: two, requests_per_minute: 1}}
  one_at_a_time: {{task: slow, concurrent: 1}}
store: {{path: "{folder}/records.db"}}
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder: Path = tmp_path_factory.mktemp("rates")
    (folder / "weighbridge.yaml").write_text(CONFIG.format(folder=folder))
    with serving_config(folder / "weighbridge.yaml", {}) as served:
        yield served


def test_an_answer_says_what_is_left_and_the_refusal_when_to_come_again(client: Client) -> None:
    replies = [client.chat("Hello", "task/greet", user="anna") for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    headers = [reply.headers for reply in replies]
    assert [item["x-ratelimit-remaining-requests"] for item in headers[:3]] == ["2", "1", "0"]
    assert (headers[0]["x-ratelimit-limit-requests"], headers[0]["x-ratelimit-limit-tokens"]) == ("3", "100000")
    assert headers[0]["x-ratelimit-reset-requests"].endswith("s")
    refused = replies[3]
    assert (refused.error["code"], refused.headers["x-should-retry"]) == ("rate_limited", "true")
    assert 15 <= int(refused.headers["retry-after"]) <= 20
    assert "Rate limit 'greetings' of 'anna'" in refused.error["message"]
    assert client.chat("Hello", "task/greet", user="ben").status == 200


def test_anthropic_s_callers_get_their_names_too_and_streams_all_of_them(client: Client) -> None:
    body = {"model": "task/greet", "max_tokens": 20, "messages": [{"role": "user", "content": "Hello"}]}
    for stream in (False, True):
        fields = {**body, "stream": stream, "metadata": {"user_id": "carl"}}
        headers = client.post("/v1/messages", fields).headers
        assert headers["anthropic-ratelimit-requests-limit"] == "3"
        assert headers["anthropic-ratelimit-tokens-reset"].endswith("Z")


def test_without_a_limit_there_are_no_headers(client: Client) -> None:
    assert not [name for name in client.chat("Hello", "task/free").headers if "ratelimit" in name]


def test_tokens_that_were_not_used_are_there_again(client: Client) -> None:
    assert [client.chat("Hello", "task/write").status for _ in range(3)] == [200] * 3


def test_over_a_model_s_limit_the_next_candidate_is_asked(client: Client) -> None:
    replies = [client.post("/v1/tasks/spread/runs", {"input": "x", "risk": "low"}) for _ in range(2)]
    assert [reply.headers["x-weighbridge-model"] for reply in replies] == ["two", "one"]
    number = replies[1].headers["x-weighbridge-record"]
    first = client.get(f"/v1/records/{number}").json["attempts"][0]
    assert (first["model"], first["error_code"], first["cost_usd"]) == ("two", "cooling_down", "0")


def test_so_many_at_a_time_and_the_next_when_one_is_over(client: Client) -> None:
    running = threading.Thread(target=client.chat, args=("Hello", "task/slow"))
    running.start()
    threading.Event().wait(0.4)
    assert client.chat("Hello", "task/slow").error["code"] == "rate_limited"
    running.join()
    assert client.chat("Hello", "task/slow").status == 200


def test_an_answer_that_is_given_again_says_so_in_every_dialect_and_costs_nothing(client: Client) -> None:
    body = {"model": "task/kept", "max_tokens": 20, "messages": [{"role": "user", "content": "Hello"}]}
    for path in ("/v1/chat/completions", "/v1/messages"):
        for stream in (False, True, False):
            reply = client.post(path, {**body, "stream": stream})
            assert reply.status == 200
        assert (reply.headers["x-weighbridge-cache"], reply.headers["x-weighbridge-cost-usd"]) == ("hit", "0")
        number = reply.headers["x-weighbridge-record"]
        assert client.get(f"/v1/records/{number}").json["cache_hit"]["of"].startswith("rec_")
