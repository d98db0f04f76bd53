"""`load_policy`: the config on disk → the policy in force, or everything that is wrong with it at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.config.known import Known, TaskEntry, gather
from weighbridge.config.proofs import proof_files
from weighbridge.config.secrets import secret_files
from weighbridge.config.sources import PRICE_LIST, Sources, read_sources, task_files
from weighbridge.domain.errors import ConfigError, ConfigProblem
from weighbridge.domain.policy import Policy

if TYPE_CHECKING:
    from weighbridge.config.schema import MainFile
    from weighbridge.config.schema_task import TaskFields

DEMO = Path(__file__).parent / "demo" / "weighbridge.yaml"


def load_policy(path: Path | None, env: Mapping[str, str]) -> Policy:
    """The policy of the config at `path`; `None` for the built-in demo portfolio.

    `env` holds the variables that `${env:NAME}` may refer to. Raises ConfigError with all problems of all files.
    """
    from weighbridge.config.build import build_policy  # loads pydantic and the rows, which takes 0.2 s

    main_path = path or DEMO
    sources = read_sources(main_path)
    known = None if sources.main.is_broken else gather(sources.main, sources.tasks, env, main_path.parent)
    main, main_problems = _main(sources, known)
    tasks, task_problems = _tasks(sources.tasks, known)
    problems = _in_order(sources, [*sources.problems, *main_problems, *task_problems])
    if problems or main is None:
        raise ConfigError(problems)
    return build_policy(main, tasks, Path() if path is None else path.parent, datetime.now(UTC).date())


def config_fingerprint(path: Path) -> str:
    """Names, sizes and times of the main file, the files of tasks, secrets, prices and proofs; never raises.

    Cheap enough for every second: one read of the main file, and one `stat` for each file.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    files = [
        path,
        path.with_name(PRICE_LIST),
        *_listed(path),
        *secret_files(text, path.parent),
        *proof_files(path.parent),
    ]
    return stamps_of(files)


def _listed(path: Path) -> list[Path]:
    try:
        return task_files(path)
    except OSError:
        return []


def stamps_of(files: Iterable[Path]) -> str:
    """Names, sizes and times of files, whether they are there or not."""
    return "\n".join(f"{file} {_stamp(file)}" for file in files)


def _stamp(file: Path) -> str:
    try:
        found = file.stat()
    except (OSError, ValueError):
        return "absent"
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"


def _main(sources: Sources, known: Known | None) -> "tuple[MainFile | None, list[ConfigProblem]]":
    from weighbridge.config.checking import check_row
    from weighbridge.config.schema import MainFile

    if known is None:
        return None, []
    values = {key: value for key, value in sources.main.values.items() if key != "tasks" and value is not None}
    main, problems = check_row(MainFile, values, sources.main, (), known)
    return main, problems if main is None else _shared_secrets(main, sources)


def _shared_secrets(main: "MainFile", sources: Sources) -> list[ConfigProblem]:
    holders: dict[str, str] = {}
    problems = []
    for name, row in main.keys.items():
        holder = holders.setdefault(row.secret.value, name)
        if holder != name:
            expected = f"a secret of its own; key {holder} has the same one, so nobody could tell the two callers apart"
            problems.append(sources.main.problem(("keys", name, "secret"), expected))
    return problems


def _tasks(entries: Sequence[TaskEntry], known: Known | None) -> "tuple[dict[str, TaskFields], list[ConfigProblem]]":
    from weighbridge.config.checking import check_row
    from weighbridge.config.schema_task import TaskFields, TaskRow

    tasks: dict[str, TaskFields] = {}
    problems: list[ConfigProblem] = []
    for entry in entries:
        if entry.document.is_broken:
            continue
        kind = TaskRow if entry.key is None else TaskFields
        row, found = check_row(kind, entry.values, entry.document, entry.path, known)
        problems += found
        if row is not None and entry.name is not None:
            tasks[entry.name] = row
    return tasks, problems


def _in_order(sources: Sources, problems: list[ConfigProblem]) -> list[ConfigProblem]:
    """By file and place, and one for each key: a value that is wrong in two ways is told once."""
    files = sources.files
    first: dict[tuple[str, int, int, str], ConfigProblem] = {}
    for problem in problems:
        first.setdefault((problem.file, problem.line, problem.column, problem.key), problem)
    return sorted(first.values(), key=lambda item: (files.index(item.file), item.line, item.column))
