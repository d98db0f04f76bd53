"""A caller of one dialect served by a host of the other: words, usage and ends arrive, foreign bytes do not."""

import json
from pathlib import Path
from typing import Any

import pytest

from providers.event_frames import MEDIA_TYPE, a_stream
from providers.loopback import Loopback, answer, chunked, completion, event, head, serving
from server.asgi import Call
from weighbridge.config.load import load_policy
from weighbridge.pipeline.wire import open_house
from weighbridge.server.app import App

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
CONFIG = """
version: 1
hosts:
  far: {{provider: somebody, dialect: {dialect}, base_url: "{url}", credential: "${{env:KEY}}"{more}}}
models:
  far-model: {{host: far, price: {{input_usd_per_million: 1, output_usd_per_million: 2}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier, capabilities: [streaming, tools]}}
tasks:
  greet: {{risk_level: low, primary_model: far-model, fallback_model: []}}
default_task: greet
store: {{path: "{folder}/records.db"}}
"""
MORE = {"bedrock": ", auth: bearer"}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "far-model-1",
    "content": [{"type": "text", "text": "hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 7, "output_tokens": 2},
}
SSE = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}


def anthropic_events() -> list[bytes]:
    started = {**MESSAGE, "content": [], "stop_reason": None, "usage": {"input_tokens": 7, "output_tokens": 1}}
    found: list[dict[str, Any]] = [
        {"type": "message_start", "message": started},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ]
    return [f"event: {item['type']}\ndata: {json.dumps(item)}\n\n".encode() for item in found]


async def ask(folder: Path, host: Loopback, dialect: str, path: str, **fields: object) -> Call:
    config = folder / "weighbridge.yaml"
    config.write_text(CONFIG.format(dialect=dialect, url=host.url, folder=folder, more=MORE.get(dialect, "")))
    said = {"input": "hi"} if path == RESPONSES else {"max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]}
    body = {"model": "task/greet", **said, **fields}
    async with open_house(load_policy(config, {"KEY": "k-0123456789"})) as house:
        return await Call(path, [json.dumps(body).encode()]).to(App(house))


def text_of(call: Call) -> str:
    return b"".join(item.get("body", b"") for item in call.sent[1:]).decode()


async def test_an_openai_caller_is_served_by_an_anthropic_host(tmp_path: Path) -> None:
    async with serving([answer(json.dumps(MESSAGE).encode())]) as host:
        call = await ask(tmp_path, host, "anthropic_messages", CHAT)
    assert call.json["choices"][0]["message"]["content"] == "hello"
    assert call.json["usage"]["total_tokens"] == 9
    assert host.received[0].line.startswith("POST /v1/messages ")
    assert host.received[0].headers["x-api-key"] == "k-0123456789"
    assert host.received[0].headers["anthropic-version"]


async def test_an_anthropic_caller_is_served_by_an_openai_host(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
    async with serving([answer(completion("hello", usage=usage))]) as host:
        call = await ask(tmp_path, host, "openai_chat", MESSAGES)
    assert call.json["content"] == [{"type": "text", "text": "hello"}]
    assert (call.json["usage"]["input_tokens"], call.json["usage"]["output_tokens"]) == (7, 2)


@pytest.mark.parametrize("wants_usage", [False, True])
async def test_an_anthropic_stream_becomes_an_openai_stream(tmp_path: Path, wants_usage: bool) -> None:
    async with serving([head(**SSE), chunked(*anthropic_events())]) as host:
        options = {"stream_options": {"include_usage": True}} if wants_usage else {}
        call = await ask(tmp_path, host, "anthropic_messages", CHAT, stream=True, **options)
    text = text_of(call)
    chunks = [json.loads(line[6:]) for line in text.split("\n\n") if line.startswith("data: {")]
    assert "message_start" not in text
    assert "".join(item["choices"][0]["delta"].get("content", "") for item in chunks if item["choices"]) == "hello"
    assert [item["usage"]["total_tokens"] for item in chunks if item.get("usage")] == ([9] if wants_usage else [])
    assert text.endswith("data: [DONE]\n\n")


async def test_an_openai_stream_becomes_an_anthropic_stream(tmp_path: Path) -> None:
    blocks = [event("hello"), event(finish_reason="stop"), b"data: [DONE]\n\n"]
    async with serving([head(**SSE), chunked(*blocks)]) as host:
        call = await ask(tmp_path, host, "openai_chat", MESSAGES, stream=True)
    text = text_of(call)
    assert "chat.completion.chunk" not in text
    assert text.index("message_start") < text.index('"hello"') < text.index("end_turn") < text.index("message_stop")


async def test_the_same_dialect_passes_its_own_events(tmp_path: Path) -> None:
    async with serving([head(**SSE), chunked(*anthropic_events())]) as host:
        call = await ask(tmp_path, host, "anthropic_messages", MESSAGES, stream=True)
    text = text_of(call)
    assert 'event: ping\ndata: {"type": "ping"}' in text
    assert '"model":"far-model"' in text


async def test_what_the_host_s_dialect_cannot_carry_is_refused_before_the_call(tmp_path: Path) -> None:
    async with serving([answer(b"{}")]) as host:
        call = await ask(tmp_path, host, "anthropic_messages", CHAT, n=2)
    assert (call.status, call.json["error"]["code"], call.json["error"]["param"]) == (400, "invalid_field", "n")
    assert host.received == []


RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "model": "far-model-1",
    "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hello"}]}],
    "usage": {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9},
}


