"""Documents over HTTP: who may see and change them, what a mistake is told, and an answer that cites one."""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from journeys.live import Client, serving_config

CONFIG = """
version: 1
models:
  one: {{host: simulated, price: {{input_usd_per_million: 1, output_usd_per_million: 1}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}}
sources:
  handbook: {{sensitivity: internal}}
  board: {{readers: [ops]}}
tasks:
  answer:
    risk_level: low
    primary_model: one
    fallback_model: []
    evidence: {{collections: [handbook, board]}}
    output: {{citations: {{required: true}}}}
default_task: answer
keys:
  shop: {{secret: "${{env:SHOP_KEY}}"}}
  ops: {{secret: "${{env:OPS_KEY}}", may_edit_sources: true}}
store: {{path: "{folder}/records.db"}}
"""
ENV = {"SHOP_KEY": "shop-0123456789", "OPS_KEY": "ops-0123456789"}
LEAVE = "# Leave\n\n## Parental leave\n\nParental leave lasts 16 weeks.\n"
LEAVE_ID = "handbook/leave.md"


def bearer(name: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {ENV[name]}"}


SHOP, OPS = bearer("SHOP_KEY"), bearer("OPS_KEY")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder: Path = tmp_path_factory.mktemp("sources")
    (folder / "weighbridge.yaml").write_text(CONFIG.format(folder=folder))
    with serving_config(folder / "weighbridge.yaml", ENV) as served:
        added = served.post("/v1/sources", {"collection": "handbook", "name": "leave.md", "text": LEAVE}, OPS)
        assert added.status == 201, added.body
        secret = {
            "collection": "board",
            "name": "plan.md",
            "text": "# Plan\n\nThe parental leave plan is to double it.\n",
        }
        assert served.post("/v1/sources", secret, OPS).status == 201
        yield served


def test_an_added_document_is_listed_and_shown_with_its_passages(client: Client) -> None:
    listed = client.get("/v1/sources?collection=handbook", OPS).json["data"]
    assert [item["id"] for item in listed] == [LEAVE_ID]
    shown = client.get(f"/v1/sources/{LEAVE_ID}", OPS).json
    assert "16 weeks" in str(shown["passages"])


def test_bytes_are_sent_in_base64_and_a_new_version_takes_the_place_of_the_old(client: Client) -> None:
    for text in ("Lunch is at noon.", "Lunch is at one."):
        body = {
            "collection": "handbook",
            "name": "lunch.txt",
            "content_base64": base64.b64encode(text.encode()).decode(),
        }
        assert client.post("/v1/sources", body, OPS).status == 201
    found = client.get("/v1/sources/search?q=lunch", OPS).json["data"]
    assert [item["text"] for item in found] == ["Lunch is at one."]
    assert client.send("DELETE", "/v1/sources/handbook/lunch.txt", headers=OPS).status == 204
    assert client.get("/v1/sources/search?q=lunch", OPS).json["data"] == []


def test_a_search_finds_what_the_key_may_read(client: Client) -> None:
    found = client.get("/v1/sources/search?q=parental+leave", SHOP).json["data"]
    assert [item["id"] for item in found] == [f"{LEAVE_ID}:parental-leave"]
    assert len(client.get("/v1/sources/search?q=parental+leave", OPS).json["data"]) == 2


@pytest.mark.parametrize("path", ["/v1/sources", f"/v1/sources/{LEAVE_ID}"])
def test_only_an_editor_sees_what_is_indexed(client: Client, path: str) -> None:
    reply = client.get(path, SHOP)
    assert (reply.status, reply.error["code"]) == (403, "sources_not_allowed")
    assert client.send("DELETE", path, headers=SHOP).status in {403, 405}
    assert client.get(path).status == 401


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/sources/handbook/none.md", 404, "unknown_source"),
        ("/v1/sources/search?q=", 400, "invalid_field"),
        ("/v1/sources/search?q=leave&limit=0", 400, "invalid_field"),
        ("/v1/sources/search?q=leave&limit=101", 400, "invalid_field"),
        ("/v1/sources/search?q=leave&limit=%C2%B2", 400, "invalid_field"),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(client: Client, path: str, status: int, code: str) -> None:
    reply = client.get(path, OPS)
    assert (reply.status, reply.error["code"]) == (status, code)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"collection": "handbook", "name": "a.md"}, 400, "invalid_field"),
        ({"collection": "handbook", "name": "a.md", "text": "x", "content_base64": "eA=="}, 400, "invalid_field"),
        ({"collection": "handbook", "name": "a.md", "content_base64": "%"}, 400, "invalid_field"),
        ({"collection": "handbook", "name": "a.md", "text": "x", "lables": {}}, 400, "invalid_field"),
        ({"collection": "nowhere", "name": "a.md", "text": "x"}, 404, "unknown_collection"),
        ({"collection": "handbook", "name": "a.pdf", "text": "no pdf"}, 422, "unreadable_document"),
        ({"collection": "handbook", "name": "a.md", "text": "x", "labels": {"authority": "high"}}, 422, None),
    ],
)
def test_a_document_that_cannot_be_had_is_refused(
    client: Client, body: dict[str, object], status: int, code: str | None
) -> None:
    reply = client.post("/v1/sources", body, OPS)
    assert reply.status == status
    assert code is None or reply.error["code"] == code


