"""Server-sent events, cut anywhere."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.domain.errors import ProviderMalformedError
from weighbridge.providers.sse import SseDecoder


def decode(*blocks: bytes, largest: int = 1000) -> list[bytes]:
    decoder = SseDecoder(largest)
    return [event for block in blocks for event in decoder.feed(block)]


STREAMS = {
    "one event": (b'data: {"a":1}\n\n', [b'{"a":1}']),
    "two events": (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
    "CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
    "CR": (b"data: a\r\rdata: b\r\r", [b"a", b"b"]),
    "mixed line ends": (b"data: a\r\n\ndata: b\n\r\ndata: c\r\n\r", [b"a", b"b", b"c"]),
    "several data lines": (b"data: a\ndata: b\ndata:\ndata\n\n", [b"a\nb\n\n"]),
    "several data lines with CRLF": (b"data: a\r\ndata: b\r\n\r\n", [b"a\nb"]),
    "no space after the colon": (b"data:a\n\n", [b"a"]),
    "only one space is taken": (b"data:  a\n\n", [b" a"]),
    "other fields": (b"event: x\nid: 1\ndata: a\nretry: 5\n\n", [b"a"]),
    "fields that only look alike": (b"database: a\n data: b\nDATA: c\n\n", []),
    "comments": (b": ping\n\n:\ndata: a\n: pong\n\n", [b"a"]),
    "many blank lines": (b"\n\n\ndata: a\n\n\n\n\ndata: b\n\n\n", [b"a", b"b"]),
    "a byte order mark": (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
    "a byte order mark later": (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [b"a"]),
    "an event without data": (b"event: ping\n\n", []),
    "an event with empty data": (b"data\n\n", [b""]),
    "an event that is cut off": (b"data: a\n\ndata: b\n", [b"a"]),
    "separators that end no line": (
        "data: a\u2028\u2029\x0b\x0c\x85b\n\n".encode(),
        ["a\u2028\u2029\x0b\x0c\x85b".encode()],
    ),
    "nothing": (b"", []),
}


@pytest.mark.parametrize(("stream", "events"), STREAMS.values(), ids=STREAMS)
def test_a_stream_has_these_events_however_it_is_cut(stream: bytes, events: list[bytes]) -> None:
    assert decode(stream) == events
    assert decode(*[bytes([byte]) for byte in stream]) == events
    for at in range(len(stream)):
        assert decode(stream[:at], b"", stream[at:]) == events


PIECES = st.sampled_from(
    [
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"data: ",
        b"data:",
        b"data",
        b":",
        b" ",
        b"x",
        b'{"a": 1}',
        b"event: y",
        b"\xef\xbb\xbf",
    ]
)


@given(st.lists(PIECES, max_size=40).map(b"".join), st.lists(st.integers(0, 120), max_size=6))
def test_any_cut_gives_what_the_specification_says(stream: bytes, places: list[int]) -> None:
    cuts = [0, *sorted(min(place, len(stream)) for place in places), len(stream)]
    blocks = [stream[begin:end] for begin, end in pairwise(cuts)]
    assert decode(*blocks) == by_the_book(stream)


def by_the_book(stream: bytes) -> list[bytes]:
    """The specification's algorithm, line by line, on the whole stream."""
    events, lines = [], list[bytes]()
    *whole_lines, _ = re.split(rb"\r\n|\n|\r", stream.removeprefix(b"\xef\xbb\xbf"))
    for line in whole_lines:
        name, _, value = line.partition(b":")
        if not line:
            if lines:
                events.append(b"\n".join(lines))
            lines = []
        elif name == b"data":
            lines.append(value.removeprefix(b" "))
    return events


@pytest.mark.parametrize("size", [1, 7, 101, 1000])
def test_an_event_over_the_limit_is_refused_however_it_is_cut(size: int) -> None:
    stream = b"data: small\n\ndata: " + b"x" * 100 + b"\n\n"
    blocks = [stream[at : at + size] for at in range(0, len(stream), size)]
    with pytest.raises(ProviderMalformedError, match="more than 100 bytes"):
        decode(*blocks, largest=100)


def test_many_small_events_in_one_block_are_not_one_large_event() -> None:
    assert len(SseDecoder(largest_event_bytes=100).feed(b"data: x\n\n" * 1000)) == 1000
