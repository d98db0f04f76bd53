"""A person in the loop, over real HTTP: asked, claimed, corrected, told, remarked upon, exported."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from journeys.live import Client, serving_config
from weighbridge.cli.main import invoke

SECRET = "whsec_" + base64.b64encode(b"a key of some length").decode()
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
    review: {{when: always, webhook: {{url: "http://127.0.0.1:{port}/told", secret: "${{env:HOOK}}"}}}}
default_task: tag
keys:
  shop: {{secret: "${{env:SHOP}}"}}
  other: {{secret: "${{env:OTHER}}"}}
  ann: {{secret: "${{env:ANN}}", may_review: true}}
store: {{path: "{folder}/records.db"}}
"""
ENV = {"SHOP": "shop-0123456789", "OTHER": "other-0123456789", "ANN": "ann-0123456789", "HOOK": SECRET}
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


def asked(client: Client) -> str:
    reply = client.post("/v1/tasks/tag/runs", BODY, key("SHOP"))
    assert reply.status == 202
    return str(reply.json["review"]["id"])


def test_an_answer_goes_to_a_person_and_comes_back_corrected(client: Client, receiver: Receiver) -> None:
    reply = client.post("/v1/tasks/tag/runs", BODY, key("SHOP"))
    place = reply.headers["location"]
    assert (reply.status, reply.json["status"], reply.headers["x-weighbridge-review"]) == (202, "in_review", place[12:])

    item = client.get(place, key("ANN")).json
    assert (item["proposed"], item["conversation"][-1]) == ("invoice", {"role": "user", "content": "hello"})
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
    signed = f"{second['webhook-id']}.{second['webhook-timestamp']}.".encode() + repeated
    expected = base64.b64encode(hmac.new(b"a key of some length", signed, hashlib.sha256).digest()).decode()
    assert second["webhook-signature"] == f"v1,{expected}"


def test_a_providers_dialect_has_an_error_that_its_clients_do_not_repeat(client: Client) -> None:
    message = {"model": "task/tag", "messages": [{"role": "user", "content": "hello"}]}
    openai = client.post("/v1/chat/completions", message, key("SHOP"))
    assert (openai.status, openai.error["code"], openai.headers["x-should-retry"]) == (422, "needs_review", "false")
    assert openai.headers["x-weighbridge-review"] in openai.error["message"]
    anthropic = client.post("/v1/messages", {**message, "max_tokens": 10}, key("SHOP"))
    assert anthropic.status == 422
    assert "needs_review" in anthropic.error["message"] or "review rev_" in anthropic.error["message"]


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


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        ("/v1/reviews/rev_none/approve", {}, 404, "unknown_review"),
        ("/v1/reviews/rev_none/praise", {}, 404, "unknown_path"),
        ("/v1/feedback", {"record": "rec_none", "thumbs": "up"}, 404, "unknown_record"),
        ("/v1/feedback", {"record": "rec_none"}, 400, "invalid_field"),
        ("/v1/feedback", {"record": "rec_none", "thumbs": "sideways"}, 400, "invalid_field"),
        ("/v1/feedback", {"record": "rec_none", "stars": 5}, 400, "invalid_field"),
        ("/v1/feedback", {"record": "rec_none", "label": "x" * 201}, 400, "invalid_field"),
    ],
)
def test_wrong_calls_say_what_is_wrong(client: Client, path: str, content: object, status: int, code: str) -> None:
    reply = client.post(path, content, key("ANN"))
    assert (reply.status, reply.error["code"]) == (status, code)


@pytest.mark.parametrize("query", ["state=lost", "limit=0", "limit=1000", "limit=x"])
def test_wrong_filters_are_named(client: Client, query: str) -> None:
    assert client.get(f"/v1/reviews?{query}", key("ANN")).error["param"] == query.partition("=")[0]


def test_feedback_stays_with_its_record(
    client: Client, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = client.post("/v1/tasks/tag/runs", BODY, key("SHOP")).json["id"]
    said = client.post("/v1/feedback", {"record": record, "thumbs": "down", "label": "legal"}, key("SHOP"))
    assert (said.status, said.json["caller"]) == (201, "shop")
    assert client.post("/v1/feedback", {"record": record, "thumbs": "up"}, key("OTHER")).status == 404
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
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"input": "hello", "target": "legal"}.items() <= next(row for row in rows if row["id"] == number).items()
    assert invoke(["review", "export", "--format", "finetune", *config]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["messages"][-1]["role"] == "assistant"
