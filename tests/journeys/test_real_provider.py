"""From a caller's bytes to a provider's bytes and back, with an OpenAI-speaking server on loopback in between."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from providers.loopback import Loopback, Then, answer, chunked, completion, event, head, serving
from server.asgi import Call
from weighbridge.config.load import load_policy
from weighbridge.pipeline.wire import open_house
from weighbridge.server.app import App

CHAT = "/v1/chat/completions"
KEY = "sk-provider-0123456789"
CONFIG = """
version: 1
hosts:
  first: {{provider: openai, dialect: openai_chat, base_url: "{first}", credential: "${{env:PROVIDER_KEY}}"}}
  second: {{provider: openai, dialect: openai_chat, base_url: "{second}"}}
models:
  small: {{host: first, upstream_name: gpt-small, price: {{input_usd_per_million: 1, output_usd_per_million: 2}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier, capabilities: [streaming, tools]}}
  strong: {{host: second, price: {{input_usd_per_million: 3, output_usd_per_million: 12}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier, capabilities: [streaming]}}
tasks:
  greet: {{risk_level: low, primary_model: small, fallback_model: strong}}
default_task: greet
store: {{path: "{folder}/records.db"}}
"""


async def through(folder: Path, first: Loopback, second: Loopback, body: Mapping[str, Any]) -> Call:
    config = folder / "weighbridge.yaml"
    config.write_text(CONFIG.format(first=first.url, second=second.url, folder=folder))
    policy = load_policy(config, {"PROVIDER_KEY": KEY})
    async with open_house(policy) as house:
        return await Call(CHAT, [json.dumps(body).encode()]).to(App(house))


def asking(**fields: object) -> dict[str, object]:
    return {"model": "task/greet", "messages": [{"role": "user", "content": "hello"}], **fields}


def shown(call: Call, name: bytes) -> bytes:
    headers: dict[bytes, bytes] = dict(call.sent[0]["headers"])
    return headers[name]


async def test_the_caller_s_body_goes_out_unchanged_but_for_what_policy_changes(tmp_path: Path) -> None:
    body = asking(user="u-1", custom_field={"kept": [1, 2]}, temperature=0.2)
    async with serving([answer(completion("hi"))]) as first:
        call = await through(tmp_path, first, first, body)
    assert call.status == 200
    sent = json.loads(first.received[0].body)
    assert sent == {**body, "model": "gpt-small", "max_tokens": 100}
    assert first.received[0].headers["authorization"] == f"Bearer {KEY}"


async def test_an_unknown_field_of_the_answer_reaches_the_caller(tmp_path: Path) -> None:
    async with serving([answer(completion("hi", service_tier="flex"))]) as first:
        call = await through(tmp_path, first, first, asking())
    assert (call.json["service_tier"], call.json["model"]) == ("flex", "small")


async def test_a_provider_that_is_down_is_replaced_without_the_caller_noticing(tmp_path: Path) -> None:
    page = b"<html><h1>502 Bad Gateway: secret-host-17</h1></html>"
    async with serving([answer(page, "502 Bad Gateway")]) as first, serving([answer(completion("hi"))]) as second:
        call = await through(tmp_path, first, second, asking())
    assert (call.status, shown(call, b"x-weighbridge-model")) == (200, b"strong")
    assert "authorization" not in second.received[0].headers


async def test_a_provider_s_page_never_reaches_the_caller(tmp_path: Path) -> None:
    page = b"<html><h1>502 Bad Gateway: secret-host-17</h1></html>"
    async with serving([answer(page, "502 Bad Gateway")]) as first:
        call = await through(tmp_path, first, first, asking())
    assert (call.status, call.json["error"]["code"]) == (502, "attempts_failed")
    assert "secret-host-17" not in str(call.sent)
    assert KEY not in str(call.sent)


async def test_a_stream_is_passed_on_event_by_event(tmp_path: Path) -> None:
    events = [event("hel"), event("lo"), event(finish_reason="stop"), b"data: [DONE]\n\n"]
    stream = [head(**{"content-type": "text/event-stream", "transfer-encoding": "chunked"}), chunked(*events)]
    async with serving(stream) as first:
        call = await through(tmp_path, first, first, asking(stream=True))
    text = b"".join(item.get("body", b"") for item in call.sent[1:]).decode()
    assert text.index('"hel"') < text.index('"lo"') < text.index('"stop"') < text.index("[DONE]")
    assert json.loads(first.received[0].body)["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("cut", range(1, 40, 7))
async def test_a_stream_may_be_cut_anywhere_on_the_wire(tmp_path: Path, cut: int) -> None:
    greeting = 'data: {"choices": [{"index": 0, "delta": {"content": "grüße"}}]}\n\n'.encode()
    whole = greeting + event(finish_reason="stop") + b"data: [DONE]\n\n"
    blocks = [whole[at : at + cut] for at in range(0, len(whole), cut)]
    stream = [head(**{"content-type": "text/event-stream", "transfer-encoding": "chunked"}), chunked(*blocks)]
    async with serving(stream) as first:
        call = await through(tmp_path, first, first, asking(stream=True))
    text = b"".join(item.get("body", b"") for item in call.sent[1:]).decode()
    assert "grüße" in text
    assert "[DONE]" in text


async def test_a_caller_that_leaves_closes_the_provider_s_connection(tmp_path: Path) -> None:
    async with serving([Then.HANG]) as first:
        config = tmp_path / "weighbridge.yaml"
        config.write_text(CONFIG.format(first=first.url, second=first.url, folder=tmp_path))
        async with open_house(load_policy(config, {"PROVIDER_KEY": KEY})) as house:
            call = Call(CHAT, [json.dumps(asking()).encode()])
            work = asyncio.create_task(call.to(App(house)))
            await asyncio.sleep(0.4)
            call.hung_up.set()
            await asyncio.wait_for(work, 2)
            await asyncio.wait_for(first.hung_up.wait(), 1)
    assert call.sent == []
