"""What the image holds and how it runs, without an engine for containers. Run by `scripts/test-deploy`.

It is installed by the image's own script, started as its user with nothing that it may write to, on real servers, with
the config that compose mounts.
"""

import http.client
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from databases import a_schema, redis_url

ROOT = Path(__file__).parents[2]
USER = 10001
KEY = "an-app-key-of-the-image-tests"
LARGEST_MB = 250
LARGEST_START_S = 20.0


def main() -> None:
    """Install, start, ask, stop."""
    with tempfile.TemporaryDirectory(prefix="weighbridge-image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        app = installed(folder)
        with a_schema() as store, running(folder, app, store.value) as (port, server):
            until(lambda: asked(port, "GET", "/readyz")[0] == 200)
            tell("it is ready, as a user without rights and without a place to write to")
            status, body = asked(port, "POST", "/v1/chat/completions", CALL, KEY)
            assert status == 200, body
            assert asked(port, "POST", "/v1/chat/completions", CALL)[0] == 401
            tell("it answers who has a key, and nobody else")
            began = time.monotonic()
            server.send_signal(signal.SIGTERM)
            assert server.wait(45) == 0, server.returncode
            tell(f"it ends by itself when it is told to, in {time.monotonic() - began:.1f} s")
            assert not [*(folder / "work").iterdir()]
            tell("and has left nothing behind in its folder")


CALL = json.dumps({"model": "task/chat", "messages": [{"role": "user", "content": "Hello"}]}).encode()


def installed(folder: Path) -> Path:
    """The application, as the Dockerfile's build stage makes it: from the files that its COPY lines name."""
    build, app = folder / "build", folder / "app"
    for line in re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
        *sources, target = shlex.split(line)
        for source in sources:
            place = build / target / source if target.endswith("/") else build / target
            copied(ROOT / source, place)
    began = time.monotonic()
    subprocess.run([build / "scripts" / "install-app", app], check=True, env={**os.environ, "PYTHON": a_python()})
    size = sum(file.lstat().st_size for file in app.rglob("*")) / 1_000_000
    assert size < LARGEST_MB, f"{size:.0f} MB"
    tell(f"the application is installed in {time.monotonic() - began:.0f} s and takes {size:.0f} MB")
    assert not (app / "bin" / "pip").exists()
    return app


def a_python() -> str:
    """One that another user can reach, which a Python in somebody's home is not."""
    found = (sys.executable, "/usr/local/bin/python3", "/usr/bin/python3")
    paths = [Path(name).resolve() for name in found if Path(name).exists()]
    for path in paths:
        if all(folder.stat().st_mode & 0o001 for folder in path.parents):
            return str(path)
    raise SystemExit("there is no Python that another user can reach: install one for everybody")


def copied(source: Path, place: Path) -> None:
    """One of the files or folders."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    else:
        shutil.copy(source, place)


@contextmanager
def running(folder: Path, app: Path, store: str) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """The Dockerfile's command under its user, beside which only the port differs."""
    config = folder / "etc"
    shutil.copytree(ROOT / "deploy" / "compose" / "config", config)
    work = folder / "work"
    work.mkdir(mode=0o555)
    env = {
        "PATH": f"{app}/bin:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "WEIGHBRIDGE_APP_KEY": KEY,
        "WEIGHBRIDGE_KEY_SECRET": "a-secret-of-the-image-tests-0123456789",
        "WEIGHBRIDGE_STORE": store,
        "WEIGHBRIDGE_COUNTERS": redis_url(),
    }
    command = ["weighbridge", "serve", "--host", "127.0.0.1", "--port", "0", "--config", f"{config}/weighbridge.yaml"]
    rights = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs", "--inh-caps=-all"]
    with subprocess.Popen([*rights, *command], cwd=work, env=env, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", server.stdout.readline())
        assert found is not None, "it did not start"
        try:
            yield int(found[1]), server
        finally:
            server.kill()


def asked(port: int, method: str, path: str, body: bytes | None = None, key: str | None = None) -> tuple[int, bytes]:
    """One answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"content-type": "application/json"} | ({} if key is None else {"authorization": f"Bearer {key}"})
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def until(holds: Callable[[], bool]) -> None:
    """Within the time that the probes give it."""
    deadline = time.monotonic() + LARGEST_START_S
    while not holds():
        assert time.monotonic() < deadline, "it did not become ready"
        threading.Event().wait(0.2)


def tell(line: str) -> None:
    """What holds."""
    sys.stdout.write(f"ok  {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
