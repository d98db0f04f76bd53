"""The JSON Schemas that editors read agree with what the loader accepts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from weighbridge.config.load import DEMO
from weighbridge.config.schema import config_schema, task_schema

SUPPORT = Path(__file__).parents[2] / "examples" / "support" / "weighbridge.yaml"


def fields_of(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            yield f"{path}.{name}", field
        for name, below in schema.items():
            yield from fields_of(below, f"{path}.{name}")


@pytest.mark.parametrize("schema", [config_schema(), task_schema()], ids=["config", "task"])
def test_every_field_has_a_description(schema: dict[str, Any]) -> None:
    rows = schema["$defs"]
    described = {
        path: field.get("description") or rows[field["$ref"].rpartition("/")[2]]["description"]
        for path, field in fields_of(schema)
    }
    assert len(described) > 40
    assert all(described.values())


@pytest.mark.parametrize("main", [DEMO, SUPPORT], ids=["demo", "support"])
def test_the_schemas_accept_what_ships(main: Path) -> None:
    config, task = jsonschema_rs.validator_for(config_schema()), jsonschema_rs.validator_for(task_schema())
    config.validate(yaml.safe_load(main.read_text()))
    for file in (main.parent / "tasks").glob("*.yaml"):
        task.validate(yaml.safe_load(file.read_text()))


@pytest.mark.parametrize(
    "change",
    [
        {"risk_level": "severe"},
        {"primery_model": "x"},
        {"quality_gate": {"dataset": "x", "minimun_f1": 0.5}},
        {"quality_gate": {"dataset": "x", "minimum_f1": 92}},
        {"observability": {"log_fields": ["rout"]}},
        {"limits": {"max_attempts": 0}},
        {"routing_policy": {"use_primary_when": ""}},
    ],
)
def test_the_task_schema_marks_mistakes(change: dict[str, object]) -> None:
    validator = jsonschema_rs.validator_for(task_schema())
    record: dict[str, object] = {"task": "tag", "risk_level": "low", "primary_model": "x", "fallback_model": "y"}
    assert validator.is_valid(record)
    assert not validator.is_valid({**record, **change})


def test_the_config_schema_marks_mistakes() -> None:
    validator = jsonschema_rs.validator_for(config_schema())
    model = {"host": "simulated", "context_window_tokens": 9, "max_output_tokens": 9}
    config = {"version": 1, "models": {"a": model}, "keys": {"app": {"secret": "${env:APP}"}}}
    assert validator.is_valid(config)
    assert not validator.is_valid({**config, "version": 2})
    assert not validator.is_valid({**config, "keys": {"app": {"secret": "literal"}}})
    assert not validator.is_valid({**config, "models": {"a": {**model, "tokenizer": "o200k"}}})
