"""Credentials take turns; one that was refused rests by itself."""

import pytest

from weighbridge.domain.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderQuotaError,
    ProviderRateLimitedError,
    ProviderUnavailableError,
)
from weighbridge.providers.keyring import LIMITED_REST_S, LONGEST_REST_S, REFUSED_REST_S, Keyring


def taken(ring: Keyring[str], times: int, now: float = 0.0) -> str:
    return "".join(ring.take(now)[1] for _ in range(times))


def test_all_are_used_in_turn() -> None:
    assert taken(Keyring(("a", "b", "c")), 7) == "abcabca"
    assert taken(Keyring(("a",)), 3) == "aaa"


@pytest.mark.parametrize(
    ("error", "rest_s"),
    [
        (ProviderRateLimitedError("x", provider_status=429), LIMITED_REST_S),
        (ProviderRateLimitedError("x", provider_status=429, retry_after_s=60), 60),
        (ProviderRateLimitedError("x", provider_status=429, retry_after_s=86_400), LONGEST_REST_S),
        (ProviderAuthError("x", provider_status=401), REFUSED_REST_S),
        (ProviderQuotaError("x", provider_status=402), REFUSED_REST_S),
    ],
)
def test_a_refused_one_rests_by_itself(error: ProviderError, rest_s: float) -> None:
    ring = Keyring(("a", "b"))
    ring.note(0, error, 0.0)
    assert error.can_switch_credential
    assert taken(ring, 3, rest_s - 0.1) == "bbb"
    assert set(taken(ring, 4, rest_s)) == {"a", "b"}


def test_what_is_not_the_credentials_fault_rests_none() -> None:
    ring, error = Keyring(("a", "b")), ProviderUnavailableError("x", provider_status=503)
    ring.note(0, error, 0.0)
    assert not error.can_switch_credential
    assert taken(ring, 4) == "abab"


def test_when_all_rest_the_one_that_wakes_first_is_tried_and_no_switch_is_promised() -> None:
    ring = Keyring(("a", "b"))
    ring.note(0, ProviderRateLimitedError("x", provider_status=429, retry_after_s=20), 0.0)
    last = ProviderRateLimitedError("x", provider_status=429, retry_after_s=10)
    ring.note(1, last, 0.0)
    assert not last.can_switch_credential
    assert taken(ring, 2) == "bb"


def test_a_single_credential_cannot_be_switched() -> None:
    error = ProviderAuthError("x", provider_status=401)
    Keyring(("a",)).note(0, error, 0.0)
    assert not error.can_switch_credential
