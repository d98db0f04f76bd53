"""Fields that not every host can be told, through the whole gateway: refused by name, passed on, or told."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from providers.loopback import DONE, SSE_HEAD, Loopback, answer, chunked, completion, event, serving
from server.asgi import Call
from weighbridge.config.load import load_policy
from weighbridge.domain.record import Record, RecordFilter
from weighbridge.pipeline.wire import open_house
from weighbridge.server.app import App

CONFIG = """
version: 1
hosts:
  claude: {{provider: a, dialect: anthropic_messages, base_url: "{claude}", credential: "${{env:KEY}}"}}
  openai: {{provider: b, dialect: openai_chat, base_url: "{openai}", credential: "${{env:KEY}}"}}
models:
  first: {{host: claude, price: {{input_usd_per_million: 1, output_usd_per_million: 2}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier, capabilities: [streaming, tools]}}
  second: {{host: openai, price: {{input_usd_per_million: 1, output_usd_per_million: 2}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier, capabilities: [streaming, tools]}}
parameters: {{{parameters}}}
tasks:
  both: {{risk_level: low, primary_model: first, fallback_model: second}}
  claude_only: {{risk_level: low, primary_model: first, fallback_model: []}}
  lenient: {{risk_level: low, primary_model: first, fallback_model: [], parameters: {{foreign: warn}}}}
  openai_only: {{risk_level: low, primary_model: second, fallback_model: []}}
default_task: both
store: {{path: "{folder}/records.db"}}
"""
MESSAGE = json.dumps(
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "first",
        "content": [{"type": "text", "text": "hello"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 7, "output_tokens": 2},
    }
).encode()
CHAT = "/v1/chat/completions"


@asynccontextmanager
async def hosts() -> AsyncIterator[tuple[Loopback, Loopback]]:
    async with serving([answer(MESSAGE)]) as claude, serving([answer(completion("hello"))]) as openai:
        yield claude, openai


async def ask(
    folder: Path,
    claude: Loopback,
    openai: Loopback,
    task: str,
    parameters: str = "",
    path: str = CHAT,
    **fields: Any,
) -> tuple[Call, Record]:
    config = folder / "weighbridge.yaml"
    config.write_text(CONFIG.format(claude=claude.url, openai=openai.url, folder=folder, parameters=parameters))
    body = {"model": f"task/{task}", "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}], **fields}
    async with open_house(load_policy(config, {"KEY": "k-0123456789"})) as house:
        call = await Call(path, [json.dumps(body).encode()]).to(App(house))
        (record,) = await house.records.find(RecordFilter())
        return call, record


async def test_a_host_that_cannot_be_told_is_passed_over_before_anything_is_held(tmp_path: Path) -> None:
    async with hosts() as (claude, openai):
        call, record = await ask(tmp_path, claude, openai, "both", n=2)
    assert (call.status, call.answer_headers["x-weighbridge-model"]) == (200, "second")
    assert claude.received == []
    assert record.decision is not None
    dropped = next(item for item in record.decision.candidates if item.model == "first")
    assert (dropped.reason, dropped.numbers) == ("cannot_carry", {"param": "n"})
    assert len(record.attempts) == 1


@pytest.mark.parametrize(
    ("path", "shape"), [(CHAT, "invalid_request_error"), ("/v1/messages", "invalid_request_error")]
)
async def test_where_no_host_can_be_told_it_is_the_caller_s_mistake(tmp_path: Path, path: str, shape: str) -> None:
    wish = {"logit_bias": {"1": 2}} if path == CHAT else {"container": "c_1"}
    task = "claude_only" if path == CHAT else "openai_only"
    async with hosts() as (claude, openai):
        call, record = await ask(tmp_path, claude, openai, task, path=path, **wish)
    assert (call.status, call.json["error"]["type"]) == (400, shape)
    assert call.json["error"]["param"] == next(iter(wish))
    assert (record.status, record.error_code, record.estimate) == (
        "refused",
        "invalid_field",
        None,
    )
    assert claude.received == openai.received == []


async def test_where_policy_says_so_a_wish_is_left_out_and_told(tmp_path: Path) -> None:
    async with hosts() as (claude, openai):
        call, record = await ask(tmp_path, claude, openai, "lenient", logit_bias={"1": 2}, seed=3, service_tier="flex")
    assert call.status == 200
    assert call.answer_headers["x-weighbridge-warnings"] == (
        'left_out;param="logit_bias", left_out;param="seed", left_out;param="service_tier"'
    )
    assert record.left_out == ("logit_bias", "seed", "service_tier")
    assert "logit_bias" not in json.loads(claude.received[0].body)


async def test_a_stream_that_has_begun_tells_it_as_well(tmp_path: Path) -> None:
    async with serving([answer(MESSAGE)]) as claude:
        blocks = [event("hello"), event(finish_reason="stop"), DONE]
        async with serving([SSE_HEAD, chunked(*blocks)]) as openai:
            call, record = await ask(
                tmp_path, claude, openai, "openai_only", path="/v1/messages", stream=True, thinking={"type": "adaptive"}
            )
    assert call.answer_headers["x-weighbridge-warnings"] == 'left_out;param="thinking"'
    assert record.left_out == ("thinking",)


@pytest.mark.parametrize("policy", ["", "unknown: pass"])
async def test_unknown_fields_pass_to_their_own_hosts_without_a_word(tmp_path: Path, policy: str) -> None:
    async with hosts() as (claude, openai):
        call, record = await ask(tmp_path, claude, openai, "openai_only", policy, enable_thinking=True)
    assert json.loads(openai.received[0].body)["enable_thinking"] is True
    assert "x-weighbridge-warnings" not in call.answer_headers
    assert record.unknown_parameters == ()


async def test_unknown_fields_never_go_to_another_dialect_s_host_without_a_word(tmp_path: Path) -> None:
    async with hosts() as (claude, openai):
        call, _ = await ask(tmp_path, claude, openai, "claude_only", enable_thinking=True)
    assert "enable_thinking" not in json.loads(claude.received[0].body)
    assert call.answer_headers["x-weighbridge-warnings"] == 'left_out;param="enable_thinking"'


async def test_unknown_fields_may_be_warned_of_and_pass(tmp_path: Path) -> None:
    odd = 'x"\r\ny-' + "é" * 100
    async with hosts() as (claude, openai):
        call, record = await ask(tmp_path, claude, openai, "openai_only", "unknown: warn", CHAT, **{odd: 1})
    assert json.loads(openai.received[0].body)[odd] == 1
    assert call.answer_headers["x-weighbridge-warnings"] == f'unknown_parameter;param="x???y-{"?" * 54}"'
    assert record.unknown_parameters == (odd,)


async def test_of_very_many_warnings_the_first_are_told(tmp_path: Path) -> None:
    many = {f"odd_{number}": 1 for number in range(30)}
    async with hosts() as (claude, openai):
        call, record = await ask(tmp_path, claude, openai, "openai_only", "unknown: warn", CHAT, **many)
    assert call.answer_headers["x-weighbridge-warnings"].count("unknown_parameter") == 20
    assert len(record.unknown_parameters) == 30


@pytest.mark.parametrize("path", [CHAT, "/v1/messages"])
async def test_unknown_fields_may_be_refused_with_what_was_meant(tmp_path: Path, path: str) -> None:
    async with hosts() as (claude, openai):
        call, record = await ask(tmp_path, claude, openai, "both", "unknown: reject", path, temprature=0.5)
    assert (call.status, call.json["error"]["code"], call.json["error"]["param"]) == (
        400,
        "unknown_parameter",
        "temprature",
    )
    assert "Did you mean `temperature`?" in call.json["error"]["message"]
    assert record.error_code == "unknown_parameter"
    assert claude.received == openai.received == []


async def test_a_task_s_own_word_counts_before_that_of_all(tmp_path: Path) -> None:
    async with hosts() as (claude, openai):
        call, _ = await ask(tmp_path, claude, openai, "lenient", "unknown: warn, foreign: refuse", seed=1, odd=True)
    assert call.answer_headers["x-weighbridge-warnings"] == (
        'unknown_parameter;param="odd", left_out;param="seed", left_out;param="odd"'
    )
