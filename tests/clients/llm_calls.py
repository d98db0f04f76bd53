"""The `llm` command line, configured through extra-openai-models.yaml."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

URL, KEY = os.environ["WEIGHBRIDGE_URL"], os.environ["WEIGHBRIDGE_KEY"]
LLM = Path(sys.executable).with_name("llm")
MODELS = """
- {{model_id: reason, model_name: task/reason, api_base: "{url}/v1", api_key_name: gateway, supports_schema: true}}
- {{model_id: classify, model_name: task/classify, api_base: "{url}/v1", api_key_name: gateway}}
- {{model_id: caller, model_name: tool-caller, api_base: "{url}/v1", api_key_name: gateway, supports_tools: true}}
- {{model_id: unknown, model_name: gpt-99, api_base: "{url}/v1", api_key_name: gateway}}
- {{model_id: keyless, model_name: auto, api_base: "{url}/v1"}}
"""
Llm = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def llm(tmp_path: Path) -> Llm:
    (tmp_path / "extra-openai-models.yaml").write_text(MODELS.format(url=URL))
    (tmp_path / "keys.json").write_text(json.dumps({"gateway": KEY}))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "LLM_USER_PATH": str(tmp_path)}
        return subprocess.run([LLM, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.mark.parametrize("stream", [[], ["--no-stream"]])
def test_a_prompt_is_answered(llm: Llm, stream: list[str]) -> None:
    done = llm("-m", "classify", "-s", "Be brief.", *stream, "Attached invoice for March.")
    assert (done.stdout.strip(), done.stderr) == ("invoice", "")


def test_options_are_taken(llm: Llm) -> None:
    done = llm("-m", "reason", "-o", "temperature", "0.1", "-o", "max_tokens", "50", "-o", "seed", "7", "Why?")
    assert done.stdout.strip() == "legal"


def test_usage_is_shown_and_logged(llm: Llm) -> None:
    assert "input" in llm("-m", "reason", "-u", "Why?").stderr
    (entry,) = json.loads(llm("logs", "--json").stdout)
    assert (entry["response"], entry["input_tokens"] > 0) == ("legal", True)


def test_a_conversation_goes_on(llm: Llm) -> None:
    llm("-m", "reason", "Why?")
    assert llm("-c", "And why that?").stdout.strip() == "legal"


def test_a_schema_is_answered_with_json(llm: Llm) -> None:
    done = llm("-m", "reason", "--schema", "name, age int", "A dog.")
    assert set(json.loads(done.stdout)) == {"name", "age"}


@pytest.mark.parametrize("stream", [[], ["--no-stream"]])
def test_a_tool_is_run_and_its_result_taken(llm: Llm, stream: list[str]) -> None:
    tool = 'def shout(text: str) -> str:\n    "Make it loud."\n    return text.upper()\n'
    done = llm("-m", "caller", "--functions", tool, "--tools-debug", *stream, "hello")
    assert "HELLO" in done.stderr
    assert "hello" in done.stdout


@pytest.mark.parametrize(("model", "said"), [("unknown", "gpt-99"), ("keyless", "does not know this key")])
def test_an_error_says_what_is_so(llm: Llm, model: str, said: str) -> None:
    done = llm("-m", model, "x")
    assert done.returncode != 0
    assert said in done.stderr
