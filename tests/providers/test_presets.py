"""Every known host is a row: it loads by its name and a credential, and is called at its address with its key."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from make import a_model, a_request
from providers.loopback import answer, completion, serving
from weighbridge.config.load import load_policy
from weighbridge.config.presets import PRESETS
from weighbridge.dialects.openai_chat.request import parse_request
from weighbridge.domain.errors import ConfigError, ProviderError
from weighbridge.domain.policy import Host
from weighbridge.domain.profile import Profile
from weighbridge.domain.secret import Secret
from weighbridge.providers.clock import SystemClock
from weighbridge.providers.hosts import HostCalls, check_host

CONFIG = """
version: 1
hosts:
  far: {{preset: {preset}, credential: "${{env:KEY}}"{more}}}
models:
  far-model: {{host: far, price: {{input_usd_per_million: 1, output_usd_per_million: 2}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}}
tasks:
  greet: {{risk_level: low, primary_model: far-model}}
"""
SECRET = Secret("${env:KEY}", "k-0123456789")
SIGNED = {"bedrock": Secret("${env:KEY}", "k-0123456789:secret")}
"""Access keys, of which only the name is sent."""
PATHS = {
    "openai_chat": "/chat/completions",
    "openai_responses": "/responses",
    "anthropic_messages": "/messages",
    "gemini": "/models/m%2F1:generateContent",
    "bedrock": "/model/m%2F1/converse",
}
KEYS = {"openai_chat": "authorization", "anthropic_messages": "x-api-key", "gemini": "x-goog-api-key"}


def loaded(folder: Path, preset: str, more: str = "") -> Host:
    path = folder / "weighbridge.yaml"
    path.write_text(CONFIG.format(preset=preset, more=more))
    return load_policy(path, {"KEY": SIGNED.get(preset, SECRET).value}).hosts["far"]


@pytest.mark.parametrize("name", PRESETS)
def test_a_known_host_is_a_name_and_a_credential(tmp_path: Path, name: str) -> None:
    preset = PRESETS[name]
    region = ", signing_region: eu-central-1" if name in SIGNED else ""
    host = loaded(tmp_path, name, ("" if preset.base_url else ", base_url: 'https://own.example/v1'") + region)
    assert (host.provider, host.dialect, host.auth) == (preset.provider, preset.dialect, preset.auth)
    assert host.base_url == (preset.base_url or "https://own.example/v1")
    assert check_host(host) == []


@pytest.mark.parametrize("name", PRESETS)
async def test_a_known_host_is_called_in_its_own_words(name: str) -> None:
    preset = PRESETS[name]
    async with serving([answer(b'{"error": {"message": "no"}}', status="401 Unauthorized")]) as server:
        host = Host("far", preset.provider, preset.dialect, server.url, SIGNED.get(name, SECRET), auth=preset.auth)
        host = replace(host, signing_region="eu-central-1" if name in SIGNED else None)
        calls = HostCalls(SystemClock())
        with pytest.raises(ProviderError):
            await calls.call(host, a_model(upstream_name="m/1"), a_request(), 5)
        await calls.close()
    call = server.received[0]
    assert call.line.split()[1] == "/v1" + PATHS[preset.dialect]
    named = "authorization" if preset.auth == "bearer" else preset.auth
    header = call.headers[named or KEYS.get(preset.dialect, "authorization")]
    assert re.fullmatch(r"(Bearer |AWS4-HMAC-SHA256 Credential=)?k-0123456789(/.*)?", header)


def test_an_account_s_own_address_has_to_be_stated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        loaded(tmp_path, "azure")


def test_what_is_stated_counts_before_the_preset(tmp_path: Path) -> None:
    host = loaded(tmp_path, "openai", ", base_url: 'https://proxy.example/v1', auth: api-key")
    assert (host.base_url, host.auth) == ("https://proxy.example/v1", "api-key")


def test_an_unknown_preset_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="groq"):
        loaded(tmp_path, "grok")


async def test_a_query_of_the_address_stays_behind_the_dialect_s_own() -> None:
    async with serving([answer(completion("hello"))]) as server:
        host = Host("far", "azure.ai.openai", "gemini", base_url=f"{server.url}?api-version=1", credential=SECRET)
        calls = HostCalls(SystemClock())
        with pytest.raises(ProviderError):
            async for _ in calls.stream(host, a_model(upstream_name="m"), a_request(is_stream=True), 5):
                pass
        await calls.close()
    assert server.received[0].line.split()[1] == "/v1/models/m:streamGenerateContent?alt=sse&api-version=1"
    assert json.loads(server.received[0].body)["contents"]


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if preset.dialect == "openai_chat"])
@pytest.mark.parametrize("said", ["max_tokens", "max_completion_tokens"])
async def test_a_known_host_is_called_by_the_names_that_it_takes(tmp_path: Path, name: str, said: str) -> None:
    preset = PRESETS[name]
    async with serving([answer(completion("hi"))]) as server:
        host = loaded(tmp_path, name, f", base_url: '{server.url}'")
        turns = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "hi"}]
        body = {"model": "auto", "messages": turns, said: 50}
        calls = HostCalls(SystemClock())
        await calls.call(host, a_model(profile=host.profile), parse_request(json.dumps(body).encode()), 5)
        await calls.close()
    sent = json.loads(server.received[0].body)
    limits = {key for key in ("max_tokens", "max_completion_tokens") if key in sent}
    assert limits == {preset.output_limit or said}
    assert sent[limits.pop()] == 50
    assert [message["role"] for message in sent["messages"]] == [preset.instructions or "developer", "user"]


def test_what_a_host_calls_things_reaches_its_models(tmp_path: Path) -> None:
    path = tmp_path / "weighbridge.yaml"
    path.write_text(CONFIG.format(preset="openai", more=", instructions: developer"))
    policy = load_policy(path, {"KEY": "k-0123456789"})
    assert policy.models["far-model"].profile == Profile("max_completion_tokens", "developer")
