"""Datasets: what is asked and what would be right, from YAML, JSON Lines or CSV."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

from weighbridge.domain.errors import ConfigError, ConfigProblem
from weighbridge.domain.material import Source

FIELDS = frozenset(
    {"id", "input", "target", "split", "tags", "group", "refuses", "cites", "sources", "answer", "is_good"}
)
LISTS = ("tags", "cites")


@dataclass(frozen=True, slots=True)
class Sample:
    """One question with its right answer."""

    id: str
    """Unique in its dataset; the line number where none is stated."""
    input: str
    """What the user says."""
    target: str | None
    """What a scorer compares with; JSON text where it is an object. `None` where the right answer is a refusal, or
    what it cites is all that counts."""
    split: str = "test"
    """Which part of the dataset it belongs to, such as `train` or `test`."""
    tags: frozenset[str] = frozenset()
    """Slices that it belongs to."""
    group: str | None = None
    """Samples of one group, such as paraphrases, are not independent and count as one."""
    refuses: bool = False
    """The right answer is a refusal."""
    cites: tuple[str, ...] = ()
    """Ids of the sources that a right answer cites, no more and no fewer."""
    sources: tuple[Source, ...] = ()
    """What is sent along for the answer to draw on."""
    answer: str | None = None
    """An answer that a person judged, to hold a judge model against."""
    is_good: bool | None = None
    """That judgement."""

    @property
    def cluster(self) -> str:
        """One independent unit: its group, else what is asked, so that a copied sample proves no more."""
        return self.group or "\0".join((self.input, *(source.text for source in self.sources)))


@dataclass(frozen=True, slots=True)
class Dataset:
    """Samples and the digest of the file they stand in."""

    samples: tuple[Sample, ...]
    """In the order of the file; at least one."""
    digest: str
    """sha256 of the file's bytes."""

    def part(self, split: str | None, tag: str | None = None) -> tuple[Sample, ...]:
        """The samples of a split and a slice; `None` stands for all."""
        return tuple(
            sample
            for sample in self.samples
            if (split is None or sample.split == split) and (tag is None or tag in sample.tags)
        )

    @property
    def splits(self) -> list[str]:
        """Names of its parts."""
        return sorted({sample.split for sample in self.samples})


def load_dataset(path: Path) -> Dataset:
    """Read a dataset. Raises ConfigError with file and line of everything that is wrong."""
    try:
        content = path.read_bytes()
        rows = list(_rows(path, content.decode("utf-8")))
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
    return Dataset(tuple(samples), hashlib.sha256(content).hexdigest())


def dump_sample(sample: Sample) -> bytes:
    """One line of a JSON Lines dataset; what is at its default is left out."""
    row: dict[str, object] = {
        "id": sample.id,
        "input": sample.input,
        "target": sample.target,
        "split": sample.split,
        "tags": sorted(sample.tags) or None,
        "group": sample.group,
        "refuses": sample.refuses or None,
        "cites": sample.cites or None,
        "sources": [{"id": item.id, "text": item.text, "is_deprecated": item.is_deprecated} for item in sample.sources]
        or None,
        "answer": sample.answer,
        "is_good": sample.is_good,
    }
    stated = {name: value for name, value in row.items() if value is not None}
    return orjson.dumps(stated, option=orjson.OPT_APPEND_NEWLINE)


def _rows(path: Path, text: str) -> Iterator[tuple[int, object]]:
    if path.suffix == ".csv":
        reader = csv.DictReader(io.StringIO(text))
        for row in reader:
            yield reader.line_num, _from_csv(row)
    elif path.suffix == ".jsonl":
        for line, content in enumerate(text.splitlines(), 1):
            if content.strip():
                yield line, _parsed_json(path, line, content)
    else:
        yield from _yaml_rows(path, text)


def _from_csv(row: Mapping[str, str | None]) -> dict[str, object]:
    stated: dict[str, object] = {name: cell for name, cell in row.items() if cell}
    stated |= {name: [part for part in (row.get(name) or "").split(";") if part] for name in LISTS}
    flags = {name: (row.get(name) or "").strip().casefold() for name in ("refuses", "is_good")}
    return stated | {name: text in {"true", "1", "yes"} for name, text in flags.items() if text}


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
    if str(row.get("id", line)) in seen:
        return f"ids that differ, and {row.get('id', line)!r} occurs twice"
    return next((expected for is_right, expected in _RULES if not is_right(row)), None)


def _has_answer(row: Mapping[str, object]) -> bool:
    target = row.get("target")
    is_stated = bool(target.strip()) if isinstance(target, str) else isinstance(target, int | float | dict | list)
    return is_stated or row.get("refuses") is True or bool(row.get("cites"))


def _is_source(item: object) -> bool:
    return isinstance(item, dict) and isinstance(item.get("id"), str) and isinstance(item.get("text"), str)


def _is_list(value: object, fits: Callable[[object], bool]) -> bool:
    return isinstance(value, list) and all(map(fits, value))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


_RULES: tuple[tuple[Callable[[Mapping[str, object]], bool], str], ...] = (
    (lambda row: isinstance(row.get("input"), str) and bool(str(row["input"]).strip()), "`input` as text, not empty"),
    (_has_answer, "`target` (text, a number or a JSON object) that is not empty, or `refuses: true`, or `cites`"),
    (lambda row: _is_list(row.get("tags", []), _is_text), "`tags` as a list of words"),
    (lambda row: _is_list(row.get("cites", []), _is_text), "`cites` as a list of source ids"),
    (lambda row: _is_list(row.get("sources", []), _is_source), "`sources` as a list of `{id, text}`"),
    (
        lambda row: (row.get("answer") is None) == (row.get("is_good") is None),
        "`answer` together with `is_good`: what a person thought of that answer",
    ),
)


def _sample(row: Mapping[str, Any], line: int) -> Sample:
    target = row.get("target")
    return Sample(
        id=str(row.get("id", line)),
        input=row["input"],
        target=target if target is None or isinstance(target, str) else orjson.dumps(target).decode(),
        split=str(row.get("split", "test")),
        tags=frozenset(row.get("tags", [])),
        group=None if row.get("group") is None else str(row["group"]),
        refuses=bool(row.get("refuses", False)),
        cites=tuple(row.get("cites", ())),
        sources=tuple(
            Source(item["id"], item["text"], is_deprecated=bool(item.get("is_deprecated")))
            for item in row.get("sources", [])
        ),
        answer=row.get("answer"),
        is_good=row.get("is_good"),
    )


def _problem(path: Path, line: int, expected: str) -> ConfigProblem:
    return ConfigProblem(str(path), line, 1, "dataset", expected)
