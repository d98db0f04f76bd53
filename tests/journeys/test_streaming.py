"""Server-sent events over real HTTP."""

import http.client
import json
import time
from typing import Any

import pytest

from journeys.live import Client


def events(body: bytes) -> list[str]:
    return [block[6:] for block in body.decode().split("\n\n") if block.startswith("data: ")]


def chunks(body: bytes) -> list[dict[str, Any]]:
    *data, done = events(body)
    assert done == "[DONE]"
    return [json.loads(item) for item in data]


def text(body: bytes) -> str:
    parts = [choice["delta"].get("content") or "" for chunk in chunks(body) for choice in chunk["choices"]]
    return "".join(parts)


def test_a_live_stream_carries_the_answer_and_a_finish(client: Client) -> None:
    reply = client.chat("Plan the migration.", model="task/reason", stream=True)
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert text(reply.body) == "legal"
    finishes = [choice["finish_reason"] for chunk in chunks(reply.body) for choice in chunk["choices"]]
    assert finishes[-1] == "stop"
    assert set(finishes[:-1]) <= {None}


def test_usage_is_shown_only_to_those_who_asked(client: Client) -> None:
    quiet = client.chat("Plan it.", model="task/reason", stream=True)
    assert all(chunk.get("usage") is None for chunk in chunks(quiet.body))
    asked = client.chat("Plan it.", model="task/reason", stream=True, stream_options={"include_usage": True})
    last = chunks(asked.body)[-1]
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] > 0


def test_a_contract_is_checked_before_the_first_piece(client: Client) -> None:
    reply = client.chat("An ambiguous mail about billing.", stream=True)
    assert text(reply.body) == "legal"
    assert reply.headers["x-weighbridge-fallback"] == "true"
    assert reply.headers["x-weighbridge-verdict"] == "valid"


def test_the_end_of_the_stream_says_verdict_and_cost(client: Client) -> None:
    reply = client.chat("Plan it.", model="task/reason", stream=True)
    number = reply.headers["x-weighbridge-record"]
    assert f": record={number} verdict=valid cost_usd=0.0000" in reply.body.decode()
    assert client.get(f"/v1/records/{number}").json["is_stream"] is True


@pytest.mark.parametrize("model", ["task/classify", "task/reason"])
def test_every_choice_is_streamed_with_its_logprobs_and_its_end(client: Client, model: str) -> None:
    reply = client.chat("An invoice.", model=model, stream=True, n=2, logprobs=True)
    choices = [choice for chunk in chunks(reply.body) for choice in chunk["choices"]]
    for number in (0, 1):
        first, *_, last = [choice for choice in choices if choice["index"] == number]
        assert (first["delta"]["role"], last["finish_reason"]) == ("assistant", "stop")
        assert first["logprobs"]["content"]


def test_an_error_before_the_first_piece_is_a_plain_http_error(client: Client) -> None:
    reply = client.chat("Plan it.", model="task/reason", stream=True, metadata={"simulate": "error:503"})
    assert (reply.status, reply.error["code"]) == (502, "attempts_failed")


def test_a_stream_that_breaks_ends_in_an_error_event(client: Client) -> None:
    directive = {"simulate": "disconnect_after=3;answer=one two three four five six"}
    reply = client.chat("Plan it.", model="task/reason", stream=True, metadata=directive)
    *_, last = events(reply.body)
    assert json.loads(last)["error"]["code"] == "attempts_failed"
    assert "[DONE]" not in events(reply.body)


@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_that_hangs_up_is_recorded_as_cancelled(client: Client, stream: bool) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=10)
    body = {
        "model": "task/reason",
        "stream": stream,
        "messages": [{"role": "user", "content": f"Plan it. {stream}"}],
        "metadata": {"simulate": "latency=20"},
    }
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"content-type": "application/json"})
    time.sleep(0.5)  # the call must be running, and the gateway looks for hang-ups after 0.25 s
    connection.close()
    deadline = time.monotonic() + 5
    newest: list[dict[str, Any]] = []
    while not newest or newest[0]["status"] != "cancelled":
        assert time.monotonic() < deadline, newest
        time.sleep(0.05)  # between two looks; the deadline above bounds them
        newest = client.get("/v1/records?limit=1").json["records"]
    assert newest[0]["cost_usd"] is None
