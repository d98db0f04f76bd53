"""Amazon's event stream: binary frames with checksums, which botocore reads.

https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from collections.abc import Iterator
from typing import Any

from weighbridge.domain.errors import ProviderMalformedError

MEDIA_TYPE = "application/vnd.amazon.eventstream"


class EventStreamDecoder:
    """Feed it blocks cut anywhere; it gives back each complete event as JSON: an object with one member, named after
    the event's type, as Amazon's own clients show it. Frames of up to 24 MB are taken.

    What the end of the stream cuts off is dropped.
    """

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        from botocore.eventstream import EventStreamBuffer

        self._buffer: Any = EventStreamBuffer()

    def feed(self, block: bytes) -> list[bytes]:
        """The events that `block` completes. Raises ProviderMalformedError for frames that are damaged or too large."""
        from botocore.eventstream import ParserError

        self._buffer.add_data(block)
        try:
            return list(self._events())
        except ParserError:
            raise ProviderMalformedError(
                "The provider's event stream is damaged: a frame does not match its checksum, or is too large.",
                advice="Check that the host's base_url is Bedrock itself, and what stands in between.",
                may_have_cost=True,
            ) from None

    def _events(self) -> Iterator[bytes]:
        for message in self._buffer:
            headers = message.headers
            kind = headers.get(":event-type") or headers.get(":exception-type") or headers.get(":error-code") or ""
            payload = message.payload if message.payload[:1] == b"{" else b"{}"
            yield b'{"%b":%b}' % (_plain(str(kind)), payload)


def _plain(kind: str) -> bytes:
    return kind.encode() if kind.isascii() and kind.isalnum() else b"unknown"
