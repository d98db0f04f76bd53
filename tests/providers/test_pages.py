"""Fetching listed addresses: what comes back is a document or the reason why there is none."""

import pytest

from providers.loopback import Step, serving
from weighbridge.providers.http1 import HttpClient
from weighbridge.providers.pages import MOST_REDIRECTS, PageCalls


def answered(status: str, body: bytes = b"", *headers: str) -> list[Step]:
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers))
    return [head.encode() + b"\r\n" + body]


async def fetched(address: str) -> tuple[bytes, str | None]:
    client = HttpClient()
    try:
        page = await PageCalls(client).fetch(address)
    finally:
        await client.close()
    return page.body, page.error


async def test_a_document_comes_with_its_media_type() -> None:
    async with serving(answered("200 OK", b"<p>Hello", "content-type: text/html; charset=utf-8")) as host:
        client = HttpClient()
        page = await PageCalls(client).fetch(f"{host.url}/a.html")
        await client.close()
    assert (page.body, page.error) == (b"<p>Hello", None)
    assert page.media_type.startswith("text/html")


async def test_a_redirect_is_followed_to_what_it_names() -> None:
    async with serving(answered("302 Found", b"", "location: /v1/new"), answered("200 OK", b"new")) as host:
        assert await fetched(f"{host.url}/old") == (b"new", None)
    assert host.received[1].line == "GET /v1/new HTTP/1.1"


async def test_a_circle_of_redirects_ends() -> None:
    circle = [answered("307 Temporary Redirect", b"", "location: /again")] * (MOST_REDIRECTS + 1)
    async with serving(*circle) as host:
        assert await fetched(f"{host.url}/again") == (b"", f"more than {MOST_REDIRECTS} redirects")


@pytest.mark.parametrize(
    ("status", "location", "error"),
    [
        ("404 Not Found", "x-a: b", "status 404"),
        ("302 Found", "x-a: b", "status 302"),
        ("302 Found", "location: file:///etc/passwd", "http"),
        ("302 Found", "location: http://[", ""),
    ],
)
async def test_what_is_no_document_is_a_reason(status: str, location: str, error: str) -> None:
    async with serving(answered(status, b"", location)) as host:
        body, told = await fetched(f"{host.url}/x")
    assert body == b""
    assert told is not None
    assert error in told
