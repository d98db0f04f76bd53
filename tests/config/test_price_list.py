"""Reviewed prices: they come before the catalogue and after what the config itself states."""

import json
from pathlib import Path

import pytest

from weighbridge.cli.main import invoke
from weighbridge.config.load import config_fingerprint, load_policy
from weighbridge.domain.errors import ConfigError
from weighbridge.domain.money import Money

CONFIG = """
version: 1
hosts:
  openai: {provider: openai, dialect: openai_chat, base_url: "https://api.openai.com/v1", credential: "${env:KEY}"}
models:
  gpt-5-mini: {host: openai, context_window_tokens: 200000, max_output_tokens: 4000, tier: frontier}
  own: {host: openai, context_window_tokens: 8000, max_output_tokens: 100, tier: frontier,
        price: {input_usd_per_million: 7, output_usd_per_million: 8}}
  nobody-knows: {host: openai, context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}
tasks:
  tag: {risk_level: low, primary_model: own, fallback_model: []}
default_task: tag
"""
ENV = {"KEY": "secret"}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", "secret")
    monkeypatch.setenv("COLUMNS", "140")
    path = tmp_path / "weighbridge.yaml"
    path.write_text(CONFIG)
    return path


def test_a_list_is_written_read_back_and_does_not_change_by_itself(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = load_policy(config, ENV).models["gpt-5-mini"].price
    assert before is not None
    assert before.origin.startswith("genai-prices")
    seen = config_fingerprint(config)
    assert invoke(["prices", "update"]) == 0
    assert "Nothing is written without --write" in capsys.readouterr().out
    assert invoke(["prices", "update", "--write", "--json"]) == 0
    told = {item["model"]: item["change"] for item in json.loads(capsys.readouterr().out)["models"]}
    assert told == {"gpt-5-mini": "none", "nobody-knows": "none"}
    after = load_policy(config, ENV).models["gpt-5-mini"].price
    assert after is not None
    assert (after.input, after.output, after.cache_read) == (before.input, before.output, before.cache_read)
    assert after.origin == f"prices.yaml: {before.origin}"
    assert config_fingerprint(config) != seen, "a running gateway notices"


def test_the_config_s_own_price_comes_first_and_the_list_before_the_catalogue(config: Path) -> None:
    row = "{input_usd_per_million: 1, output_usd_per_million: 2, from: a contract}"
    config.with_name("prices.yaml").write_text(f"prices: {{own: {row}, gpt-5-mini: {row}}}\n")
    models = load_policy(config, ENV).models
    own, listed = models["own"].price, models["gpt-5-mini"].price
    assert own is not None
    assert listed is not None
    assert (own.input, own.origin) == (Money(7_000_000), "config")
    assert (listed.input, listed.origin) == (Money(1_000_000), "prices.yaml: a contract")
    assert models["nobody-knows"].price is None


def test_a_change_of_a_listed_price_is_shown(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = "{input_usd_per_million: 1000, output_usd_per_million: 2000, from: long ago}"
    config.with_name("prices.yaml").write_text(f"prices: {{gpt-5-mini: {row}, nobody-knows: {row}}}\n")
    assert invoke(["prices", "update", "--json"]) == 0
    told = {item["model"]: item["change"] for item in json.loads(capsys.readouterr().out)["models"]}
    assert told == {"gpt-5-mini": "changed", "nobody-knows": "gone"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "prices: 3",
        "prices: {a: {}}",
        "prices: {a: {input_usd_per_million: -1, output_usd_per_million: 1, from: x}}",
    ],
)
def test_a_list_that_is_none_is_a_problem_of_the_config(config: Path, text: str) -> None:
    config.with_name("prices.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"prices\.yaml"):
        load_policy(config, ENV)


def test_the_demo_has_nothing_to_update(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke(["prices", "update"]) == 2
