"""Every form in which providers say how long to wait, and none that could hang us."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.dialects.hints import LONGEST_HINT_S, wait_hint_s

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": " 3 "}, 3.0),
        ({"retry-after": "-1"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e9"}, 0.0),
        ({"retry-after": "99999999"}, LONGEST_HINT_S),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "9" * 65}, None),
        ({"retry-after": "Mon, 21 Sep 2026 15:06:45 GMT"}, 1_790_003_205.0 - NOW),
        ({"retry-after": "Mon, 21 Sep 2020 15:06:45 GMT"}, 0.0),
        ({"retry-after": "Mon, 99 Sep 2026 15:06:45 GMT"}, None),
        ({"retry-after": "1790000007"}, 7.0),
        ({"retry-after": "1790000007000"}, 7.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "x", "retry-after": "2"}, 2.0),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({"x-ratelimit-reset-tokens": "20ms"}, 0.02),
        ({"x-ratelimit-reset-tokens": "1h2m3.5s"}, 3723.5),
        ({"x-ratelimit-reset-tokens": "1d"}, 86_400.0),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        (
            {
                "x-ratelimit-remaining-tokens": "900",
                "x-ratelimit-reset-tokens": "6m0s",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "1s",
            },
            1.0,
        ),
        ({"x-ratelimit-remaining-tokens": "900", "x-ratelimit-reset-tokens": "6m0s"}, None),
        ({"x-ratelimit-reset": "1790000009"}, 9.0),
        ({"x-ratelimit-reset-requests": "12"}, 12.0),
        (
            {
                "anthropic-ratelimit-requests-remaining": "5",
                "anthropic-ratelimit-requests-reset": "2026-09-21T14:20:00Z",
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "2026-09-21T14:13:40Z",
            },
            20.0,
        ),
        ({"anthropic-ratelimit-tokens-reset": "tomorrow"}, None),
        ({"retry-after": "4", "x-ratelimit-reset-requests": "6m0s"}, 4.0),
    ],
)
def test_a_hint_is_read_in_any_form(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_hint_s(headers, b"", NOW) == pytest.approx(seconds)


def test_google_says_it_in_the_body() -> None:
    body = b'{"error": {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}]}}'
    assert wait_hint_s({}, body, NOW) == 34.5
    assert wait_hint_s({"retry-after": "2"}, body, NOW) == 2.0
    assert wait_hint_s({}, b'{"retryDelay": "..s"}', NOW) is None


@given(
    st.dictionaries(
        st.sampled_from(
            ["retry-after", "retry-after-ms", "x-ratelimit-reset-tokens", "anthropic-ratelimit-tokens-reset"]
        ),
        st.text(max_size=80) | st.floats().map(str) | st.integers().map(str),
    ),
    st.binary(max_size=80),
)
def test_whatever_a_provider_says_the_wait_is_bounded(headers: dict[str, str], body: bytes) -> None:
    seconds = wait_hint_s(headers, body, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_HINT_S
