"""What is refused before the gateway opens."""

from dataclasses import replace

import pytest

from make import a_policy, a_task
from weighbridge.domain.errors import ConfigError
from weighbridge.domain.policy import Contract, Host
from weighbridge.pipeline.wire import derive


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


def test_a_declared_answer_must_be_one_that_its_task_accepts() -> None:
    task = a_task(contract=Contract(labels=("invoice", "other")), safe_answer="perhaps")
    with pytest.raises(ConfigError, match=r"tasks\.tag\.degrade\.answer: expected an answer that the task itself"):
        derive(a_policy(task))
    assert derive(a_policy(replace(task, safe_answer="other"))).policy.tasks["tag"].safe_answer == "other"


def test_keys_are_kept_only_as_digests() -> None:
    assert derive(a_policy()).callers == {}
