"""A person in the loop, over real HTTP: asked, claimed, corrected, told, remarked upon, exported."""

import base64
import http.client
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from journeys.live import Client, serving_config
from weighbridge.cli.main import invoke

pytestmark = pytest.mark.xdist_group("reviews")
"""One gateway for all: what `review export` leaves out was decided by the tests before it."""

SECRET = "whsec_" + base64.b64encode(b"a key of a length to rely on").decode()
CONFIG = """
version: 1
models:
  one: {{host: simulated, price: {{input_usd_per_million: 1, output_usd_per_million: 1}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}}
tasks:
  tag:
    risk_level: low
    primary_model: one
    fallback_model: []
    output: {{labels: [invoice, legal]}}
    storage: {{content: true}}
    review: {{when: always, webhook: {{url: "http://127.0.0.1:{port}/told", secret: "${{env:HOOK}}"}}}}
  patient:
    risk_level: low
    primary_model: one
    output: {{labels: [invoice, legal]}}
    review: {{when: always, wait_s: 20}}
  private:
    risk_level: low
    primary_model: one
    output: {{labels: [invoice, legal]}}
    review: {{when: always}}
default_task: tag
keys:
  shop: {{secret: "${{env:SHOP}}"}}
  other: {{secret: "${{env:OTHER}}"}}
  ann: {{secret: "${{env:ANN}}", may_review: true}}
  tagger: {{secret: "${{env:TAGGER}}", may_review: true, may_audit: true, tasks: [tag]}}
  limited: {{secret: "${{env:LIMITED}}", may_review: true, tasks: [tag]}}
store: {{path: "{folder}/records.db"}}
"""
ENV = {name: f"{name}-0123456789" for name in ("SHOP", "OTHER", "ANN", "TAGGER", "LIMITED")} | {"HOOK": SECRET}
BODY = {"input": "hello", "risk": "low", "metadata": {"simulate": "answer=invoice"}}


def key(name: str) -> dict[str, str]:
    return {"x-api-key": ENV[name]}


