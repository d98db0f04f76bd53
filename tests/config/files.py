"""Config files for tests: a small valid config, and what a changed one complains about."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from weighbridge.config.load import load_policy
from weighbridge.domain.errors import ConfigError, ConfigProblem
from weighbridge.domain.policy import Policy

MODELS = """version: 1
models:
  small:
    host: simulated
    context_window_tokens: 16000
    max_output_tokens: 1000
    tier: small
  strong:
    host: simulated
    context_window_tokens: 128000
    max_output_tokens: 4000
    tier: frontier
"""
TASK = """task: tag
risk_level: low
primary_model: small
fallback_model: strong
"""


def write(folder: Path, main: str = MODELS, **tasks: str) -> Path:
    """A main file and task files; returns the main file's path."""
    (folder / "tasks").mkdir(exist_ok=True)
    for name, text in (tasks or {"tag": TASK}).items():
        (folder / "tasks" / f"{name}.yaml").write_text(text)
    path = folder / "weighbridge.yaml"
    path.write_text(main)
    return path


def policy_of(folder: Path, main: str = MODELS, env: Mapping[str, str] | None = None, **tasks: str) -> Policy:
    """The policy of these files."""
    return load_policy(write(folder, main, **tasks), env or {})


def problems_of(
    folder: Path, main: str = MODELS, env: Mapping[str, str] | None = None, **tasks: str
) -> list[ConfigProblem]:
    """What is wrong with these files."""
    path = write(folder, main, **tasks)
    with pytest.raises(ConfigError) as raised:
        load_policy(path, env or {})
    return list(raised.value.problems)


def only_problem(folder: Path, main: str = MODELS, env: Mapping[str, str] | None = None, **tasks: str) -> ConfigProblem:
    """The one thing that is wrong with these files."""
    problems = problems_of(folder, main, env, **tasks)
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]
