"""Who asks what, through which door: the same for the same seed."""

import asyncio
import json
from dataclasses import dataclass
from random import Random

from chaos.faults import Json

DOORS = ("chat", "messages", "native")
TASKS = ("tag", "json", "plain", "capped")
WEIGHTS = (40, 30, 20, 10)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    number: int
    task: str
    door: str
    is_stream: bool
    leaves_after_s: float | None
    """The caller hangs up after so many seconds."""

    @classmethod
    def plan(cls, seed: int, number: int) -> "Asked":
        """What request `number` is."""
        rng = Random(f"{seed} request {number}")  # noqa: S311 (a plan, not a secret)
        door = rng.choice(DOORS)
        leaves = rng.uniform(0.0, 0.02) if rng.random() < 0.02 else None
        return cls(number, rng.choices(TASKS, WEIGHTS)[0], door, door != "native" and rng.random() < 0.4, leaves)

    @property
    def path(self) -> str:
        """Where it goes."""
        return {"chat": "/v1/chat/completions", "messages": "/v1/messages"}.get(
            self.door, f"/v1/tasks/{self.task}/runs"
        )

    @property
    def body(self) -> bytes:
        """What it says. The number in the text is how the hosts know whom they answer."""
        text = f"#{self.number} {self.task}# My card was charged twice."
        if self.door == "native":
            return json.dumps({"input": text, "risk": "low"}).encode()
        content: Json = {"model": f"task/{self.task}", "messages": [{"role": "user", "content": text}]}
        content |= {"stream": True} if self.is_stream else {}
        content |= {"max_tokens": 50} if self.door == "messages" else {}
        return json.dumps(content).encode()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the caller saw."""

    asked: Asked
    latency_s: float
    status: int = 0
    """0 where the caller left."""
    headers: dict[str, str] | None = None
    body: bytes = b""
    is_complete: bool = False

    @property
    def text(self) -> str:
        """The answer's text; empty where there is none."""
        if self.asked.is_stream and self.status == 200:
            return "".join(map(self._piece, self.events))
        found = json.loads(self.body)
        match self.asked.door:
            case "chat":
                return str(found["choices"][0]["message"]["content"])
            case "messages":
                return "".join(block.get("text", "") for block in found["content"])
        return str(found["text"])

    @property
    def events(self) -> list[Json]:
        """Of a stream: each event's payload."""
        lines = [line[6:] for line in self.body.decode().split("\n") if line.startswith("data: ")]
        return [json.loads(line) for line in lines if line != "[DONE]"]

    @property
    def has_error_event(self) -> bool:
        """The stream ended in an error of its dialect."""
        return any("error" in event for event in self.events)

    def _piece(self, event: Json) -> str:
        if self.asked.door == "chat":
            choices = event.get("choices")
            delta = choices[0]["delta"] if isinstance(choices, list) and choices else {}
            return str(delta.get("content") or "")
        delta = event.get("delta")
        return str(delta.get("text", "")) if isinstance(delta, dict) else ""


async def ask(port: int, asked: Asked) -> Reply:
    """One connection, one request; hangs up when the plan says so."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        async with asyncio.timeout(asked.leaves_after_s):
            status, headers, body, is_complete = await _exchange(port, asked)
    except TimeoutError:
        return Reply(asked, loop.time() - started)
    return Reply(asked, loop.time() - started, status, headers, body, is_complete)


async def _exchange(port: int, asked: Asked) -> tuple[int, dict[str, str], bytes, bool]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        lines = f"POST {asked.path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n"
        lines += f"content-type: application/json\r\ncontent-length: {len(asked.body)}\r\n\r\n"
        writer.write(lines.encode() + asked.body)
        head, _, rest = (await reader.read(-1)).partition(b"\r\n\r\n")
    finally:
        writer.close()
    first, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
    if headers.get("transfer-encoding") == "chunked":
        body, is_complete = _unchunked(rest)
    else:
        body, is_complete = rest, len(rest) == int(headers.get("content-length", "-1"))
    return int(first.split()[1]), headers, body, is_complete


def _unchunked(data: bytes) -> tuple[bytes, bool]:
    body = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return body, True
        body, data = body + data[:length], data[length + 2 :]
    return body, False
