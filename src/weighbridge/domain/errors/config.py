"""What is wrong in config files, all at once and each with its place."""

from collections.abc import Sequence
from dataclasses import dataclass

from weighbridge.domain.errors.base import WeighbridgeError


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing wrong in a config file."""

    file: str
    """Path as the operator gave it."""
    line: int
    """From 1."""
    column: int
    """From 1."""
    key: str
    """Dotted path of the key, such as `tasks.tag.limits.max_cost`."""
    expected: str
    """What belongs there."""
    nearest: str | None = None
    """The closest valid name, when the problem is a name."""

    def __str__(self) -> str:
        hint = f" Did you mean {self.nearest!r}?" if self.nearest else ""
        return f"{self.file}:{self.line}:{self.column}: {self.key}: expected {self.expected}.{hint}"


class ConfigError(WeighbridgeError):
    """The config cannot be used; `problems` lists everything wrong with it at once."""

    code = "config_invalid"

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        listing = "\n".join(str(problem) for problem in problems)
        condition = f"The config has {len(problems)} problem{'s' if len(problems) != 1 else ''}:\n{listing}"
        super().__init__(condition, advice="Correct the file and run `weighbridge check`.")
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return f"{self.condition}\n{self.advice}"
