"""A document that was fetched from an address."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """What came of fetching it."""

    body: bytes = b""
    """Its bytes."""
    media_type: str = ""
    """What the server says it is, such as `text/html`."""
    error: str | None = None
    """Why there is nothing, such as `status 404`."""
