"""Datasets: what is asked and what would be right, from YAML, JSON Lines or CSV."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from weighbridge.domain.errors import ConfigError, ConfigProblem

FIELDS = frozenset({"id", "input", "target", "split", "tags"})


@dataclass(frozen=True, slots=True)
class Sample:
    """One question with its right answer."""

    id: str
    """Unique in its dataset; the line number where none is stated."""
    input: str
    """What the user says."""
    target: str
    """What a scorer compares with."""
    split: str = "test"
    """Which part of the dataset it belongs to, such as `train` or `test`."""
    tags: frozenset[str] = frozenset()
    """Slices that it belongs to."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Samples and the digest of what they say."""

    samples: tuple[Sample, ...]
    """In the order of the file; at least one."""
    digest: str
    """sha256 over the samples, whatever format they were written in."""

    def part(self, split: str | None, tag: str | None = None) -> tuple[Sample, ...]:
        """The samples of a split and a slice; `None` stands for all."""
        return tuple(
            sample
            for sample in self.samples
            if (split is None or sample.split == split) and (tag is None or tag in sample.tags)
        )


def load_dataset(path: Path) -> Dataset:
    """Read a dataset. Raises ConfigError with file and line of everything that is wrong."""
    try:
        rows = list(_rows(path, path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([_problem(path, 1, f"a readable UTF-8 file; {type(error).__name__}")]) from None
    problems, samples, seen = list[ConfigProblem](), list[Sample](), set[str]()
    for line, row in rows:
        complaint = _complaint(row, line, seen)
        if complaint is None and isinstance(row, dict):
            samples.append(_sample(row, line))
            seen.add(samples[-1].id)
        else:
            problems.append(_problem(path, line, complaint or "a sample"))
    if problems or not samples:
        raise ConfigError(problems or [_problem(path, 1, "at least one sample")])
    return Dataset(tuple(samples), _digest(samples))


def _rows(path: Path, text: str) -> Iterator[tuple[int, object]]:
    if path.suffix == ".csv":
        reader = csv.DictReader(io.StringIO(text))
        for row in reader:
            tags = [tag for tag in (row.get("tags") or "").split(";") if tag]
            yield reader.line_num, {name: cell for name, cell in row.items() if cell} | {"tags": tags}
    elif path.suffix == ".jsonl":
        for line, content in enumerate(text.splitlines(), 1):
            if content.strip():
                yield line, _parsed_json(path, line, content)
    else:
        yield from _yaml_rows(path, text)


def _parsed_json(path: Path, line: int, content: str) -> object:
    try:
        return json.loads(content)
    except ValueError as error:
        raise ConfigError([_problem(path, line, f"one JSON object; {error}")]) from None


def _yaml_rows(path: Path, text: str) -> Iterator[tuple[int, object]]:
    try:
        root, values = yaml.compose(text, yaml.CSafeLoader), yaml.load(text, yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = 1 if error.problem_mark is None else error.problem_mark.line + 1
        raise ConfigError([_problem(path, line, f"YAML; {error.problem}")]) from None
    if not isinstance(root, yaml.SequenceNode):
        raise ConfigError([_problem(path, 1, "a list of samples")])
    for node, value in zip(root.value, values, strict=True):
        yield node.start_mark.line + 1, value


def _complaint(row: object, line: int, seen: set[str]) -> str | None:
    if not isinstance(row, dict):
        return "a sample with `input` and `target`"
    if unknown := sorted(str(name) for name in set(row) - FIELDS):
        return f"only {', '.join(sorted(FIELDS))}, not {', '.join(unknown)}"
    for name in ("input", "target"):
        if not isinstance(row.get(name), str) or not row[name].strip():
            return f"`{name}` as text that is not empty"
    tags = row.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return "`tags` as a list of words"
    if str(row.get("id", line)) in seen:
        return f"ids that differ, and {row.get('id', line)!r} occurs twice"
    return None


def _sample(row: dict[str, object], line: int) -> Sample:
    tags = row.get("tags", [])
    return Sample(
        id=str(row.get("id", line)),
        input=str(row["input"]),
        target=str(row["target"]),
        split=str(row.get("split", "test")),
        tags=frozenset(tags if isinstance(tags, list) else []),
    )


def _digest(samples: list[Sample]) -> str:
    rows = [[item.id, item.input, item.target, item.split, sorted(item.tags)] for item in samples]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=True).encode()).hexdigest()


def _problem(path: Path, line: int, expected: str) -> ConfigProblem:
    return ConfigProblem(str(path), line, 1, "dataset", expected)