def typed_events() -> list[bytes]:
    found: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**RESPONSE, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message"}},
        {"type": "response.output_text.delta", "output_index": 0, "delta": "hello"},
        {"type": "response.completed", "response": RESPONSE},
    ]
    return [f"event: {item['type']}\ndata: {json.dumps(item)}\n\n".encode() for item in found]


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
async def test_other_callers_are_served_by_a_responses_host(tmp_path: Path, path: str) -> None:
    async with serving([answer(json.dumps(RESPONSE).encode())]) as host:
        call = await ask(tmp_path, host, "openai_responses", path)
    assert "hello" in json.dumps(call.json)
    assert host.received[0].line.startswith("POST /v1/responses ")
    sent = json.loads(host.received[0].body)
    assert (sent["input"], sent["store"]) == ([{"role": "user", "content": "hi"}], False)


@pytest.mark.parametrize(
    ("dialect", "reply"), [("openai_chat", completion("hello")), ("anthropic_messages", json.dumps(MESSAGE).encode())]
)
async def test_a_responses_caller_is_served_by_other_hosts(tmp_path: Path, dialect: str, reply: bytes) -> None:
    async with serving([answer(reply)]) as host:
        call = await ask(tmp_path, host, dialect, RESPONSES)
    assert call.json["output"][0]["content"][0]["text"] == "hello"
    assert (call.json["object"], call.json["status"], call.json["model"]) == ("response", "completed", "far-model")


async def test_a_responses_stream_passes_its_own_events(tmp_path: Path) -> None:
    async with serving([head(**SSE), chunked(*typed_events())]) as host:
        call = await ask(tmp_path, host, "openai_responses", RESPONSES, stream=True)
    text = text_of(call)
    assert text.index("response.created") < text.index("response.output_text.delta") < text.index("response.completed")
    assert "far-model-1" not in text
    assert ": record=rec_" in text


async def test_a_responses_stream_becomes_an_anthropic_stream_and_back(tmp_path: Path) -> None:
    async with serving([head(**SSE), chunked(*typed_events())]) as host:
        there = text_of(await ask(tmp_path, host, "openai_responses", MESSAGES, stream=True))
    async with serving([head(**SSE), chunked(*anthropic_events())]) as host:
        back = text_of(await ask(tmp_path, host, "anthropic_messages", RESPONSES, stream=True))
    assert there.index("message_start") < there.index('"hello"') < there.index("message_stop")
    assert back.index("response.created") < back.index('"delta":"hello"') < back.index("response.completed")
    assert "message_start" not in back


