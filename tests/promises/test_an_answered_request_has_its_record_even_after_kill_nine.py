"""Callers that hold an answer can find its record, although the server was killed in the middle of its work."""

import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest

from weighbridge import Gateway

CALLERS = 8
BODY = json.dumps({"model": "task/classify", "messages": [{"role": "user", "content": "Attached invoice for March."}]})


class Caller(threading.Thread):
    """Asks until the server is gone; remembers the record of every answer it has read to the end."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port, self.answered = port, list[str]()

    def run(self) -> None:
        gone = suppress(http.client.HTTPException, OSError)
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection, gone:
            self._ask_for_ever(connection)

    def _ask_for_ever(self, connection: http.client.HTTPConnection) -> None:
        while True:
            connection.request("POST", "/v1/chat/completions", BODY, {"content-type": "application/json"})
            reply = connection.getresponse()
            if reply.read() and reply.status == 200:
                self.answered.append(str(reply.getheader("x-weighbridge-record")))


def start(folder: Path) -> tuple[subprocess.Popen[str], int]:
    command = [sys.executable, "-m", "weighbridge", "serve", "--port", "0"]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    found = re.search(r"127\.0\.0\.1:(\d+)", server.stdout.readline())
    assert found is not None
    return server, int(found[1])


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_answered_request_is_missing_after_the_kill(tmp_path: Path, seed: int) -> None:
    server, port = start(tmp_path)
    callers = [Caller(port) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    threading.Event().wait(1 + random.Random(seed).random())  # noqa: S311 (chance of a moment, not a secret)
    os.kill(server.pid, signal.SIGKILL)
    server.communicate()
    for caller in callers:
        caller.join()
    answered = [number for caller in callers for number in caller.answered]
    assert len(answered) > CALLERS
    async with Gateway.open(store=next(tmp_path.glob("*.db")), env={}) as gateway:
        missing = [number for number in answered if await gateway.record(number) is None]
    assert missing == []
