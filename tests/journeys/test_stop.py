"""A gateway that is told to stop: what is under way is finished, written and settled, and everything is closed."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from journeys.live import Client

CONFIG = """
version: 1
models:
  one: {host: simulated, price: {input_usd_per_million: 1000, output_usd_per_million: 1000},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}
tasks:
  chat: {risk_level: low, primary_model: one, fallback_model: []}
default_task: chat
budgets: {all: {limit_usd: 100, period: total}}
"""
SLOW = {"simulate": "latency=0.5;answer=one two three four five six;tokens_per_s=5"}


@contextmanager
def a_gateway(folder: Path) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    (folder / "weighbridge.yaml").write_text(CONFIG)
    command = [sys.executable, "-m", "weighbridge", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", server.stdout.readline())
        assert found is not None
        try:
            assert Client(int(found[1])).get("/healthz").status == 200
            yield int(found[1]), server
        finally:
            server.kill()


def told(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "weighbridge", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_what_is_under_way_is_finished_written_and_settled(tmp_path: Path, how: signal.Signals) -> None:
    with a_gateway(tmp_path) as (port, server):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        body = {"model": "task/chat", "messages": [{"role": "user", "content": "Hi"}], "stream": True, "metadata": SLOW}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"content-type": "application/json"})
        answer = connection.getresponse()
        begin = answer.read(10)
        os.kill(server.pid, how)
        streamed = begin + answer.read()
        connection.close()
        assert server.wait(30) == 0
    assert streamed.endswith(b"data: [DONE]\n\n")
    (record,) = json.loads(told(tmp_path, "records", "--json"))
    assert record["status"] == "answered"
    (budget,) = json.loads(told(tmp_path, "budget", "show", "--json"))
    assert budget["held_usd"] == "0"
    assert budget["spent_usd"] == record["cost_usd"]
    assert sorted(file.name for file in tmp_path.glob("weighbridge.db*")) == ["weighbridge.db"]


def test_who_comes_while_it_drains_is_not_let_in(tmp_path: Path) -> None:
    with a_gateway(tmp_path) as (port, server):
        os.kill(server.pid, signal.SIGTERM)
        assert server.wait(30) == 0
        with pytest.raises(ConnectionRefusedError):
            Client(port).get("/healthz")
