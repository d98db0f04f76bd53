"""Whatever a caller sends, it gets a typed error in the dialect it asked in, and never a 500."""

import json

import pytest

from journeys.live import Client, Reply

CHAT, RUN = "/v1/chat/completions", "/v1/tasks/classify/runs"
BOTH = pytest.mark.parametrize("path", [CHAT, RUN])


def refused(reply: Reply, status: int, code: str) -> dict[str, object]:
    assert (reply.status, reply.error["code"]) == (status, code)
    assert reply.error["message"]
    return reply.error


def body_for(path: str, text: str) -> bytes:
    content = {"input": text} if path == RUN else {"model": "auto", "messages": [{"role": "user", "content": text}]}
    return json.dumps(content).encode()


@BOTH
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"{", 400, "invalid_json"),
        (b"\xff\xfe", 400, "invalid_json"),
        (b"[" * 1000 + b"]" * 1000, 400, "nesting_too_deep"),
        (b'{"a": 1, "a": 2}', 400, "duplicate_key"),
        (b'{"a": 123456789012345678901234567890}', 400, "number_out_of_range"),
        (b'{"a": NaN}', 400, "invalid_json"),
        (b'{"a": "\\ud800"}', 400, "invalid_text"),
        (b'{"a": "\\u0000"}', 400, "invalid_text"),
        (b"[]", 400, "invalid_json"),
        (b"null", 400, "invalid_json"),
    ],
    ids=["empty", "cut", "not-utf8", "deep", "twice", "huge", "nan", "surrogate", "nul", "list", "null"],
)
def test_a_body_that_cannot_be_read_says_why(client: Client, path: str, body: bytes, status: int, code: str) -> None:
    refused(client.send("POST", path, body), status, code)


@BOTH
def test_an_empty_prompt_is_refused(client: Client, path: str) -> None:
    refused(client.send("POST", path, body_for(path, " \n ")), 400, "empty_input")


@BOTH
def test_a_prompt_of_five_megabytes_is_refused_unread(client: Client, path: str) -> None:
    refused(client.send("POST", path, body_for(path, "x" * 5_000_000)), 413, "body_too_large")


@BOTH
def test_an_oversized_prompt_gets_its_count_and_the_limit(client: Client, path: str) -> None:
    error = refused(client.send("POST", path, body_for(path, "classify this invoice " * 60_000)), 400, "input_too_long")
    assert "240000 tokens" in str(error["message"])


@BOTH
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_refused(client: Client, path: str, content_type: str) -> None:
    reply = client.send("POST", path, body_for(path, "hello"), {"content-type": content_type})
    refused(reply, 415, "unsupported_media_type")


@BOTH
def test_another_method_is_refused(client: Client, path: str) -> None:
    refused(client.get(path), 405, "method_not_allowed")


def test_an_unknown_task_names_the_nearest(client: Client) -> None:
    error = refused(client.post("/v1/tasks/clasify/runs", {"input": "x"}), 404, "unknown_task")
    assert "classify" in str(error)
    refused(client.chat("x", model="task/clasify"), 404, "unknown_task")


def test_an_unknown_model_is_refused(client: Client) -> None:
    refused(client.chat("x", model="gpt-99"), 404, "unknown_model")


def test_an_unknown_risk_lists_the_known_ones(client: Client) -> None:
    error = refused(client.post(RUN, {"input": "x", "risk": "severe"}), 400, "invalid_field")
    assert "low, medium, high" in str(error)
    headers = {"x-weighbridge-risk": "severe"}
    body = {"model": "auto", "messages": [{"role": "user", "content": "x"}]}
    refused(client.post(CHAT, body, headers), 400, "invalid_field")


def test_an_unknown_path_and_record_are_not_found(client: Client) -> None:
    refused(client.get("/v2/nothing"), 404, "unknown_path")
    refused(client.get("/v1/records/rec_nothing"), 404, "unknown_record")


WRONG_QUERIES = [
    "limit=0",
    "limit=9999",
    "limit=x",
    "limit=00000000019999",
    "limit=000000001" + "9" * 5000,
    "fallback=maybe",
    "status=zz",
    "since=yesterday",
    "since=0001-01-01T00:00:00%2B14:00",
    "since=9999-12-31T23:59:59-14:00",
]


@pytest.mark.parametrize("query", WRONG_QUERIES, ids=lambda query: query[:40])
def test_a_wrong_query_is_refused(client: Client, query: str) -> None:
    refused(client.get(f"/v1/records?{query}"), 400, "invalid_field")


def test_a_hostile_schema_is_refused_and_never_fetched(client: Client) -> None:
    schema = {"$ref": "http://127.0.0.1:9/secret"}
    shape = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    refused(client.chat("hello", response_format=shape), 400, "invalid_field")


def test_a_name_that_is_not_loopback_is_refused_without_keys(client: Client) -> None:
    reply = client.send("POST", RUN, body_for(RUN, "hello"), {"host": "evil.example"})
    refused(reply, 403, "host_not_allowed")
