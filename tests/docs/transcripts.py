"""Console blocks in the docs, run for real.

A fenced block marked `console` is a transcript: lines that begin with `$ ` are commands, the lines after each are what
it prints. Record ids, dates, digests and seconds differ from run to run,
lists of keys from version to version: they are compared by shape; a line `...` stands
for any lines. A fenced block with a `title="path"` is a file that the commands find.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VARYING = (
    (re.compile(r"\b(rec|rev|fb)_[0-9A-Z]{26}"), r"\1_ID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?"), "TIME"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "DIGEST"),
    (re.compile(r"\b\d+\.\d{3}\b"), "SECONDS"),
    (re.compile(r"the keys [a-z_, ]+ and \d+ more"), "the keys KEYS"),
    (re.compile(r'"(created|latency_s|duration_s)": ?[0-9.e-]+'), r'"\1": N'),
)


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a transcript."""

    line: str
    expected: str


@dataclass(frozen=True, slots=True)
class Page:
    """The runnable parts of one page, in order."""

    path: Path
    files: tuple[tuple[str, str], ...]
    commands: tuple[Command, ...]


def read(path: Path) -> Page:
    """Files that the commands find, and the commands in the order of the page."""
    files: list[tuple[str, str]] = []
    commands: list[Command] = []
    for language, title, body in BLOCK.findall(path.read_text()):
        if title:
            files.append((title, body))
        elif language == "console":
            commands += _commands(body)
    return Page(path, tuple(files), tuple(commands))


def _commands(body: str) -> list[Command]:
    found: list[Command] = []
    lines: list[str] = []
    for line in [*body.splitlines(), "$ "]:
        if line.startswith("$ ") and lines:
            found.append(_command(lines))
            lines = []
        lines.append(line)
    return found


def _command(lines: list[str]) -> Command:
    size = 1
    while lines[size - 1].endswith("\\"):
        size += 1
    line = "\n".join(lines[:size])[2:]
    return Command(line, "\n".join(lines[size:]).strip())


def normal(text: str) -> str:
    """The text with everything that differs from run to run replaced by its kind, and space between words evened."""
    for pattern, kind in VARYING:
        text = pattern.sub(kind, text)
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())


def agrees(expected: str, actual: str) -> bool:
    """Whether a transcript says what was printed; `...` matches any lines."""
    parts = [re.escape(part.strip("\n")) for part in re.split(r"^\.\.\.$", normal(expected), flags=re.MULTILINE)]
    return re.fullmatch(r"\s*" + r"[\s\S]*".join(parts) + r"\s*", normal(actual)) is not None
