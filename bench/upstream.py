"""A provider that costs almost nothing: a canned OpenAI answer, whole or in 50 pieces, on an asyncio protocol."""

import asyncio
import sys
from pathlib import Path
from typing import cast

ANSWER = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"bench","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"invoice","refusal":null},"logprobs":null,"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":230,"completion_tokens":1,"total_tokens":231}}'
)
REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(ANSWER) + ANSWER


CHUNKS = 50
"""Pieces of a streamed answer, sent in a burst."""


_HEAD = b'{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"bench",'


def _event(delta: bytes, finish: bytes = b"null") -> bytes:
    choice = b'{"index":0,"delta":{%b},"logprobs":null,"finish_reason":%b}' % (delta, finish)
    return b'data: %b"choices":[%b]}\n\n' % (_HEAD, choice)


def _chunked(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


EVENTS = [
    _event(b'"role":"assistant","content":""'),
    *(_event(b'"content":" word"') for _ in range(CHUNKS)),
    _event(b"", b'"stop"'),
    b"data: " + _HEAD + b'"choices":[],"usage":{"prompt_tokens":230,"completion_tokens":50,"total_tokens":280}}\n\n',
    b"data: [DONE]\n\n",
]
STREAM = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    + b"".join(map(_chunked, EVENTS))
    + b"0\r\n\r\n"
)


class Upstream(asyncio.Protocol):
    """Answers each complete request with the same bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            size = _content_length(self._buffer[:end])
            if len(self._buffer) < end + 4 + size:
                return
            is_stream = b'"stream":true' in self._buffer[end : end + 4 + size].replace(b" ", b"")
            self._buffer = self._buffer[end + 4 + size :]
            self._transport.write(STREAM if is_stream else REPLY)


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"content-length:")
    return int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def main(port_file: str) -> None:
    """Serve until killed; the chosen port is written to `port_file`."""
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0)
    await asyncio.to_thread(Path(port_file).write_text, str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(sys.argv[1]))