def test_only_whole_documents_are_removed(client: Client) -> None:
    reply = client.send("DELETE", f"/v1/sources/{LEAVE_ID}:parental-leave", headers=OPS)
    assert (reply.status, reply.error["code"]) == (400, "invalid_field")
    assert f"DELETE /v1/sources/{LEAVE_ID}" in reply.error["advice"]


def test_an_answer_cites_what_its_key_may_read_and_the_record_says_what_was_shown(client: Client) -> None:
    reply = client.post("/v1/tasks/answer/runs", {"input": "How long is parental leave?", "risk": "low"}, SHOP)
    assert reply.status == 200
    assert "16 weeks" in reply.json["text"]
    record = client.get(f"/v1/records/{reply.headers['x-weighbridge-record']}", SHOP).json
    assert [item["id"] for item in record["evidence"]["shown"]] == [f"{LEAVE_ID}:parental-leave"]


def test_a_question_that_nothing_answers_is_refused_with_advice(client: Client) -> None:
    reply = client.post("/v1/tasks/answer/runs", {"input": "Who won the cup?", "risk": "low"}, SHOP)
    assert (reply.status, reply.error["code"]) == (422, "no_evidence")
    assert "add a source" in reply.error["advice"]


ASKED = "How long is parental leave?"
PASSAGE = f"{LEAVE_ID}:parental-leave"
CHAT = {"model": "task/answer", "messages": [{"role": "user", "content": ASKED}], "max_tokens": 50}


def events_of(body: bytes) -> list[dict[str, Any]]:
    lines = (line.removeprefix("data: ") for line in body.decode().splitlines() if line.startswith("data: {"))
    return [json.loads(line) for line in lines]


def test_the_native_answer_lists_what_it_cites(client: Client) -> None:
    answer = client.post("/v1/tasks/answer/runs", {"input": ASKED}, SHOP).json
    (cited,) = answer["citations"]
    assert (cited["id"], cited["document"], cited["title"]) == (PASSAGE, LEAVE_ID, "Parental leave")
    assert answer["text"][cited["start"] : cited["end"]] == f"[{PASSAGE}]"
    assert cited["url"] == f"/v1/sources/{PASSAGE}"
    assert client.get(cited["url"], OPS).status == 200
    record = client.get(f"/v1/records/{answer['id']}", SHOP).json
    assert record["cited"] == [PASSAGE]


def test_a_chat_answer_has_annotations_whole_and_streamed(client: Client) -> None:
    message = client.post("/v1/chat/completions", CHAT, SHOP).json["choices"][0]["message"]
    (note,) = message["annotations"]
    assert note["type"] == "url_citation"
    place = note["url_citation"]
    assert message["content"][place["start_index"] : place["end_index"]] == f"[{PASSAGE}]"
    streamed = events_of(client.post("/v1/chat/completions", {**CHAT, "stream": True}, SHOP).body)
    assert [
        event["choices"][0]["delta"]["annotations"] for event in streamed if "annotations" in str(event["choices"])
    ] == [[note]]


def test_a_responses_answer_has_annotations_whole_and_streamed(client: Client) -> None:
    body = {"model": "task/answer", "input": ASKED, "max_output_tokens": 50}
    part = client.post("/v1/responses", body, SHOP).json["output"][0]["content"][0]
    (note,) = part["annotations"]
    assert (note["type"], note["file_id"], note["filename"]) == ("file_citation", PASSAGE, LEAVE_ID)
    assert part["text"][: note["index"]].endswith(f"[{PASSAGE}]")
    streamed = events_of(client.post("/v1/responses", {**body, "stream": True}, SHOP).body)
    added = [event for event in streamed if event["type"] == "response.output_text.annotation.added"]
    assert [event["annotation"] for event in added] == [note]
    assert streamed[-1]["response"]["output"][0]["content"][0]["annotations"] == [note]


def test_a_message_has_citations_whole_and_streamed(client: Client) -> None:
    block = client.post("/v1/messages", CHAT, SHOP).json["content"][0]
    (note,) = block["citations"]
    assert (note["type"], note["title"]) == ("search_result_location", "Parental leave")
    assert "16 weeks" in note["cited_text"]
    streamed = events_of(client.post("/v1/messages", {**CHAT, "stream": True}, SHOP).body)
    kinds = [event["delta"]["type"] for event in streamed if event["type"] == "content_block_delta"]
    assert kinds == ["text_delta", "citations_delta"]
    assert [event["delta"]["citation"] for event in streamed if "citation" in str(event.get("delta"))] == [note]
