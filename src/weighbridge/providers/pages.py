"""Fetching documents from addresses that an operator listed."""

from urllib.parse import urljoin

from weighbridge.domain.errors import ProviderError
from weighbridge.domain.page import Page
from weighbridge.providers.transport import HttpAnswer, HttpCall, Transport, split_url

TIMEOUT_S = 30.0
MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
HEADERS = (
    ("user-agent", "weighbridge"),
    ("accept", "text/html, text/markdown, text/plain, */*;q=0.1"),
)


class PageCalls:
    """Satisfies `ports.Pages`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def fetch(self, address: str) -> Page:
        """The document, up to five redirects on. Never raises for what the server does. From https to http is not
        followed: what was written down as authentic would come from anybody on the way."""
        for _ in range(MOST_REDIRECTS + 1):
            try:
                origin, target = split_url(address)
                answer = await self._transport.send(HttpCall("GET", origin, target, HEADERS, b""), TIMEOUT_S)
                following = _following(address, answer)
            except ValueError as error:
                return Page(error=str(error))
            except ProviderError as error:
                return Page(error=error.code.removeprefix("provider_"))
            if following is None:
                is_there = answer.status == 200
                return Page(answer.body, answer.media_type) if is_there else Page(error=f"status {answer.status}")
            address = following
        return Page(error=f"more than {MOST_REDIRECTS} redirects")


def _following(address: str, answer: HttpAnswer) -> str | None:
    """Where a redirect leads; `None` for an answer that is none. Raises ValueError where it may not be followed."""
    location = answer.header(b"location")
    if answer.status not in REDIRECTS or not location:
        return None
    following = urljoin(address, location)
    if address.startswith("https:") and not following.startswith("https:"):
        raise ValueError("it leads from https to http")
    return following
