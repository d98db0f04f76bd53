"""What is refused before the gateway opens."""

from dataclasses import replace
from pathlib import Path

import pytest

from make import a_policy, a_task
from weighbridge.config.load import load_policy
from weighbridge.domain.errors import ConfigError
from weighbridge.domain.policy import Host
from weighbridge.domain.secret import Secret
from weighbridge.domain.task import Contract, ReviewRule
from weighbridge.pipeline.wire import derive, derive_at

CONFIG = """
version: 1
hosts:
  odd: {dialect: simulated, options: {latency: 1}}
models:
  one: {host: odd, price: {input_usd_per_million: 1, output_usd_per_million: 1},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}
"""
TASK = """task: tag
risk_level: low
primary_model: one
output: {labels: [yes-please, no-thanks]}
degrade: {answer: perhaps}
"""


def test_a_simulated_host_with_an_unknown_option_is_named() -> None:
    host = Host("simulated", "simulated", "simulated", options={"latency": 1})
    with pytest.raises(
        ConfigError, match=r"hosts.simulated: expected a host that can be called; 'latency' is no option"
    ):
        derive(replace(a_policy(), hosts={"simulated": host}))


def test_a_schema_that_answers_could_not_be_held_against_is_named() -> None:
    schema = '{"$ref": "http://127.0.0.1/x"}'
    with pytest.raises(ConfigError, match=r"tasks.tag.output.json_schema: expected a JSON Schema within"):
        derive(a_policy(a_task(contract=Contract(schema_json=schema))))


def test_a_webhook_that_could_not_be_told_is_named_without_its_secret() -> None:
    rule = ReviewRule(webhook_url="https://x.test/hook", webhook_secret=Secret("${env:HOOK}", "no-such-form"))
    with pytest.raises(
        ConfigError, match=r"tasks\.tag\.review\.webhook: expected a webhook that can be told"
    ) as refused:
        derive(a_policy(a_task(review=rule)))
    assert "no-such-form" not in str(refused.value)


def test_a_declared_answer_must_be_one_that_its_task_accepts() -> None:
    task = a_task(contract=Contract(labels=("invoice", "other")), safe_answer="perhaps")
    with pytest.raises(ConfigError, match=r"tasks\.tag\.degrade\.answer: expected an answer that the task itself"):
        derive(a_policy(task))
    assert derive(a_policy(replace(task, safe_answer="other"))).policy.tasks["tag"].safe_answer == "other"


def test_what_is_found_after_loading_names_its_place_too(tmp_path: Path) -> None:
    config, task = tmp_path / "weighbridge.yaml", tmp_path / "tasks" / "tag.yaml"
    task.parent.mkdir()
    config.write_text(CONFIG)
    task.write_text(TASK)
    with pytest.raises(ConfigError) as host_refused:
        derive_at(load_policy(config, {}), config)
    config.write_text(CONFIG.replace("latency: 1", "latency_s: 1"))
    with pytest.raises(ConfigError) as answer_refused:
        derive_at(load_policy(config, {}), config)
    (host,), (declared,) = host_refused.value.problems, answer_refused.value.problems
    assert (host.file, host.line, host.key) == (str(config), 4, "hosts.odd")
    assert (declared.file, declared.line, declared.column) == (str(task), 5, 19)
    assert declared.key == "degrade.answer"


def test_keys_are_kept_only_as_digests() -> None:
    assert derive(a_policy()).callers == {}
