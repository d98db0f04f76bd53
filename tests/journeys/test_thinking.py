"""What a model thinks, from every kind of host to every kind of caller: shown in its place, and signed as it was."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from providers.event_frames import MEDIA_TYPE, frame
from providers.loopback import DONE, SSE_HEAD, Loopback, answer, chunked, head, serving
from server.asgi import Call
from weighbridge.config.load import load_policy
from weighbridge.pipeline.wire import open_house
from weighbridge.server.app import App

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
CONFIG = """
version: 1
hosts:
  far: {{provider: somebody, dialect: {dialect}, base_url: "{url}", credential: "${{env:KEY}}", auth: bearer}}
models:
  far-model: {{host: far, price: {{input_usd_per_million: 1, output_usd_per_million: 2}}, reasoning: {style},
    context_window_tokens: 80000, max_output_tokens: 8000, tier: frontier, capabilities: [streaming, tools]}}
tasks:
  greet: {{risk_level: low, primary_model: far-model, fallback_model: []}}
  guarded: {{risk_level: low, primary_model: far-model, fallback_model: [], output: {{forbid: [secrets]}}}}
default_task: greet
store: {{path: "{folder}/records.db"}}
"""
USAGE = {"input_tokens": 7, "output_tokens": 2}


@dataclass(frozen=True)
class Kind:
    """A kind of host, thinking `Hm, yes.` before it says `hello`."""

    dialect: str
    whole: dict[str, Any]
    stream: list[bytes]
    style: str = "budget"
    is_signed: bool = False
    head: bytes = SSE_HEAD


def sse(*events: dict[str, Any]) -> list[bytes]:
    return [b"data: " + json.dumps(item).encode() + b"\n\n" for item in events]


def chat_chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "model": "far-1", "choices": [choice]}


def block(index: int, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": fields}


def piece(index: int, delta: dict[str, Any]) -> bytes:
    return frame("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})


def gemini(*parts: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": finish}
    return {"candidates": [candidate], "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 2}}


SEALED = {"type": "redacted_thinking", "data": "sealed=="}
MESSAGE: dict[str, Any] = {"id": "m", "type": "message", "role": "assistant", "model": "far-1", "usage": USAGE}
HOSTS = [
    Kind(
        "openai_chat",
        {
            "object": "chat.completion",
            "model": "far-1",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "hello", "reasoning_content": "Hm, yes."},
                    "finish_reason": "stop",
                }
            ],
        },
        [
            *sse(
                chat_chunk({"role": "assistant", "content": None}),
                chat_chunk({"reasoning_content": "Hm, "}),
                chat_chunk({"reasoning_content": "yes."}),
                chat_chunk({"content": "hello"}),
                chat_chunk({}, "stop"),
            ),
            DONE,
        ],
        style="effort",
    ),
    Kind(
        "openai_responses",
        {
            "object": "response",
            "status": "completed",
            "model": "far-1",
            "output": [
                {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "Hm, yes."}]},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hello"}]},
            ],
            "usage": USAGE,
        },
        sse(
            {"type": "response.created", "response": {"model": "far-1"}},
            {"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning", "id": "r"}},
            {"type": "response.reasoning_summary_part.added", "output_index": 0, "summary_index": 0},
            {"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "Hm, "},
            {"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "yes."},
            {"type": "response.output_text.delta", "output_index": 1, "delta": "hello"},
            {"type": "response.completed", "response": {"model": "far-1", "status": "completed", "usage": USAGE}},
        ),
        style="effort",
    ),
    Kind(
        "anthropic_messages",
        {
            **MESSAGE,
            "content": [
                {"type": "thinking", "thinking": "Hm, yes.", "signature": "sig=="},
                {"type": "redacted_thinking", "data": "sealed=="},
                {"type": "text", "text": "hello"},
            ],
            "stop_reason": "end_turn",
        },
        sse(
            {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
            block(0, type="thinking_delta", thinking="Hm, "),
            block(0, type="thinking_delta", thinking="yes."),
            block(0, type="signature_delta", signature="sig=="),
            {"type": "content_block_stop", "index": 0},
            {
                "type": "content_block_start",
                "index": 1,
                "content_block": {"type": "redacted_thinking", "data": "sealed=="},
            },
            {"type": "content_block_stop", "index": 1},
            {"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": ""}},
            block(2, type="text_delta", text="hello"),
            {"type": "content_block_stop", "index": 2},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
            {"type": "message_stop"},
        ),
        is_signed=True,
    ),
    Kind(
        "gemini",
        gemini({"text": "Hm, yes.", "thought": True}, {"text": "hello"}, finish="STOP"),
        sse(
            gemini({"text": "Hm, ", "thought": True}),
            gemini({"text": "yes.", "thought": True}),
            gemini({"text": "hello"}, finish="STOP"),
        ),
    ),
    Kind(
        "bedrock",
        {
            "output": {
                "message": {
                    "role": "assistant",
                    "content": [
                        {"reasoningContent": {"reasoningText": {"text": "Hm, yes.", "signature": "sig=="}}},
                        {"reasoningContent": {"redactedContent": "sealed=="}},
                        {"text": "hello"},
                    ],
                }
            },
            "stopReason": "end_turn",
            "usage": {"inputTokens": 7, "outputTokens": 2, "totalTokens": 9},
        },
        [
            frame("messageStart", {"role": "assistant"}),
            piece(0, {"reasoningContent": {"text": "Hm, "}}),
            piece(0, {"reasoningContent": {"text": "yes."}}),
            piece(0, {"reasoningContent": {"signature": "sig=="}}),
            piece(1, {"reasoningContent": {"redactedContent": "sealed=="}}),
            piece(2, {"text": "hello"}),
            frame("messageStop", {"stopReason": "end_turn"}),
            frame("metadata", {"usage": {"inputTokens": 7, "outputTokens": 2, "totalTokens": 9}}),
        ],
        is_signed=True,
        head=head(content_type=MEDIA_TYPE, transfer_encoding="chunked"),
    ),
]


def named(value: object) -> str:
    return value.dialect if isinstance(value, Kind) else str(value)


async def ask(folder: Path, kind: Kind, host: Loopback, path: str, task: str = "greet", **fields: Any) -> Call:
    config = folder / "weighbridge.yaml"
    config.write_text(CONFIG.format(dialect=kind.dialect, url=host.url, folder=folder, style=kind.style))
    said = (
        {"input": "hi"} if path == RESPONSES else {"max_tokens": 5000, "messages": [{"role": "user", "content": "hi"}]}
    )
    body = {"model": f"task/{task}", **said, **fields}
    async with open_house(load_policy(config, {"KEY": "k-0123456789"})) as house:
        return await Call(path, [json.dumps(body).encode()]).to(App(house))


def shown(path: str, body: dict[str, Any]) -> tuple[str, str]:
    """What was thought and what is said, in a whole answer."""
    if path == CHAT:
        message = body["choices"][0]["message"]
        return message.get("reasoning_content", ""), message["content"]
    if path == MESSAGES:
        blocks = body["content"]
        thoughts = [block["thinking"] for block in blocks if block["type"] == "thinking"]
        return "".join(thoughts), "".join(block["text"] for block in blocks if block["type"] == "text")
    thoughts = [part["text"] for item in body["output"] if item["type"] == "reasoning" for part in item["summary"]]
    (message,) = [item for item in body["output"] if item["type"] == "message"]
    return "".join(thoughts), message["content"][0]["text"]


@pytest.mark.parametrize("path", [CHAT, MESSAGES, RESPONSES])
@pytest.mark.parametrize("kind", HOSTS, ids=named)
async def test_a_whole_answer_shows_what_was_thought(tmp_path: Path, kind: Kind, path: str) -> None:
    async with serving([answer(json.dumps(kind.whole).encode())]) as host:
        call = await ask(tmp_path, kind, host, path)
    assert shown(path, call.json) == ("Hm, yes.", "hello")
    if path == MESSAGES:
        blocks = [block for block in call.json["content"] if block["type"] != "text"]
        signed = {"type": "thinking", "thinking": "Hm, yes.", "signature": "sig==" if kind.is_signed else ""}
        assert blocks == [signed, *([{"type": "redacted_thinking", "data": "sealed=="}] if kind.is_signed else [])]


def events_of(call: Call) -> list[dict[str, Any]]:
    text = b"".join(item.get("body", b"") for item in call.sent[1:]).decode()
    lines = [line[6:] for line in text.split("\n") if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("kind", HOSTS, ids=named)
async def test_a_chat_stream_shows_it_as_it_comes(tmp_path: Path, kind: Kind) -> None:
    async with serving([kind.head, chunked(*kind.stream)]) as host:
        events = events_of(await ask(tmp_path, kind, host, CHAT, stream=True))
    deltas = [event["choices"][0]["delta"] for event in events if event["choices"]]
    thoughts = [delta["reasoning_content"] for delta in deltas if delta.get("reasoning_content")]
    assert thoughts == ["Hm, ", "yes."]
    said = [place for place, delta in enumerate(deltas) if delta.get("content")]
    assert [deltas[place]["content"] for place in said] == ["hello"]
    assert all(not delta.get("reasoning_content") for delta in deltas[said[0] :])
    assert all(
        delta or event["choices"][0]["finish_reason"]
        for event in events
        for delta in [event["choices"][0]["delta"]]
        if event["choices"]
    )


@pytest.mark.parametrize("kind", HOSTS, ids=named)
async def test_an_anthropic_stream_has_its_blocks_in_order_and_signed(tmp_path: Path, kind: Kind) -> None:
    async with serving([kind.head, chunked(*kind.stream)]) as host:
        events = events_of(await ask(tmp_path, kind, host, MESSAGES, stream=True))
    starts = [event["content_block"]["type"] for event in events if event["type"] == "content_block_start"]
    assert starts == (["thinking", "redacted_thinking", "text"] if kind.is_signed else ["thinking", "text"])
    deltas = [(event["index"], event["delta"]["type"]) for event in events if event["type"] == "content_block_delta"]
    signed = [(0, "signature_delta")] if kind.is_signed else []
    assert deltas == [(0, "thinking_delta"), (0, "thinking_delta"), *signed, (len(starts) - 1, "text_delta")]
    kinds = [event["type"] for event in events if event["type"].startswith("content_block")]
    assert kinds.count("content_block_stop") == len(starts)
    assert events[-1]["type"] == "message_stop"


@pytest.mark.parametrize("kind", HOSTS, ids=named)
async def test_a_responses_stream_has_an_item_of_its_own(tmp_path: Path, kind: Kind) -> None:
    async with serving([kind.head, chunked(*kind.stream)]) as host:
        events = events_of(await ask(tmp_path, kind, host, RESPONSES, stream=True))
    told = [event["delta"] for event in events if event["type"] == "response.reasoning_summary_text.delta"]
    assert told == ["Hm, ", "yes."]
    if kind.dialect == "openai_responses":
        return  # the host's own events, as they came
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    kinds = [event["type"] for event in events]
    assert kinds.index("response.reasoning_summary_part.done") < kinds.index("response.output_text.delta")
    done = [event["item"]["type"] for event in events if event["type"] == "response.output_item.done"]
    assert done == ["reasoning", "message"]
    output = events[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["reasoning", "message"]
    assert shown(RESPONSES, events[-1]["response"]) == ("Hm, yes.", "hello")


@pytest.mark.parametrize("kind", HOSTS, ids=named)
@pytest.mark.parametrize("path", [CHAT, MESSAGES, RESPONSES])
async def test_where_an_answer_may_not_hold_everything_nothing_thought_is_shown(
    tmp_path: Path, kind: Kind, path: str
) -> None:
    async with serving([answer(json.dumps(kind.whole).encode())]) as host:
        call = await ask(tmp_path, kind, host, path, "guarded")
    assert shown(path, call.json) == ("", "hello")
    assert "Hm" not in json.dumps(call.json)
    assert "sealed" not in json.dumps(call.json)


THOUGHT = {"type": "thinking", "thinking": "Hm, yes.", "signature": "sig=="}
UNSIGNED = {"type": "thinking", "thinking": "Mine.", "signature": ""}
TURNS = [
    {"role": "user", "content": "hi"},
    {"role": "assistant", "content": [THOUGHT, SEALED, UNSIGNED, {"type": "text", "text": "hello"}]},
    {"role": "user", "content": "and?"},
]


@pytest.mark.parametrize("kind", HOSTS, ids=named)
async def test_thoughts_of_earlier_turns_go_only_to_those_who_can_check_them(tmp_path: Path, kind: Kind) -> None:
    async with serving([answer(json.dumps(kind.whole).encode())]) as host:
        call = await ask(tmp_path, kind, host, MESSAGES, messages=TURNS)
    body = json.loads(host.received[0].body)
    assert "Mine." not in host.received[0].body.decode()
    warned = call.answer_headers.get("x-weighbridge-warnings")
    if kind.dialect == "anthropic_messages":
        assert body["messages"][1]["content"] == [THOUGHT, SEALED, {"type": "text", "text": "hello"}]
        assert warned is None
    elif kind.dialect == "bedrock":
        assert body["messages"][1]["content"] == [
            {"reasoningContent": {"reasoningText": {"text": "Hm, yes.", "signature": "sig=="}}},
            {"reasoningContent": {"redactedContent": "sealed=="}},
            {"text": "hello"},
        ]
        assert warned is None
    else:
        assert "Hm, yes." not in host.received[0].body.decode()
        assert warned == 'left_out;param="messages.thinking"'


async def test_reasoning_items_that_another_host_cannot_be_shown_are_told(tmp_path: Path) -> None:
    items = [
        {"role": "user", "content": "hi"},
        {"type": "reasoning", "id": "r", "summary": [], "encrypted_content": "sealed"},
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": "and?"},
    ]
    (chat,) = [kind for kind in HOSTS if kind.dialect == "openai_chat"]
    async with serving([answer(json.dumps(chat.whole).encode())]) as host:
        call = await ask(tmp_path, chat, host, RESPONSES, input=items)
    assert call.answer_headers["x-weighbridge-warnings"] == 'left_out;param="input.reasoning"'
    assert "sealed" not in host.received[0].body.decode()
