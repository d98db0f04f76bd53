"""Who claims an answer and goes away, or whose gateway was killed, keeps it from nobody once the claim has run out."""

import threading
from pathlib import Path

from promises.killed import killed_gateway

CONFIG = """
version: 1
models:
  one: {host: simulated, price: {input_usd_per_million: 1, output_usd_per_million: 1},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}
tasks:
  tag:
    risk_level: low
    primary_model: one
    output: {labels: [invoice, legal]}
    review: {when: always, lock_s: 1}
"""
RUN = {"input": "hello", "risk": "low", "metadata": {"simulate": "answer=invoice"}}


def test_an_item_that_was_claimed_before_the_kill_is_open_again(tmp_path: Path) -> None:
    (tmp_path / "weighbridge.yaml").write_text(CONFIG)
    with killed_gateway(tmp_path) as client:
        place = client.post("/v1/tasks/tag/runs", RUN).headers["location"]
        assert client.post(f"{place}/claim", {}).json["state"] == "claimed"
    with killed_gateway(tmp_path) as client:
        for _ in range(200):
            if client.get("/v1/reviews?state=open").json["reviews"]:
                break
            threading.Event().wait(0.05)
        freed = client.get(place).json
        assert (freed["state"], freed["assignee"], freed["version"]) == ("open", None, 3)
        assert client.post(f"{place}/approve", {"version": 3}).json["answer"] == "invoice"
