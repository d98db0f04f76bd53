"""Reads the answers on one HTTP/1.1 connection (RFC 9112), with limits.

The parser is httptools (llhttp, strict). What llhttp leaves to its user is done here: bodies that end with the
connection, interim 1xx answers, trailers, limits on framing and body, and whether the connection stays clean.
"""

from dataclasses import dataclass

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from weighbridge.domain.errors import ProviderMalformedError


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bounds of the HTTP client."""

    connections: int = 512
    """Open at once to one origin."""
    wait_s: float = 5.0
    """Longest wait for a free one."""
    connect_s: float = 5.0
    """Longest wait for name, TCP and TLS."""
    silence_s: float = 300.0
    """Longest time without a byte from the provider, the first byte included."""
    idle_s: float = 30.0
    """Age at which an unused connection is no longer trusted."""
    framing_bytes: int = 64 * 1024
    """Most bytes in a row without any of the body: status line, headers, chunk extensions, trailers."""
    body_bytes: int = 32 * 1024 * 1024
    """Most bytes of a body that are held at once: the largest whole body. A stream is taken as it comes, and reading
    stops while nobody takes it, so that it may be longer."""


class AnswerReader:
    """Feed it the bytes of a connection. `begin` makes it ready for the next answer."""

    __slots__ = (
        "_blocks",
        "_body_size",
        "_framing_size",
        "_has_codings",
        "_has_surplus",
        "_is_sized",
        "_largest_body",
        "_largest_framing",
        "_name",
        "_parser",
        "_problem",
        "has_begun",
        "has_head",
        "headers",
        "is_complete",
        "may_stay",
        "status",
        "unread",
    )

    def __init__(self, name: str, limits: HttpLimits) -> None:
        self._name = name
        self._largest_body, self._largest_framing = limits.body_bytes, limits.framing_bytes
        self._parser = HttpResponseParser(self)
        self.begin()

    def begin(self) -> None:
        """Forget the last answer."""
        self._blocks: list[bytes] = []
        self._body_size = self._framing_size = 0
        self._is_sized = self._has_codings = self._has_surplus = False
        self._problem: str | None = None
        self.status = 0
        """The status, once `has_head`."""
        self.headers: dict[bytes, bytes] = {}
        """Names in lower case."""
        self.has_begun = False
        """Any byte came."""
        self.has_head = False
        """Status and headers are there."""
        self.is_complete = False
        """So is the whole body."""
        self.may_stay = False
        """The connection may be used again; known once complete."""
        self.unread = 0
        """Bytes of the body that nobody has taken yet."""

    def feed(self, block: bytes) -> None:
        """More bytes. Raises ProviderMalformedError for what is not HTTP or over a limit."""
        self.has_begun = True
        before = self._body_size
        try:
            self._parser.feed_data(block)
        except (HttpParserError, HttpParserUpgrade):
            if not self.is_complete:
                raise self._malformed("is not valid HTTP/1.1") from None
            self.may_stay = False
        if self._has_surplus:
            self.may_stay = False
        self._check_framing(len(block) if self._body_size == before else 0)
        if self._problem is not None:
            raise self._malformed(self._problem)

    def end(self) -> None:
        """The peer closed in good order, which is how an answer without a length ends (RFC 9112, 6.3)."""
        if self.has_head and not self._is_sized:
            self.is_complete = True

    def take(self) -> bytes:
        """The part of the body that came since the last call."""
        blocks = self._blocks
        self._blocks, self.unread = [], 0
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)

    def _check_framing(self, size: int) -> None:
        """Without this an endless header, trailer or chunk extension would grow inside the parser."""
        self._framing_size = self._framing_size + size if size else 0
        if self._framing_size > self._largest_framing and not self.is_complete:
            self._problem = f"holds more than {self._largest_framing} bytes of headers"

    def _malformed(self, what: str) -> ProviderMalformedError:
        return ProviderMalformedError(
            f"The answer of {self._name} {what}.",
            advice="Check that the host's base_url is an API endpoint.",
            may_have_cost=True,
        )

    # What the parser calls

    def on_message_begin(self) -> None:
        """A status line begins; a second one in a single exchange was not asked for."""
        self._has_surplus = self.is_complete

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; after the head it is a trailer, which means nothing to us."""
        if self.has_head:
            return
        name = name.lower()
        self.headers[name] = value
        if name == b"content-length":
            self._is_sized = True
        elif name == b"transfer-encoding":
            self._is_sized = True
            self._has_codings = value.strip().lower() != b"chunked"
        elif name == b"content-encoding":
            self._has_codings = value.strip().lower() not in {b"", b"identity"}

    def on_headers_complete(self) -> None:
        """The head is there, unless it is an interim one."""
        if self.is_complete:
            return
        status = self._parser.get_status_code()
        if status < 200:
            self.headers, self._is_sized = {}, False
            return
        self.status, self.has_head = status, True
        if self._has_codings:
            self._problem = "is encoded in a way that was not asked for"

    def on_body(self, block: bytes) -> None:
        """A part of the body."""
        if self.is_complete:
            return
        self._body_size += len(block)
        if self.unread + len(block) > self._largest_body:
            self._problem = f"has more than {self._largest_body} bytes"
            return
        self._blocks.append(block)
        self.unread += len(block)

    def on_message_complete(self) -> None:
        """The end of an answer, or of an interim one."""
        if self.has_head and not self.is_complete:
            self.is_complete = True
            self.may_stay = self._parser.should_keep_alive()
