"""A request over HTTP, from bytes to bytes and record."""

import pytest

from journeys.live import Client

AMBIGUOUS = "Classify this ambiguous vendor email about contract billing."


def test_a_task_run_answers_with_its_record(client: Client) -> None:
    reply = client.post("/v1/tasks/classify/runs", {"input": "Attached invoice for March.", "risk": "low"})
    assert (reply.status, reply.json["text"], reply.json["model"]) == (200, "invoice", "fast-small")
    assert reply.headers["x-weighbridge-record"] == reply.json["id"]


def test_the_headers_say_what_served_why_and_for_how_much(client: Client) -> None:
    headers = client.chat(AMBIGUOUS).headers
    assert headers["x-weighbridge-model"] == "frontier-reasoning"
    assert headers["x-weighbridge-fallback"] == "true"
    assert headers["x-weighbridge-reason"] == "primary"
    assert headers["x-weighbridge-verdict"] == "valid"
    assert float(headers["x-weighbridge-cost-usd"]) > 0
    assert headers["x-request-id"] == headers["request-id"] == headers["x-weighbridge-record"]


def test_a_chat_completion_has_openai_s_shape(client: Client) -> None:
    body = client.chat("Attached invoice.").json
    assert (body["object"], body["model"]) == ("chat.completion", "fast-small")
    choice = body["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("invoice", "stop")
    assert body["usage"]["total_tokens"] > 0


def test_the_record_can_be_read_and_explained(client: Client) -> None:
    number = client.chat(AMBIGUOUS).headers["x-weighbridge-record"]
    record = client.get(f"/v1/records/{number}").json
    assert (record["status"], record["is_fallback"]) == ("answered", True)
    explanation = client.get(f"/v1/records/{number}/explanation").json
    models = [item["model"] for item in explanation["candidates"]]
    assert sorted(models) == ["balanced-summary", "fast-small", "frontier-backup", "frontier-reasoning"]


def test_a_refused_request_leaves_a_record_too(client: Client) -> None:
    reply = client.chat("Summarize this disputed contract.", model="task/summarize", metadata={"simulate": "error:503"})
    assert reply.status == 502
    number = reply.headers["x-weighbridge-record"]
    record = client.get(f"/v1/records/{number}").json
    assert (record["status"], record["error_code"]) == ("failed", "attempts_failed")


def test_records_are_listed_newest_first_and_paged(client: Client) -> None:
    numbers = [client.chat(f"Invoice {n}").headers["x-weighbridge-record"] for n in range(3)]
    page = client.get("/v1/records?limit=2").json
    found = [item["id"] for item in page["records"]]
    assert found == numbers[:0:-1]
    rest = client.get(f"/v1/records?limit=1&before={page['next']}").json
    assert rest["records"][0]["id"] == numbers[0]


def test_models_lists_everything_that_may_stand_in_model(client: Client) -> None:
    names = {item["id"] for item in client.get("/v1/models").json["data"]}
    assert {"auto", "task/classify", "fast-small"} <= names
    assert client.get("/v1/models/task/classify").json["id"] == "task/classify"


@pytest.mark.parametrize(
    ("path", "code"), [("/v1/models/nothing", "unknown_model"), ("/v1/moderations", "unknown_path")]
)
def test_an_error_on_a_path_of_openai_s_is_in_openai_s_words(client: Client, path: str, code: str) -> None:
    error = client.get(path).error
    assert (error["type"], error["code"]) == ("invalid_request_error", code)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json"])
def test_the_pages_of_health_and_description_answer(client: Client, path: str) -> None:
    assert client.get(path).status == 200


def test_auto_recognises_the_task(client: Client) -> None:
    reply = client.chat("Please summarize this escalation thread for the support managers.", model="auto")
    record = client.get(f"/v1/records/{reply.headers['x-weighbridge-record']}").json
    assert record["classification"]["task"] == "summarize"


def test_a_caller_may_raise_the_risk_but_not_lower_it(client: Client) -> None:
    body = {"model": "task/classify", "messages": [{"role": "user", "content": "Attached invoice."}]}
    reply = client.post("/v1/chat/completions", body, {"x-weighbridge-risk": "high"})
    assert reply.headers["x-weighbridge-model"] == "frontier-reasoning"
    assert reply.headers["x-weighbridge-reason"] == "high_risk"
