"""Catalogue prices: exact, with their origin, and unknown rather than guessed."""

from datetime import date
from importlib.metadata import version
from pathlib import Path

import pytest

from config.files import MODELS, policy_of
from weighbridge.config.prices import catalogue_price
from weighbridge.domain.money import Money

TODAY = date(2026, 11, 25)


def test_a_flat_price_is_taken_exactly_with_its_origin() -> None:
    price = catalogue_price("openai", "gpt-5-mini", 400_000, TODAY)
    assert price is not None
    assert (price.input, price.output, price.cache_read) == (Money(250_000), Money(2_000_000), Money(25_000))
    assert price.origin == f"genai-prices {version('genai-prices')} (openai/gpt-5-mini)"


def test_a_price_that_rises_with_length_is_taken_only_below_the_first_rise() -> None:
    price = catalogue_price("anthropic", "claude-sonnet-4-5", 200_000, TODAY)
    assert price is not None
    assert (price.input, price.output) == (Money(3_000_000), Money(15_000_000))
    assert catalogue_price("anthropic", "claude-sonnet-4-5", 1_000_000, TODAY) is None


def test_a_price_by_date_is_the_one_in_force() -> None:
    before, after = (catalogue_price("openai", "o3", 200_000, day) for day in (date(2025, 1, 1), TODAY))
    assert before is not None
    assert after is not None
    assert (before.input, after.input) == (Money(10_000_000), Money(2_000_000))


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "no-such-model"),
        ("nobody", "gpt-5-mini"),
        ("deepseek", "deepseek-chat"),
        ("openai", "text-embedding-3-small"),
    ],
    ids=["unknown model", "unknown provider", "depends on the time of day", "no output price"],
)
def test_what_is_not_certain_is_unknown(provider: str, model: str) -> None:
    assert catalogue_price(provider, model, 8_000, TODAY) is None


def test_the_names_of_opentelemetry_are_understood() -> None:
    names = {"x_ai": "grok-4", "azure.ai.inference": "gpt-4o", "mistral_ai": "mistral-large-latest"}
    assert all(catalogue_price(provider, model, 8_000, TODAY) for provider, model in names.items())


def test_a_model_without_a_price_asks_the_catalogue_by_its_upstream_name(tmp_path: Path) -> None:
    row = "{host: main, upstream_name: gpt-5-mini, context_window_tokens: 400000, max_output_tokens: 9}"
    hosts = "hosts: {main: {dialect: openai_chat, provider: openai, base_url: 'https://api.example/v1'}}\n"
    price = policy_of(tmp_path, f"{MODELS}  mini: {row}\n{hosts}").models["mini"].price
    assert price is not None
    assert price.input == Money(250_000)


def test_a_simulated_model_has_no_catalogue_price(tmp_path: Path) -> None:
    row = "{host: simulated, upstream_name: gpt-5-mini, context_window_tokens: 9, max_output_tokens: 9}"
    assert policy_of(tmp_path, f"{MODELS}  mini: {row}\n").models["mini"].price is None
