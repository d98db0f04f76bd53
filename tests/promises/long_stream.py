"""Run as a program of its own: a stream of many megabytes through the whole gateway; prints what memory it took."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from weighbridge.config.load import load_policy
from weighbridge.pipeline.wire import open_house
from weighbridge.server.app import App

CONFIG = """
version: 1
hosts: {{far: {{provider: x, dialect: openai_chat, base_url: "{url}"}}}}
models:
  m: {{host: far, price: {{input_usd_per_million: 1, output_usd_per_million: 2}}, context_window_tokens: 8000,
    max_output_tokens: 100, tier: frontier, capabilities: [streaming]}}
tasks:
  talk: {{risk_level: low, primary_model: m, stream: live, limits: {{deadline_s: 300}} {output}}}
store: {{path: {folder}/records.db}}
"""


def event(text: str = "", finish: str | None = None) -> bytes:
    chunk = {"model": "m", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


async def endless(megabytes: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A host that talks and talks."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
    block = event("x" * 4_000) * 16
    for _ in range(megabytes * 1_000_000 // len(block)):
        writer.write(block)
        await writer.drain()
    writer.write(event(finish="stop") + b"data: [DONE]\n\n")
    await writer.drain()
    writer.close()


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


class Caller:
    """Takes the answer and forgets it."""

    def __init__(self) -> None:
        self.got = self.most = 0
        self.last = b""
        self._is_asked = False

    async def receive(self) -> dict[str, Any]:
        if self._is_asked:
            await asyncio.sleep(600)
        self._is_asked = True
        body = {"model": "task/talk", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    async def send(self, message: Any) -> None:
        body = message.get("body", b"")
        self.got += len(body)
        self.last = (self.last + body)[-1_000:]
        self.most = max(self.most, resident_bytes())
        await asyncio.sleep(0)


async def main(megabytes: int, output: str) -> None:
    server = await asyncio.start_server(lambda *ends: endless(megabytes, *ends), "127.0.0.1", 0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weighbridge.yaml"
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        path.write_text(CONFIG.format(url=url, folder=folder, output=output))
        async with open_house(load_policy(path, {})) as house:
            caller, before = Caller(), resident_bytes()
            headers = [(b"content-type", b"application/json")]
            scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": headers}
            await App(house)(scope, caller.receive, caller.send)
    told = {"got": caller.got, "extra": caller.most - before, "last": caller.last.decode()}
    sys.stdout.write(json.dumps(told))


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
