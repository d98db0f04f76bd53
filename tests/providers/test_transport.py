"""Where a URL leads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.providers.transport import HttpCall, HttpHead, Origin, split_url

URLS = {
    "https://api.example.com/v1": (Origin(True, "api.example.com", 443), "/v1", "api.example.com"),
    "http://localhost:8080/v1/x?a=b": (Origin(False, "localhost", 8080), "/v1/x?a=b", "localhost:8080"),
    "http://[::1]:8080": (Origin(False, "::1", 8080), "/", "[::1]:8080"),
    "https://[::1]/v1": (Origin(True, "::1", 443), "/v1", "[::1]"),
    "HTTP://EXAMPLE.com:80/A": (Origin(False, "example.com", 80), "/A", "example.com"),
    "https://example.com:80": (Origin(True, "example.com", 80), "/", "example.com:80"),
}


@pytest.mark.parametrize("url", URLS)
def test_a_url_is_split_into_origin_and_target(url: str) -> None:
    origin, target = split_url(url)
    assert (origin, target, origin.authority) == URLS[url]


BAD_URLS = ["", "api.example.com", "ftp://x/y", "http://", "http:///v1", "https://key:secret@x/", "http://x/#y"]
BAD_URLS += [
    "http://x y/",
    "http://x/a b",
    "http://x/\r\nhost: y",
    "http://x:99999/",
    "http://x:port/",
    "http://[::1/",
    "http://ü/",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_url_that_cannot_be_called_is_refused(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        split_url(url)
    assert "secret" not in str(caught.value)


@given(st.text())
def test_any_text_is_a_url_or_a_value_error(url: str) -> None:
    try:
        _, target = split_url(f"http://{url}")
    except ValueError:
        return
    assert target.isascii()
    assert not set(target) & set("\r\n \t\0")


def test_a_post_knows_its_origin() -> None:
    call = HttpCall.post("https://example.com/v1", b"{}", (("accept", "any"),))
    assert "any" not in repr(call)
    assert (call.method, call.origin.host, call.target, call.headers) == (
        "POST",
        "example.com",
        "/v1",
        (("accept", "any"),),
    )


def test_a_media_type_is_read_without_its_parameters() -> None:
    assert HttpHead(200, {b"content-type": b"Text/HTML; charset=x"}).media_type == "text/html"
    assert HttpHead(200, {}).media_type == ""
