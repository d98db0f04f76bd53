"""Runs real clients against one gateway: `scripts/test-clients [CLIENT ...]`.

Each client has its own environment, made from its lock file and kept under .venv-clients. The calls find the gateway
and its key in WEIGHBRIDGE_URL and WEIGHBRIDGE_KEY.
"""

import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[1] / ".venv-clients"
KEY = "a-key-of-the-client-tests"
NODE = ("anthropic_js", "openai_js")


def main(wanted: list[str]) -> int:
    """Run the wanted clients, or all; the number of clients that failed comes back."""
    clients = wanted or [*sorted(path.stem.removesuffix("_calls") for path in HERE.glob("*_calls.py")), *NODE]
    commands = {client: node_command(client) if client in NODE else python_command(client) for client in clients}
    with tempfile.TemporaryDirectory() as folder, gateway(Path(folder)) as url:
        env = {**os.environ, "WEIGHBRIDGE_URL": url, "WEIGHBRIDGE_KEY": KEY, "PYTHONDONTWRITEBYTECODE": "1"}
        failed = [client for client, command in commands.items() if not ran_well(client, command, env)]
        say(f"{records(url)} requests recorded by the gateway; failed clients: {', '.join(failed) or 'none'}")
    return len(failed)


def ran_well(client: str, command: list[str] | None, env: Mapping[str, str]) -> bool:
    """Run one client's calls."""
    if command is None:
        say(f"{client}: not run, node and npm are not installed")
        return True
    say(f"{client}:")
    return subprocess.run(command, env=env, check=False).returncode == 0


def python_command(client: str) -> list[str]:
    """pytest in the client's own environment, without this project's settings."""
    lock, place = HERE / f"{client}.lock", ENVIRONMENTS / client
    python = place / "bin" / "python"
    if is_stale(place, lock):
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", lock]
        subprocess.run([str(part) for part in pip], check=True)
        keep_stamp(place, lock)
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", HERE, "--confcutdir", HERE]
    return [str(part) for part in (python, "-m", "pytest", *options, HERE / f"{client}_calls.py")]


def node_command(client: str) -> list[str] | None:
    """Node's own test runner; `None` without node."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    source, place = HERE / client, ENVIRONMENTS / client
    lock = source / "package-lock.json"
    if is_stale(place, lock):
        shutil.copytree(source, place, dirs_exist_ok=True)
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=place, check=True)
        keep_stamp(place, lock)
    shutil.copy(source / "calls.test.mjs", place)
    return ["node", "--test", "--test-reporter=spec", str(place / "calls.test.mjs")]


def is_stale(place: Path, lock: Path) -> bool:
    """The environment was not made from this lock file by this Python."""
    stamp = place / ".stamp"
    return not stamp.exists() or stamp.read_text() != fingerprint(lock)


def keep_stamp(place: Path, lock: Path) -> None:
    """Note what the environment was made from."""
    (place / ".stamp").write_text(fingerprint(lock))


def fingerprint(lock: Path) -> str:
    """Of the lock file and this Python."""
    return hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()


@contextmanager
def gateway(folder: Path) -> Iterator[str]:
    """A gateway on a free port, with its records in `folder`; its address, at which calls may already wait."""
    shutil.copytree(HERE / "gateway", folder, dirs_exist_ok=True)
    weighbridge, env = [sys.executable, "-m", "weighbridge"], {**os.environ, "WEIGHBRIDGE_KEY": KEY}
    subprocess.run([*weighbridge, "sources", "add", "--collection", "handbook"], cwd=folder, env=env, check=True)
    command = [*weighbridge, "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[2]
            yield url
        finally:
            process.terminate()


def get(url: str, path: str) -> dict[str, Any]:
    """A JSON page of the gateway."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", path, headers={"x-api-key": KEY})
        page: dict[str, Any] = json.load(connection.getresponse())
        return page
    finally:
        connection.close()


def records(url: str) -> int:
    """How many requests the gateway recorded, all pages counted."""
    count, before = 0, ""
    while True:
        page = get(url, f"/v1/records?limit=500{before}")
        count += len(page["records"])
        if page["next"] is None:
            return count
        before = f"&before={page['next']}"


def say(line: str) -> None:
    """One line, before what the clients print."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
