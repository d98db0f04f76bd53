"""A gateway in a process of its own that dies by `kill -9`."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from journeys.live import Client


@contextmanager
def killed_gateway(folder: Path, env: Mapping[str, str] | None = None) -> Iterator[Client]:
    """`weighbridge serve` in `folder`, killed when the block ends."""
    command = [sys.executable, "-m", "weighbridge", "serve", "--port", "0"]
    environment = {**os.environ, **(env or {})}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", server.stdout.readline())
        assert found is not None
        try:
            yield Client(int(found[1]))
        finally:
            os.kill(server.pid, signal.SIGKILL)
