"""Server-sent events, as bytes arrive (WHATWG HTML, "Server-sent events", section 9.2).

Only data is kept: the dialects we speak repeat an event's type inside its JSON. Text is split as bytes, before it is
decoded, so that no character but CR and LF ends a line.
"""

from weighbridge.domain.errors import ProviderMalformedError

LARGEST_EVENT_BYTES = 4 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


class SseDecoder:
    """Feed it blocks cut anywhere; it gives back the data of each event that is complete.

    An event that the end of the stream cuts off is dropped, as the specification wants it.
    """

    __slots__ = ("_after_cr", "_has_begun", "_largest", "_pending", "_size")

    def __init__(self, largest_event_bytes: int = LARGEST_EVENT_BYTES) -> None:
        self._largest = largest_event_bytes
        self._pending: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._has_begun = False

    def feed(self, block: bytes) -> list[bytes]:
        """The data of the events that `block` completes. Raises ProviderMalformedError for one that is too large."""
        if self._after_cr or b"\r" in block:
            block = self._with_line_feeds(block)
        pending = self._pending
        if b"\n\n" not in block and not (pending and block[:1] == b"\n" and pending[-1][-1:] == b"\n"):
            return self._wait(block)
        if pending:
            block = b"".join((*pending, block))
        *events, rest = self._without_bom(block).split(b"\n\n")
        self._pending, self._size = [], 0
        if len(block) > self._largest:
            self._check_sizes(events)
        self._wait(rest)
        return [data for event in events if (data := _content_of(event)) is not None]

    def _wait(self, rest: bytes) -> list[bytes]:
        if rest:
            self._pending.append(rest)
            self._size += len(rest)
            if self._size > self._largest:
                raise _too_large(self._largest)
        return []

    def _with_line_feeds(self, block: bytes) -> bytes:
        """CR and CRLF become LF. A CR at the end of a block counts at once, and the LF that may follow it does not."""
        if self._after_cr and block[:1] == b"\n":
            block = block[1:]
            self._after_cr = False
        if block:
            self._after_cr = block[-1:] == b"\r"
        return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _without_bom(self, block: bytes) -> bytes:
        if self._has_begun:
            return block
        self._has_begun = True
        return block.removeprefix(_BOM)

    def _check_sizes(self, events: list[bytes]) -> None:
        if max(map(len, events)) > self._largest:
            raise _too_large(self._largest)


def _content_of(event: bytes) -> bytes | None:
    """The data lines joined; `None` for an event without any, such as a comment that keeps the connection alive."""
    if event[:6] == b"data: " and b"\n" not in event:
        return event[6:]
    lines = [line for line in event.split(b"\n") if line[:5] == b"data:" or line == b"data"]
    return b"\n".join([_value_of(line) for line in lines]) if lines else None


def _value_of(line: bytes) -> bytes:
    value = line[5:]
    return value[1:] if value[:1] == b" " else value


def _too_large(largest: int) -> ProviderMalformedError:
    return ProviderMalformedError(
        f"The provider sent an event of more than {largest} bytes.",
        advice="Check that the host streams server-sent events.",
        may_have_cost=True,
    )
