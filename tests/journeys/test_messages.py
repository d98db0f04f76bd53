"""An Anthropic client's call over real HTTP, on the demo portfolio."""

import json
from typing import Any

import pytest

from journeys.live import Client, Reply

MESSAGES = "/v1/messages"


def ask(client: Client, text: str, model: str = "task/classify", **fields: object) -> Reply:
    body = {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": text}], **fields}
    return client.post(MESSAGES, body, {"anthropic-version": "2023-06-01"})


def events(body: bytes) -> list[tuple[str, dict[str, Any]]]:
    blocks = [block.split("\n") for block in body.decode().split("\n\n") if block.startswith("event: ")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def test_a_message_has_anthropic_s_shape_and_our_headers(client: Client) -> None:
    reply = ask(client, "Attached invoice for March.")
    assert reply.status == 200
    assert (reply.json["type"], reply.json["role"], reply.json["model"]) == ("message", "assistant", "fast-small")
    assert reply.json["content"] == [{"type": "text", "text": "invoice"}]
    assert reply.json["stop_reason"] == "end_turn"
    assert reply.headers["request-id"] == reply.headers["x-weighbridge-record"]


def test_a_wrong_answer_falls_back_here_too(client: Client) -> None:
    reply = ask(client, "An ambiguous mail.")
    assert reply.headers["x-weighbridge-fallback"] == "true"
    record = client.get(f"/v1/records/{reply.headers['x-weighbridge-record']}").json
    assert record["dialect"] == "anthropic_messages"


@pytest.mark.parametrize("model", ["task/reason", "task/classify"])
def test_a_stream_has_its_events_in_order(client: Client, model: str) -> None:
    found = events(ask(client, "Plan it, with an invoice.", model, stream=True).body)
    names = [name for name, _ in found]
    assert names[:2] == ["message_start", "content_block_start"]
    assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    usage = dict(found)["message_delta"]["usage"]
    assert usage["output_tokens"] >= 1


@pytest.mark.parametrize(
    ("fields", "status", "kind", "code"),
    [
        ({"max_tokens": None}, 400, "invalid_request_error", "invalid_field"),
        ({"model": "task/nope"}, 404, "not_found_error", "unknown_task"),
        ({"messages": []}, 400, "invalid_request_error", "empty_input"),
    ],
)
def test_errors_are_anthropic_s(client: Client, fields: dict[str, object], status: int, kind: str, code: str) -> None:
    body = {"model": "auto", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}], **fields}
    reply = client.post(MESSAGES, body)
    assert (reply.status, reply.json["type"]) == (status, "error")
    assert (reply.error["type"], reply.error["code"]) == (kind, code)


def test_a_body_that_cannot_be_read_is_said_in_its_dialect(client: Client) -> None:
    reply = client.send("POST", MESSAGES, b"{")
    assert (reply.status, reply.json["type"], reply.error["code"]) == (400, "error", "invalid_json")


def test_tokens_are_counted_without_a_call(client: Client) -> None:
    body = {"model": "task/classify", "messages": [{"role": "user", "content": "one two three"}]}
    assert client.post(f"{MESSAGES}/count_tokens", body).json == {"input_tokens": 4}
    unknown = client.post(f"{MESSAGES}/count_tokens", {**body, "model": "gpt-99"})
    assert (unknown.status, unknown.error["code"]) == (404, "unknown_model")