class Receiver:
    """Somebody's server: refuses the first call, takes the rest."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.taken = threading.Event()
        receiver = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
                is_first = len(receiver.calls) == 1
                self.send_response(503 if is_first else 204)
                self.send_header("content-length", "0")
                self.end_headers()
                if not is_first:
                    receiver.taken.set()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reviews")


@pytest.fixture(scope="module")
def client(folder: Path, receiver: Receiver) -> Iterator[Client]:
    (folder / "weighbridge.yaml").write_text(CONFIG.format(folder=folder, port=receiver.port))
    with serving_config(folder / "weighbridge.yaml", ENV) as served:
        yield served


def asked(client: Client, task: str = "tag") -> str:
    reply = client.post(f"/v1/tasks/{task}/runs", BODY, key("SHOP"))
    assert reply.status == 202
    return str(reply.json["review"]["id"])


def two_open(client: Client, task: str) -> list[str]:
    for _ in range(200):
        found = client.get(f"/v1/reviews?state=open&task={task}", key("ANN")).json["reviews"]
        if len(found) == 2:
            return [item["id"] for item in found]
        threading.Event().wait(0.05)
    raise AssertionError("two calls should have opened two reviews")


def test_an_answer_goes_to_a_person_and_comes_back_corrected(client: Client, receiver: Receiver) -> None:
    reply = client.post("/v1/tasks/tag/runs", BODY, key("SHOP"))
    place = reply.headers["location"]
    assert (reply.status, reply.json["status"], reply.headers["x-weighbridge-review"]) == (202, "in_review", place[12:])
    waiting = reply.json["review"]
    assert (waiting["id"], waiting["state"], waiting["url"]) == (place[12:], "open", place)

    item = client.get(place, key("ANN")).json
    assert item["deadline"] == waiting["deadline"]
    assert (item["proposed"], item["conversation"][-1]) == (
        "invoice",
        {"role": "user", "content": "hello", "is_whole": True},
    )
    claimed = client.post(f"{place}/claim", {}, key("ANN")).json
    assert (claimed["state"], claimed["assignee"]) == ("claimed", "ann")

    wrong = client.post(f"{place}/correct", {"answer": "perhaps"}, key("ANN"))
    assert (wrong.status, wrong.error["code"], wrong.error["param"]) == (422, "invalid_correction", "answer")
    right = client.post(f"{place}/correct", {"answer": "legal", "note": "It is a contract."}, key("ANN"))
    assert (right.status, right.json["state"]) == (200, "corrected")
    again = client.post(f"{place}/approve", {}, key("ANN"))
    assert (again.status, again.error["code"]) == (409, "review_conflict")

    outcome = client.get(place, key("SHOP")).json
    assert (outcome["state"], outcome["answer"]) == ("corrected", "legal")
    assert "conversation" not in outcome

    assert receiver.taken.wait(20)
    (first, body), (second, repeated) = receiver.calls[:2]
    assert (first["webhook-id"], body) == (second["webhook-id"], repeated)
    told = json.loads(body)["data"]
    assert (told["review_id"], told["state"], told["answer"]) == (item["id"], "corrected", "legal")
    assert Webhook(SECRET).verify(repeated, second) == json.loads(body)


def test_a_providers_dialect_has_an_error_that_its_clients_do_not_repeat(client: Client) -> None:
    message = {"model": "task/tag", "messages": [{"role": "user", "content": "hello"}]}
    openai = client.post("/v1/chat/completions", message, key("SHOP"))
    assert (openai.status, openai.error["code"], openai.headers["x-should-retry"]) == (422, "needs_review", "false")
    assert openai.headers["x-weighbridge-review"] in openai.error["message"]
    anthropic = client.post("/v1/messages", {**message, "max_tokens": 10}, key("SHOP"))
    assert anthropic.status == 422
    assert "needs_review" in anthropic.error["message"] or "review rev_" in anthropic.error["message"]


def test_a_call_that_waits_is_answered_by_the_person(client: Client) -> None:
    message = {"model": "task/patient", "messages": [{"role": "user", "content": "hello"}]}
    with ThreadPoolExecutor(2) as callers:
        openai = callers.submit(client.post, "/v1/chat/completions", message, key("SHOP"))
        native = callers.submit(client.post, "/v1/tasks/patient/runs", BODY, key("SHOP"))
        for item in two_open(client, "patient"):
            client.post(f"/v1/reviews/{item}/correct", {"answer": "legal"}, key("ANN"))
    assert openai.result().json["choices"][0]["message"]["content"] == "legal"
    reply = native.result()
    assert (reply.status, reply.json["text"], reply.json["verdict"]) == (200, "legal", "in_review")
    assert reply.headers["x-weighbridge-review"][4:] == reply.headers["x-weighbridge-record"][4:]


def test_a_stream_is_told_before_it_begins(client: Client) -> None:
    message = {"model": "task/tag", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
    reply = client.post("/v1/chat/completions", message, key("SHOP"))
    assert (reply.status, reply.error["code"]) == (422, "needs_review")


def test_only_reviewers_decide_and_others_items_are_not_seen(client: Client) -> None:
    number = asked(client)
    assert client.get(f"/v1/reviews/{number}", key("OTHER")).status == 404
    refused = client.post(f"/v1/reviews/{number}/approve", {}, key("SHOP"))
    assert (refused.status, refused.error["code"]) == (403, "review_not_allowed")
    assert client.get("/v1/reviews", key("OTHER")).json["reviews"] == []
    assert number in {item["id"] for item in client.get("/v1/reviews?state=open", key("ANN")).json["reviews"]}


def test_a_decision_about_an_older_version_is_refused(client: Client) -> None:
    place = f"/v1/reviews/{asked(client)}"
    assert client.get(place, key("ANN")).headers["etag"] == '"1"'
    assert client.post(f"{place}/claim", {"version": 1}, key("ANN")).json["version"] == 2
    late = client.post(f"{place}/approve", {"version": 1}, key("ANN"))
    assert (late.status, late.error["code"]) == (409, "review_conflict")
    matched = client.post(f"{place}/release", {}, {**key("ANN"), "if-match": '"1"'})
    assert (matched.status, matched.error["code"]) == (409, "review_conflict")
    assert client.post(f"{place}/release", {}, {**key("ANN"), "if-match": '"2"'}).headers["etag"] == '"3"'
    odd = client.post(f"{place}/approve", {}, {**key("ANN"), "if-match": 'W/"x"'})
    assert (odd.status, odd.error["param"]) == (400, "if-match")
    assert client.post(f"{place}/approve", {}, {**key("ANN"), "if-match": "*"}).json["state"] == "approved"


def test_a_version_in_a_body_of_unknown_length_counts_too(client: Client) -> None:
    place = f"/v1/reviews/{asked(client)}"
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=30)
    headers = {"content-type": "application/json", **key("ANN")}
    connection.request("POST", f"{place}/approve", iter([b'{"version": 7}']), headers, encode_chunked=True)
    assert connection.getresponse().status == 409
    connection.close()
    assert client.send("POST", f"{place}/approve", headers=key("ANN")).json["state"] == "approved"


def test_a_key_decides_within_its_tasks_only(client: Client) -> None:
    number = asked(client, "private")
    assert client.get(f"/v1/reviews/{number}", key("LIMITED")).status == 404
    listed = client.get("/v1/reviews?limit=200", key("LIMITED")).json["reviews"]
    assert {item["task"] for item in listed} <= {"tag"}
    assert client.get(f"/v1/reviews/{number}", key("TAGGER")).json["proposed"] == "invoice"
    refused = client.post(f"/v1/reviews/{number}/approve", {}, key("TAGGER"))
    assert (refused.status, refused.error["code"]) == (403, "review_not_allowed")
    record = client.get(f"/v1/reviews/{number}", key("SHOP")).json["record"]
    assert client.post("/v1/feedback", {"record": record, "thumbs": "up"}, key("LIMITED")).status == 404


def test_items_are_paged(client: Client) -> None:
    numbers = [asked(client) for _ in range(3)]
    first = client.get("/v1/reviews?limit=2", key("ANN")).json
    assert [item["id"] for item in first["reviews"]] == [numbers[2], numbers[1]]
    second = client.get(f"/v1/reviews?limit=1&before={first['next']}", key("ANN")).json
    assert [item["id"] for item in second["reviews"]] == [numbers[0]]
    assert client.get("/v1/reviews?since=2999-01-01", key("ANN")).json == {"reviews": [], "next": None}


def test_what_was_asked_is_gone_once_decided_where_the_task_keeps_no_content(client: Client) -> None:
    place = f"/v1/reviews/{asked(client, 'private')}"
    before = client.get(place, key("ANN")).json
    assert (before["conversation"][0]["content"], before["proposed"]) == ("hello", "invoice")
    client.post(f"{place}/correct", {"answer": "legal"}, key("ANN"))
    after = client.get(place, key("ANN")).json
    assert (after["conversation"], after["proposed"], after["acts"][0]["answer"]) == ([], None, None)
    assert client.get(place, key("SHOP")).json["answer"] == "legal"


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        ("/v1/reviews/rev_none/approve", {}, 404, "unknown_review"),
        ("/v1/reviews/rev_none/praise", {}, 404, "unknown_path"),
        ("/v1/feedback", {"record": "rec_none", "thumbs": "up"}, 404, "unknown_record"),
        ("/v1/feedback", {"record": "rec_none"}, 400, "invalid_field"),
        ("/v1/feedback", {"record": "rec_none", "text": "  "}, 400, "invalid_field"),
        ("/v1/feedback", {"record": "rec_none", "thumbs": "sideways"}, 400, "invalid_field"),
        ("/v1/feedback", {"record": "rec_none", "stars": 5}, 400, "invalid_field"),
        ("/v1/feedback", {"record": "rec_none", "label": "x" * 201}, 400, "invalid_field"),
    ],
)
def test_wrong_calls_say_what_is_wrong(client: Client, path: str, content: object, status: int, code: str) -> None:
    reply = client.post(path, content, key("ANN"))
    assert (reply.status, reply.error["code"]) == (status, code)


@pytest.mark.parametrize("query", ["state=lost", "since=yesterday", "limit=0", "limit=1000", "limit=x"])
def test_wrong_filters_are_named(client: Client, query: str) -> None:
    assert client.get(f"/v1/reviews?{query}", key("ANN")).error["param"] == query.partition("=")[0]


def test_feedback_stays_with_its_record(
    client: Client, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = client.post("/v1/tasks/tag/runs", BODY, key("SHOP")).json["id"]
    said = client.post("/v1/feedback", {"record": record, "thumbs": "down", "label": "legal"}, key("SHOP"))
    assert (said.status, said.json["caller"]) == (201, "shop")
    assert client.post("/v1/feedback", {"record": record, "thumbs": "up"}, key("OTHER")).status == 404
    assert client.get(f"/v1/records/{record}", key("SHOP")).json["feedback"] == [said.json]
    explained = client.get(f"/v1/records/{record}/explanation", key("SHOP")).json
    assert (explained["feedback"], explained["review"]["state"]) == ([said.json], "open")
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    assert invoke(["explain", record, "--config", str(folder / "weighbridge.yaml")]) == 0
    told = capsys.readouterr().out
    assert "feedback of shop: thumbs down, label 'legal'" in told
    assert "open, by nobody yet" in told


def test_the_command_line_decides_while_the_server_runs(
    client: Client, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = asked(client)
    monkeypatch.setenv("COLUMNS", "140")
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    config = ["--config", str(folder / "weighbridge.yaml")]
    assert invoke(["review", "show", number, *config]) == 0
    assert "proposed: invoice" in capsys.readouterr().out
    assert invoke(["review", "correct", number, "--answer", "perhaps", *config]) == 2
    assert "not one of the labels" in capsys.readouterr().err
    assert invoke(["review", "correct", number, "--answer", "legal", "--as", "bob", *config]) == 0
    assert invoke(["review", "approve", number, *config]) == 1
    assert client.get(f"/v1/reviews/{number}", key("SHOP")).json["answer"] == "legal"
    capsys.readouterr()
    assert invoke(["review", "list", "--state", "corrected", *config]) == 0
    assert "bob" in capsys.readouterr().out
    assert invoke(["review", "export", *config]) == 0
    printed = capsys.readouterr()
    row = next(row for row in map(json.loads, printed.out.splitlines()) if row["id"] == number)
    assert (row["input"], row["target"], row["metadata"]["reviewers"]) == ("hello", "legal", ["bob"])
    record = client.get(f"/v1/records/{row['metadata']['record']}", key("SHOP")).json
    assert (row["metadata"]["input_digest"], row["metadata"]["policy_digest"]) == (
        record["input_digest"],
        record["policy_digest"],
    )
    assert "that were decided: the task keeps no content" in printed.err
    assert invoke(["review", "export", "--since", "2999-01-01", *config]) == 0
    assert capsys.readouterr() == ("", "")
    assert invoke(["review", "export", "--since", "yesterday", *config]) == 2
    capsys.readouterr()
    assert invoke(["review", "export", "--format", "finetune", *config]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["messages"][-1]["role"] == "assistant"
