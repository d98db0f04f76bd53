"""What a webhook has to be told survives `kill -9`, whether it was tried before or not, and arrives under one id."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from promises.killed import killed_gateway

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONFIG = """
version: 1
models:
  one: {{host: simulated, price: {{input_usd_per_million: 1, output_usd_per_million: 1}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}}
tasks:
  tag:
    risk_level: low
    primary_model: one
    output: {{labels: [invoice, legal]}}
    review: {{when: always, webhook: {{url: "http://127.0.0.1:{port}/told", secret: "${{env:HOOK}}"}}}}
"""
RUN = {"input": "hello", "risk": "low", "metadata": {"simulate": "answer=invoice"}}


class Receiver:
    """Somebody's server: refuses, by a redirect to itself, until it is told to listen."""

    def __init__(self) -> None:
        self.refused, self.taken = list[str](), list[tuple[dict[str, str], bytes]]()
        self.has_refused, self.has_taken, self.listens = threading.Event(), threading.Event(), threading.Event()
        receiver = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.note(headers, self.rfile.read(int(headers["content-length"])))
                self.send_response(204 if receiver.listens.is_set() else 307)
                self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def note(self, headers: dict[str, str], body: bytes) -> None:
        if self.listens.is_set():
            self.taken.append((headers, body))
            self.has_taken.set()
        else:
            self.refused.append(headers["webhook-id"])
            self.has_refused.set()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


def is_put_off(folder: Path) -> bool:
    """The gateway has kept what came of its try; killed before that, it would leave the notice alone for LEASE_S."""
    with closing(sqlite3.connect(folder / "weighbridge.db")) as store:
        for _ in range(200):
            if store.execute("SELECT fault FROM notices").fetchall() == [("status 307",)]:
                return True
            threading.Event().wait(0.05)
    return False


@pytest.mark.parametrize("is_tried_before", [True, False])
def test_a_decision_is_told_after_the_kill(tmp_path: Path, receiver: Receiver, is_tried_before: bool) -> None:
    (tmp_path / "weighbridge.yaml").write_text(CONFIG.format(port=receiver.port))
    with killed_gateway(tmp_path, {"HOOK": SECRET}) as client:
        place = client.post("/v1/tasks/tag/runs", RUN).headers["location"]
        assert client.post(f"{place}/approve", {}).status == 200
        assert not is_tried_before or (receiver.has_refused.wait(20) and is_put_off(tmp_path))
    receiver.listens.set()
    with killed_gateway(tmp_path, {"HOOK": SECRET}) as client:
        assert receiver.has_taken.wait(30)
        headers, body = receiver.taken[0]
        assert Webhook(SECRET).verify(body, headers)["data"]["answer"] == "invoice"
        item = client.get(place).json
    assert json.loads(body)["data"]["record_id"] == item["record"]
    assert {*receiver.refused, headers["webhook-id"]} == {f"msg_{item['id']}"}
    assert bool(receiver.refused) or not is_tried_before
