"""The files of a config: the main file, and one file for each selection record in the folder `tasks` beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from weighbridge.config.known import TaskEntry
from weighbridge.config.positions import Document, read_document, unreadable
from weighbridge.domain.errors import ConfigProblem

TASK_FOLDER = "tasks"
SUFFIXES = {".yaml", ".yml"}

PRICE_LIST = "prices.yaml"
"""Reviewed prices, beside the main file."""


@dataclass(frozen=True, slots=True)
class Sources:
    """A config as it was read."""

    main: Document
    """`weighbridge.yaml`."""
    tasks: tuple[TaskEntry, ...]
    """Selection records: those of the main file, then those of the folder by file name."""
    problems: tuple[ConfigProblem, ...]
    """What is wrong before any row is checked."""

    @property
    def files(self) -> list[str]:
        """All files, in the order in which their problems are listed."""
        return list(dict.fromkeys([self.main.file, *(entry.document.file for entry in self.tasks)]))


def read_sources(path: Path) -> Sources:
    """Read everything; never raises for what is in a file or for one that is not there."""
    main = read_document(path)
    try:
        documents = [read_document(file) for file in task_files(path)]
    except OSError as error:
        documents = [unreadable(path.parent / TASK_FOLDER, error)]
    beside = [TaskEntry(document, (), document.values, None) for document in documents]
    inline = [*_inline(main)]
    tasks = (*(entry for entry in inline if isinstance(entry, TaskEntry)), *beside)
    problems = [entry for entry in inline if isinstance(entry, ConfigProblem)]
    problems += [problem for document in (main, *(entry.document for entry in beside)) for problem in document.problems]
    problems += _repeated(tasks)
    if not tasks and not main.is_broken:
        problems.append(main.problem(("tasks",), f"at least one task, here or in {TASK_FOLDER}/*.yaml"))
    return Sources(main, tasks, tuple(problems))


def task_files(path: Path) -> list[Path]:
    """The task files beside a main file, by name; none where there is no folder. Raises OSError for a broken one."""
    try:
        files = list((path.parent / TASK_FOLDER).iterdir())
    except FileNotFoundError:
        return []
    return sorted(file for file in files if file.suffix in SUFFIXES and not file.name.startswith("."))


def _inline(main: Document) -> Iterator[TaskEntry | ConfigProblem]:
    section = main.values.get("tasks")
    if isinstance(section, dict):
        rows = [(key, key, row) for key, row in section.items()]
    elif isinstance(section, list):
        rows = [(index, None, row) for index, row in enumerate(section)]
    else:
        rows = []
        if section is not None:
            yield main.problem(("tasks",), "a mapping of task names to records, or a list of records")
    for step, key, row in rows:
        if isinstance(row, dict):
            yield TaskEntry(main, ("tasks", step), row, key)
        else:
            yield main.problem(("tasks", step), "a mapping of keys to values")


def _repeated(tasks: tuple[TaskEntry, ...]) -> Iterator[ConfigProblem]:
    first: dict[str, TaskEntry] = {}
    for entry in tasks:
        if entry.name is None:
            continue
        before = first.setdefault(entry.name, entry)
        if before is not entry:
            where = f"{before.document.file}:{_place(before)}"
            path = entry.path if entry.key is not None else (*entry.path, "task")
            yield entry.document.problem(path, f"a name of its own; {where} declares this task too")


def _place(entry: TaskEntry) -> int:
    return entry.document.place(entry.path if entry.key is not None else (*entry.path, "task")).key_line
