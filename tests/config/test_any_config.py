"""Whatever stands at whatever place of a config: a policy or a ConfigError, and never anything else."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from config.files import MODELS
from config.test_load import FULL_TASK
from weighbridge.config.load import load_policy
from weighbridge.domain.errors import ConfigError

FULL_MAIN: dict[str, Any] = {
    **yaml.safe_load(MODELS),
    "hosts": {"main": {"dialect": "openai_chat", "provider": "openai", "base_url": "http://x/v1", "region": "eu"}},
    "tasks": {"inline": {**yaml.safe_load(FULL_TASK), "allowed_regions": None}},
    "default_task": "inline",
    "signals": {"loud": {"kind": "matches", "pattern": "!"}},
    "budgets": {"all": {"limit_usd": 5, "period": "day"}},
    "keys": {"app": {"secret": "${env:APP}", "tasks": ["inline"]}},
    "store": {"path": "x.db"},
    "privacy": {"retention_days": 3},
    "recognise": {"example_threshold": 0.5},
}

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["${env:APP}", "simulated", "small", "1e999", "9" * 30, "minimum_x", "task/x", "[", "http://[", "🦀"]
    )
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


def replaced(tree: Any, steps: list[int], value: object) -> Any:
    """The tree with another value (or key) at a place that `steps` choose."""
    if not steps or not isinstance(tree, dict | list) or not tree:
        return value
    step, *rest = steps
    if isinstance(tree, list):
        place = step % len(tree)
        return [replaced(item, rest, value) if index == place else item for index, item in enumerate(tree)]
    chosen = list(tree)[step % len(tree)]
    changed = {key: replaced(item, rest, value) if key == chosen else item for key, item in tree.items()}
    if step % 7 == 6 and isinstance(value, str):
        changed[value] = changed.pop(chosen)
    return changed


@settings(deadline=None, max_examples=60)  # the first example loads the libraries
@given(st.lists(st.integers(0, 99), min_size=1, max_size=5), values)
def test_any_value_anywhere_gives_a_policy_or_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], value: object
) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "any" / "weighbridge.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(replaced(FULL_MAIN, steps, value)), encoding="utf-8", errors="replace")
    try:
        policy = load_policy(path, {"APP": "secret-value"})
    except ConfigError as error:
        assert all(problem.line > 0 and problem.expected for problem in error.problems)  # noqa: PT017
    else:
        assert len(policy.digest) == 64
