"""Secrets by reference: resolved, never shown."""

from pathlib import Path

import pytest

from config.files import MODELS, only_problem, policy_of, problems_of
from weighbridge.config.secrets import resolve_secret
from weighbridge.domain.caller import Caller
from weighbridge.domain.levels import Sensitivity

HOST = "hosts:\n  main: {dialect: openai_chat, provider: openai, base_url: https://api.example/v1, credential: %s}\n"
KEYS = """keys:
  app: {secret: '${env:APP}'}
  web: {secret: '${env:WEB}', may_pin: false, tasks: [tag], sensitivity: public}
"""


def test_an_environment_variable_is_resolved(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, MODELS + HOST % "'${env:OPENAI_API_KEY}'", {"OPENAI_API_KEY": "sk-very-secret\n"})
    credential = policy.hosts["main"].credential
    assert credential is not None
    assert (credential.reference, credential.value) == ("${env:OPENAI_API_KEY}", "sk-very-secret")
    assert "sk-very-secret" not in repr(policy)


def test_a_secret_file_counts_from_the_config(tmp_path: Path) -> None:
    (tmp_path / "openai.key").write_text("sk-from-file\n")
    credential = policy_of(tmp_path, MODELS + HOST % '"${file:openai.key}"').hosts["main"].credential
    assert credential is not None
    assert credential.value == "sk-from-file"


@pytest.mark.parametrize("literal", ["sk-proj-0123456789", "$OPENAI_API_KEY", "'${env:A} sk-proj-0123456789'", "12345"])
def test_a_literal_secret_is_refused_and_not_shown(tmp_path: Path, literal: str) -> None:
    problem = only_problem(tmp_path, MODELS + HOST % literal, {"A": "b"})
    assert problem.key == "hosts.main.credential"
    assert (problem.line, problem.column) == (14, HOST.splitlines()[1].index("%s") + 1)
    assert "a reference, ${env:NAME} or ${file:PATH}" in problem.expected
    assert "sk-proj" not in str(problem)
    assert "12345" not in str(problem)


def test_a_secret_in_the_wrong_place_is_not_shown_either(tmp_path: Path) -> None:
    main = MODELS + HOST % "'${env:A}'" + "keys: sk-proj-1\nbudgets: {b: {limit_usd: sk-proj-2, period: sk-proj-3}}\n"
    listing = "\n".join(str(problem) for problem in problems_of(tmp_path, main, {"A": "b"}))
    assert "sk-proj" not in listing


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("${env:ABSENT}", "the environment variable ABSENT to be set and not empty"),
        ("${env:BLANK}", "the environment variable BLANK to be set and not empty"),
        ("${env:LINES}", "the environment variable LINES to hold one line of printable ASCII"),
        ("${file:gone.key}", "the file gone.key to be readable (no such file or directory)"),
        ("${file:empty.key}", "the file empty.key to hold the secret; it is empty"),
        ("${file:large.key}", "the file large.key to have at most 65536 bytes"),
        ("${file:a\0b}", "to be readable (it cannot be read)"),
        ("${vault:x}", "a reference, ${env:NAME} or ${file:PATH}"),
    ],
)
def test_a_secret_that_is_not_there_says_what_is_needed(tmp_path: Path, reference: str, expected: str) -> None:
    (tmp_path / "empty.key").touch()
    (tmp_path / "large.key").write_bytes(b"x" * 70_000)
    with pytest.raises(ValueError) as raised:
        resolve_secret(reference, {"BLANK": " ", "LINES": "a\nb"}, tmp_path)
    assert expected in str(raised.value)


def test_keys_become_callers(tmp_path: Path) -> None:
    app, web = policy_of(tmp_path, MODELS + KEYS, {"APP": "one", "WEB": "two"}).keys
    assert (app.caller.name, app.caller.may_pin, app.caller.tasks, app.secret.value) == ("app", True, None, "one")
    assert web.caller == Caller("web", Sensitivity.PUBLIC, may_pin=False, tasks=frozenset({"tag"}))


def test_two_keys_with_one_secret_are_refused(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, MODELS + KEYS, {"APP": "same", "WEB": "same"})
    assert problem.key == "keys.web.secret"
    assert "key app has the same one" in problem.expected
    assert "same'" not in str(problem)
