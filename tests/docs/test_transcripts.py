"""What the docs show is what the commands print."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from docs.transcripts import ROOT, Command, Page, agrees, normal, read

PAGES = [read(path) for path in sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])]
WITH_STEPS = [page for page in PAGES if page.commands]
GATEWAY = "127.0.0.1:4141"
BIN = Path(sys.executable).parent


@contextmanager
def gateway(folder: Path) -> Iterator[int]:
    """`weighbridge serve` in `folder` on a free port."""
    command = [sys.executable, "-m", "weighbridge", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", server.stdout.readline())
        assert found is not None
        try:
            yield int(found[1])
        finally:
            server.terminate()
            server.communicate(timeout=40)


def run(command: Command, folder: Path, port: int) -> str:
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "COLUMNS": "120"}
    line = command.line.replace(GATEWAY, f"127.0.0.1:{port}")
    done = subprocess.run(  # noqa: S602 (the docs' own commands)
        line, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    return (done.stdout + done.stderr).replace(f"127.0.0.1:{port}", GATEWAY)


@pytest.mark.parametrize("page", WITH_STEPS, ids=lambda page: str(page.path.relative_to(ROOT)))
def test_the_transcripts_are_what_the_commands_print(page: Page, tmp_path: Path) -> None:
    for name, content in page.files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    calls_it = any(GATEWAY in command.line for command in page.commands)
    with gateway(tmp_path) if calls_it else nullcontext(0) as port:
        for command in page.commands:
            printed = run(command, tmp_path, port)
            assert agrees(command.expected, printed), f"$ {command.line}\n{normal(printed)}"


def test_the_docs_have_transcripts() -> None:
    assert {page.path.name for page in WITH_STEPS} >= {"README.md", "your-first-task.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.path.relative_to(ROOT)))
def test_links_within_the_docs_lead_somewhere(page: Page) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.path.read_text()):
        assert (page.path.parent / target).exists(), target
