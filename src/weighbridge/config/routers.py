"""Learned routers on disk: JSON artefacts beside the config, bound to the models and the task they are learned from."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import orjson
from pydantic import TypeAdapter, ValidationError

from weighbridge.config.gate import bindings_of, file_digest
from weighbridge.domain.difficulty import DifficultyModel
from weighbridge.domain.errors import ConfigError, ConfigProblem
from weighbridge.domain.policy import Policy
from weighbridge.domain.task import Router, Task

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def with_routers(policy: Policy, folder: Path) -> Policy:
    """The policy with those artefacts that are there and fit. Raises ConfigError for one that was changed by hand."""
    tasks = {name: _with_router(policy, task, folder) for name, task in policy.tasks.items()}
    return replace(policy, tasks=tasks)


def _with_router(policy: Policy, task: Task, folder: Path) -> Task:
    if task.router is None:
        return task
    path = folder / task.router.path
    model = read_router(path)
    if model is not None and model.bindings != router_bindings(policy, task.name):
        model = None
    return replace(task, router=Router(task.router.path, model, file_digest(path)))


def router_bindings(policy: Policy, task: str) -> Mapping[str, str]:
    """What a router is learned from beside the samples → its sha256: both models' ways to the task's answers."""
    record = policy.tasks[task]
    bindings = dict[str, str]()
    for side, model in (("weak", record.primary_model), ("strong", record.fallback_models[0])):
        found = bindings_of(policy, task, model)
        bindings |= {f"{side}_{name}": found[name] for name in ("record", "prompt", "contract", "model")}
    return bindings


def read_router(path: Path) -> DifficultyModel | None:
    """The artefact; `None` where there is none yet. Raises ConfigError for one that is broken or was changed."""
    try:
        return from_json(path.read_bytes(), str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        expected = f"a readable file ({(error.strerror or 'it cannot be read').lower()})"
        raise ConfigError([ConfigProblem(str(path), 1, 1, "router", expected)]) from None


def to_json(model: DifficultyModel) -> bytes:
    """The artefact, with its own sha256."""
    content = asdict(model)
    return orjson.dumps({"digest": _digest(content), "model": content}, option=_OPTIONS)


def from_json(content: bytes, name: str = "the router") -> DifficultyModel:
    """Read an artefact. Raises ConfigError when it is none, or was changed."""
    try:
        row = orjson.loads(content)
        model = TypeAdapter(DifficultyModel).validate_python(row["model"])
        is_whole = row["digest"] == _digest(asdict(model))
    except (ValidationError, orjson.JSONDecodeError, KeyError, TypeError):
        is_whole = False
    if not is_whole:
        expected = "an artefact that `weighbridge eval calibrate` made and nobody changed; make it anew"
        raise ConfigError([ConfigProblem(name, 1, 1, "router", expected)])
    return model


def _digest(content: Mapping[str, object]) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
