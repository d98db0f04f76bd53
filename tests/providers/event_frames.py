"""Amazon's event stream, written by hand from its specification: prelude, headers, payload, two checksums."""

import json
import struct
from binascii import crc32

MEDIA_TYPE = "application/vnd.amazon.eventstream"


def frame(kind: str, payload: object, message_type: str = "event") -> bytes:
    """One event (or `exception`) of type `kind`."""
    name = ":exception-type" if message_type == "exception" else ":event-type"
    named = ((":message-type", message_type), (name, kind), (":content-type", "application/json"))
    headers = b"".join(_header(*pair) for pair in named)
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack("!I", crc32(prelude)) + headers + body
    return message + struct.pack("!I", crc32(message))


def _header(name: str, value: str) -> bytes:
    return struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()


def a_stream(*texts: str, stop: str = "end_turn", **usage: int) -> list[bytes]:
    """An answer of plain text, as Converse streams it."""
    counts = {"inputTokens": 7, "outputTokens": 2, "totalTokens": 9} | usage
    return [
        frame("messageStart", {"role": "assistant", "p": "abcd"}),
        *(frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}}) for text in texts),
        frame("contentBlockStop", {"contentBlockIndex": 0}),
        frame("messageStop", {"stopReason": stop}),
        frame("metadata", {"usage": counts, "metrics": {"latencyMs": 5}}),
    ]
