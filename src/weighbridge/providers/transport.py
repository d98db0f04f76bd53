"""The seam between dialects and the network: what is sent, what comes back. Every dialect goes through it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

Headers = tuple[tuple[str, str], ...]
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection goes; connections are shared by all calls to the same one."""

    is_tls: bool
    """`https`."""
    host: str
    """Name or address, an IPv6 one without brackets."""
    port: int
    """TCP port."""

    @property
    def authority(self) -> str:
        """As the Host header wants it (RFC 9110, 7.2): the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS["https" if self.is_tls else "http"] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class HttpCall:
    """One HTTP request. Host, content length and connection headers are the transport's own business."""

    method: str
    """`POST` and so on."""
    origin: Origin
    """Where."""
    target: str
    """Path with query."""
    headers: Headers = field(repr=False)
    """Names in lower case; values in Latin-1 without line breaks, else the call is rejected unsent."""
    body: bytes = field(repr=False)
    """The whole body."""

    @classmethod
    def post(cls, url: str, body: bytes, headers: Headers = ()) -> "HttpCall":
        """A POST. Raises ValueError when `url` cannot be called: see `split_url`."""
        origin, target = split_url(url)
        return cls("POST", origin, target, headers, body)


@lru_cache(maxsize=256)
def split_url(url: str) -> tuple[Origin, str]:
    """Origin and target of an absolute URL. Raises ValueError with the reason, which does not repeat the URL."""
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError("it must begin with http:// or https:// and name a host")
    if parts.username is not None or parts.fragment:
        raise ValueError("it may hold neither a user name nor a fragment")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("it may hold only printable ASCII characters, without spaces")
    origin = Origin(parts.scheme == "https", parts.hostname, parts.port or DEFAULT_PORTS[parts.scheme])
    return origin, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True, slots=True)
class HttpHead:
    """How an answer begins."""

    status: int
    """The final status; interim 1xx answers are never shown."""
    headers: Mapping[bytes, bytes]
    """Names in lower case; of several with one name the last."""

    def header(self, name: bytes) -> str | None:
        """One header's value as text."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def texts(self) -> dict[str, str]:
        """All headers as text."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers.items()}

    @property
    def media_type(self) -> str:
        """The content type without parameters, in lower case; empty when there is none."""
        return (self.header(b"content-type") or "").split(";", 1)[0].strip().lower()


@dataclass(frozen=True, slots=True)
class HttpAnswer(HttpHead):
    """A whole answer."""

    body: bytes
    """All of it."""


@dataclass(frozen=True, slots=True)
class HttpStream(HttpHead):
    """An answer whose body is still coming."""

    blocks: AsyncIterator[bytes]
    """The body's bytes as they arrive, cut anywhere. Raises ProviderError when the rest does not come."""


class Transport(Protocol):
    """Carries HTTP calls. Both raise ProviderError for everything that goes wrong, and take any status as an answer."""

    async def send(self, call: HttpCall, timeout_s: float) -> HttpAnswer:
        """The whole answer within `timeout_s`."""
        ...

    def open(self, call: HttpCall, timeout_s: float) -> AbstractAsyncContextManager[HttpStream]:
        """The answer from its head on, all of it within `timeout_s`. Leaving the block by an exception hangs up."""
        ...

    async def close(self) -> None:
        """Drop every connection."""
        ...
