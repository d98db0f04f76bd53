"""Pictures through the whole gateway: what is too large is refused with its place, the rest passes unchanged."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from journeys.test_across_dialects import MESSAGE
from make import a_request
from providers.loopback import Loopback, answer, completion, serving
from server.asgi import Call
from weighbridge.config.load import load_policy
from weighbridge.domain.record import Record, RecordFilter
from weighbridge.domain.request import File, Message, Role
from weighbridge.pipeline.draft import digest_of_input
from weighbridge.pipeline.wire import open_house
from weighbridge.server.app import App

CONFIG = """
version: 1
hosts:
  far: {{provider: somebody, dialect: {dialect}, base_url: "{url}", credential: "${{env:KEY}}"}}
models:
  sees: {{host: far, price: {{input_usd_per_million: 1, output_usd_per_million: 2}}, capabilities: [vision, files],
    context_window_tokens: 200000, max_output_tokens: 100, tier: frontier}}
tasks:
  look: {{risk_level: low, primary_model: sees, fallback_model: []}}
default_task: look
store: {{path: "{folder}/records.db"}}
"""
SMALL, LARGE = base64.b64encode(os.urandom(4_900_000)).decode(), base64.b64encode(os.urandom(7_600_000)).decode()
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"


async def ask(
    folder: Path, host: Loopback, dialect: str, path: str, parts: list[dict[str, Any]], most_large_bytes: int = 10**9
) -> tuple[Call, list[Record]]:
    config = folder / "weighbridge.yaml"
    config.write_text(CONFIG.format(dialect=dialect, url=host.url, folder=folder))
    content = [{"type": "text", "text": "look"}, *parts]
    body = json.dumps({"model": "task/look", "max_tokens": 50, "messages": [{"role": "user", "content": content}]})
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    async with open_house(load_policy(config, {"KEY": "k-0123456789"})) as house:
        app = App(house, most_large_bytes=most_large_bytes)
        call = await Call(path, [body.encode()], headers).to(app)
        return call, await house.records.find(RecordFilter())


def in_chat(encoded: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded}"}}


def in_messages(encoded: str) -> dict[str, Any]:
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": encoded}}


@pytest.mark.parametrize(
    ("path", "part", "param"),
    [
        (CHAT, in_chat(LARGE), "messages[0].content[1].image_url.url"),
        (MESSAGES, in_messages(LARGE), "messages[0].content[1].source.data"),
    ],
    ids=["chat", "messages"],
)
async def test_a_picture_of_ten_megabytes_is_refused_with_its_place(
    tmp_path: Path, path: str, part: dict[str, Any], param: str
) -> None:
    assert len(LARGE) > 10_000_000
    async with serving([answer(b"{}")]) as host:
        call, _ = await ask(tmp_path, host, "openai_chat", path, [part])
    error = call.json["error"]
    assert (call.status, error["param"]) == (400, param)
    assert "has 7.2 MB; at most 5 MB" in error["message"]
    assert len(error["message"]) < 400
    assert host.received == []


async def test_a_picture_passes_byte_for_byte_to_a_host_of_the_same_dialect(tmp_path: Path) -> None:
    async with serving([answer(completion("a cat"))]) as host:
        call, (record,) = await ask(tmp_path, host, "openai_chat", CHAT, [in_chat(SMALL)])
    assert call.status == 200
    assert json.loads(host.received[0].body)["messages"][0]["content"][1] == in_chat(SMALL)
    assert record.prompt_count is not None
    assert record.prompt_count.tokens > 1_600
    assert SMALL[:40] not in str(record)


@pytest.mark.parametrize(
    ("path", "part", "dialect", "there"),
    [
        (CHAT, in_chat(SMALL), "anthropic_messages", in_messages(SMALL)),
        (MESSAGES, in_messages(SMALL), "openai_chat", in_chat(SMALL)),
    ],
    ids=["chat-to-messages", "messages-to-chat"],
)
async def test_it_arrives_whole_at_a_host_of_another_dialect(
    tmp_path: Path, path: str, part: dict[str, Any], dialect: str, there: dict[str, Any]
) -> None:
    reply = completion("a cat") if dialect == "openai_chat" else json.dumps(MESSAGE).encode()
    async with serving([answer(reply)]) as host:
        call, _ = await ask(tmp_path, host, dialect, path, [part])
    assert call.status == 200, call.json
    assert json.loads(host.received[0].body)["messages"][0]["content"][1] == there


async def test_two_calls_with_other_pictures_are_not_the_same_input(tmp_path: Path) -> None:
    digests = set()
    for number in range(2):
        async with serving([answer(completion("a cat"))]) as host:
            folder = tmp_path / str(number)
            folder.mkdir()
            _, (record,) = await ask(folder, host, "openai_chat", CHAT, [in_chat(f"AAA{number}")])
            digests.add(record.input_digest)
    assert len(digests) == 2


def test_two_files_that_only_a_host_knows_are_not_the_same_input() -> None:
    asked = [a_request(messages=(Message(Role.USER, (File(None, "a", number),)),)) for number in ("f-1", "f-2")]
    assert len({digest_of_input(request) for request in asked}) == 2


async def test_large_calls_have_room_for_so_many_bytes_together(tmp_path: Path) -> None:
    async with serving([answer(completion("a cat"))]) as host:
        call, records = await ask(tmp_path, host, "openai_chat", CHAT, [in_chat(SMALL)], most_large_bytes=6_000_000)
    assert (call.status, call.json["error"]["code"], records, host.received) == (503, "overloaded", [], [])
    assert call.answer_headers["retry-after"] == "1"


async def test_a_model_that_sees_nothing_is_not_asked_to_look(tmp_path: Path) -> None:
    async with serving([answer(completion("a cat"))]) as host:
        sound = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
        call, _ = await ask(tmp_path, host, "openai_chat", CHAT, [sound])
    assert (call.status, call.json["error"]["code"]) == (422, "no_candidate")
    assert "audio" in call.json["error"]["message"]
