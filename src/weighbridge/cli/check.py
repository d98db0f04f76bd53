"""`weighbridge check`: everything that is wrong with a config, at once."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from weighbridge.cli.common import Json, found_config, print_json, print_lines
from weighbridge.config.load import load_policy
from weighbridge.domain.errors import ConfigError
from weighbridge.domain.policy import Policy


def check(file: Annotated[Path | None, Parameter(help="Config file.")] = None, *, json: Json = False) -> int:
    """Load a config and say what it holds, or list every problem with file, line, column and the nearest valid name."""
    path = found_config(file)
    try:
        policy = load_policy(path, os.environ)
    except ConfigError as error:
        if not json:
            raise
        print_json({"ok": False, "problems": [asdict(problem) for problem in error.problems]})
        return 2
    if json:
        print_json({"ok": True, **_summary(policy)})
    else:
        print_lines(f"{path or 'the built-in demo'} is valid.", *(f"{key}: {value}" for key, value in _shown(policy)))
    return 0


def _summary(policy: Policy) -> dict[str, object]:
    return {
        "digest": policy.digest,
        "models": list(policy.models),
        "tasks": list(policy.tasks),
        "unpriced_models": [name for name, model in policy.models.items() if model.price is None],
    }


def _shown(policy: Policy) -> list[tuple[str, str]]:
    def listed(value: object) -> str:
        return (", ".join(value) or "none") if isinstance(value, list) else str(value)

    return [(key.replace("_", " "), listed(value)) for key, value in _summary(policy).items()]