async def test_a_responses_stream_that_is_cut_after_content_ends_with_an_error_event(tmp_path: Path) -> None:
    async with serving([head(**SSE), chunked(*typed_events()[:3])]) as host:
        text = text_of(await ask(tmp_path, host, "openai_responses", RESPONSES, stream=True))
    assert "event: error" in text
    assert "response.completed" not in text


async def test_errors_are_openai_s_at_the_responses_door(tmp_path: Path) -> None:
    async with serving([answer(b"{}")]) as host:
        call = await ask(tmp_path, host, "openai_responses", RESPONSES, store=True)
    assert (call.status, call.json["error"]["param"]) == (400, "store")


def gemini(text: str, finish: str | None = "STOP") -> bytes:
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish}
    usage = {"promptTokenCount": 7, "candidatesTokenCount": 2}
    return json.dumps({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "far-1"}).encode()


@pytest.mark.parametrize("path", [CHAT, MESSAGES, RESPONSES])
async def test_every_caller_is_served_by_a_gemini_host(tmp_path: Path, path: str) -> None:
    async with serving([answer(gemini("hello"))]) as host:
        call = await ask(tmp_path, host, "gemini", path)
    assert "hello" in json.dumps(call.json)
    assert host.received[0].line.startswith("POST /v1/models/far-model:generateContent ")
    assert host.received[0].headers["x-goog-api-key"] == "k-0123456789"
    assert json.loads(host.received[0].body)["contents"] == [{"role": "user", "parts": [{"text": "hi"}]}]


@pytest.mark.parametrize(
    ("path", "end"), [(CHAT, "data: [DONE]"), (MESSAGES, "message_stop"), (RESPONSES, "completed")]
)
async def test_a_gemini_stream_becomes_every_caller_s_stream(tmp_path: Path, path: str, end: str) -> None:
    blocks = [b"data: " + gemini("hel", None) + b"\r\n\r\n", b"data: " + gemini("lo") + b"\r\n\r\n"]
    async with serving([head(**SSE), chunked(*blocks)]) as host:
        text = text_of(await ask(tmp_path, host, "gemini", path, stream=True))
    assert text.index('"hel"') < text.index('"lo"') < text.rindex(end)
    assert "candidates" not in text


async def test_a_gemini_stream_that_is_cut_is_no_whole_answer(tmp_path: Path) -> None:
    async with serving([head(**SSE), chunked(b"data: " + gemini("hel", None) + b"\n\n")]) as host:
        text = text_of(await ask(tmp_path, host, "gemini", CHAT, stream=True))
    assert "[DONE]" not in text
    assert '"error"' in text


@pytest.mark.parametrize("path", [CHAT, MESSAGES, RESPONSES])
async def test_every_caller_is_served_by_bedrock(tmp_path: Path, path: str) -> None:
    said = {"output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}}, "stopReason": "end_turn"}
    usage = {"usage": {"inputTokens": 7, "outputTokens": 2, "totalTokens": 9}}
    async with serving([answer(json.dumps(said | usage).encode())]) as host:
        call = await ask(tmp_path, host, "bedrock", path)
    assert "hello" in json.dumps(call.json)
    assert call.json["model"] == "far-model"
    assert host.received[0].line.startswith("POST /v1/model/far-model/converse ")
    assert json.loads(host.received[0].body)["messages"] == [{"role": "user", "content": [{"text": "hi"}]}]


@pytest.mark.parametrize(
    ("path", "end"), [(CHAT, "data: [DONE]"), (MESSAGES, "message_stop"), (RESPONSES, "completed")]
)
async def test_a_bedrock_stream_becomes_every_caller_s_stream(tmp_path: Path, path: str, end: str) -> None:
    async with serving(
        [head(content_type=MEDIA_TYPE, transfer_encoding="chunked"), chunked(*a_stream("hel", "lo"))]
    ) as host:
        text = text_of(await ask(tmp_path, host, "bedrock", path, stream=True))
    assert text.index('"hel"') < text.index('"lo"') < text.rindex(end)
    assert "contentBlock" not in text
