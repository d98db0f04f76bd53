"""Where a problem that was found after loading stands in the files."""

from pathlib import Path

from weighbridge.config.sources import read_sources
from weighbridge.domain.errors import ConfigProblem


def located(problem: ConfigProblem, path: Path) -> ConfigProblem:
    """The same problem with the file, line and column of its key in the config at `path`."""
    sources = read_sources(path)
    for entry in sources.tasks:
        prefix = f"tasks.{entry.name}."
        if problem.key.startswith(prefix):
            inner = problem.key.removeprefix(prefix).split(".")
            return entry.document.problem((*entry.path, *inner), problem.expected, problem.nearest)
    section, _, name = problem.key.partition(".")
    return sources.main.problem((section, name) if name else (section,), problem.expected, problem.nearest)
