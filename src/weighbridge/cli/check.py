"""`weighbridge check`: everything that is wrong with a config, at once."""

import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from weighbridge.cli.common import Json, found_config, print_json, print_lines
from weighbridge.config.load import load_policy
from weighbridge.config.schema import config_schema, task_schema
from weighbridge.domain.errors import ConfigError
from weighbridge.domain.policy import Policy
from weighbridge.domain.proof import ProofState
from weighbridge.pipeline.wire import derive_at, standings

File = Annotated[Path | None, Parameter(help="Config file; ./weighbridge.yaml if there is one, else the demo.")]
Schema = Annotated[
    Literal["config", "task"] | None,
    Parameter(help="Print the JSON Schema of the config or of a task's file, for an editor, and check nothing."),
]


def check(file: File = None, *, schema: Schema = None, json: Json = False) -> int:
    """Load a config and say what it holds, or list every problem with file, line, column and the nearest valid name."""
    if schema is not None:
        print_json(config_schema() if schema == "config" else task_schema())
        return 0
    path = found_config(file)
    try:
        policy = derive_at(load_policy(path, os.environ), path).policy
    except ConfigError as error:
        if not json:
            raise
        print_json({"ok": False, "problems": [asdict(problem) for problem in error.problems]})
        return 2
    if json:
        print_json({"ok": True, **_summary(policy), "notes": list(_notes(policy))})
    else:
        print_lines(f"{path or 'the built-in demo'} is valid.", *(f"{key}: {value}" for key, value in _shown(policy)))
        for note in _notes(policy):
            print_lines(f"note: {note}")
    return 0


def _summary(policy: Policy) -> dict[str, object]:
    return {
        "digest": policy.digest,
        "models": list(policy.models),
        "tasks": list(policy.tasks),
        "unpriced_models": [name for name, model in policy.models.items() if model.price is None],
    }


def _notes(policy: Policy) -> Iterator[str]:
    """What is allowed, and not what anybody wants for long: gates without a dataset or without proofs."""
    today, known = datetime.now(UTC).date(), standings(policy)
    for task in policy.tasks.values():
        if task.router is not None and task.router.model is None:
            why = "is not there" if task.router.file_digest is None else "was learned from other models or instructions"
            advice = f"`weighbridge eval calibrate {task.name} --by predicted_gain` makes one"
            yield f"{task.name}: its router {task.router.path} {why}, so predicted_gain is unknown; {advice}."
        if task.gate is None:
            continue
        if task.gate.dataset_digest is None:
            yield f"{task.name}: its dataset {task.gate.dataset} is not there, so nothing can be proved on it."
        for model in task.models:
            state = known[task.name, model].on(today)
            if state is not ProofState.PROVED:
                advice = f"`weighbridge eval gate {task.name} --models {model}` makes one"
                yield f"{task.name}: {model} has no proof that holds ({state.value}); {advice}."


def _shown(policy: Policy) -> list[tuple[str, str]]:
    def listed(value: object) -> str:
        return (", ".join(value) or "none") if isinstance(value, list) else str(value)

    return [(key.replace("_", " "), listed(value)) for key, value in _summary(policy).items()]
