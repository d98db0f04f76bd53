"""Whose fault it was decides who rests."""

import pytest

from make import a_model
from weighbridge.domain.errors import (
    ContextTooLongError,
    HostBusyError,
    HostUnreachableError,
    ModelRestsError,
    ProviderAuthError,
    ProviderError,
    ProviderQuotaError,
    ProviderRateLimitedError,
    ProviderRejectedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from weighbridge.providers.breaker import MOST_CIRCUITS, Breaker
from weighbridge.providers.circuit import FAILURES_IN_A_ROW, FIRST_REST_S
from weighbridge.providers.clock import ManualClock

ONE, TWO = a_model("one"), a_model("two")
ELSEWHERE = a_model("three", host="other")
ALL = (ONE, TWO, ELSEWHERE)


def after(error: ProviderError, times: int = FAILURES_IN_A_ROW) -> tuple[Breaker, ManualClock]:
    clock = ManualClock()
    breaker = Breaker(clock)
    for _ in range(times):
        assert breaker.admit(ONE)
        breaker.note_failure(ONE, error)
    return breaker, clock


def test_nothing_rests_at_first() -> None:
    breaker = Breaker(ManualClock())
    assert breaker.cooling_down(ALL) == {}
    assert breaker.admit(ONE)


@pytest.mark.parametrize(
    "error", [ProviderUnavailableError("x"), ProviderTimeoutError("x"), ProviderRateLimitedError("x")]
)
def test_what_the_model_is_to_blame_for_rests_the_model(error: ProviderError) -> None:
    breaker, _ = after(error)
    assert breaker.cooling_down(ALL) == {"one": FIRST_REST_S}
    assert [breaker.admit(model) for model in ALL] == [False, True, True]


@pytest.mark.parametrize("error", [HostUnreachableError("x"), ProviderAuthError("x"), ProviderQuotaError("x")])
def test_what_the_host_is_to_blame_for_rests_all_its_models(error: ProviderError) -> None:
    breaker, _ = after(error)
    assert breaker.cooling_down(ALL) == {"one": FIRST_REST_S, "two": FIRST_REST_S}
    assert [breaker.admit(model) for model in ALL] == [False, False, True]


@pytest.mark.parametrize(
    "error", [ProviderRejectedError("x"), ContextTooLongError("x"), HostBusyError("x"), ModelRestsError("x")]
)
def test_a_wrong_request_and_our_own_limits_rest_nobody(error: ProviderError) -> None:
    breaker, _ = after(error, 50)
    assert breaker.cooling_down(ALL) == {}


def test_a_credential_that_another_stands_in_for_rests_nobody() -> None:
    error = ProviderAuthError("x")
    error.can_switch_credential = True
    breaker, _ = after(error, 50)
    assert breaker.cooling_down(ALL) == {}


def test_after_its_rest_one_probe_goes_and_decides() -> None:
    breaker, clock = after(ProviderUnavailableError("x"))
    clock.advance(FIRST_REST_S)
    assert breaker.cooling_down(ALL) == {}
    assert [breaker.admit(ONE) for _ in range(3)] == [True, False, False]
    assert "one" in breaker.cooling_down(ALL)
    breaker.note_success(ONE)
    assert [breaker.admit(ONE) for _ in range(3)] == [True, True, True]


def test_a_probe_of_a_host_is_one_for_all_its_models() -> None:
    breaker, clock = after(HostUnreachableError("x"))
    clock.advance(FIRST_REST_S)
    assert breaker.admit(TWO)
    assert not breaker.admit(ONE)
    breaker.note_nothing(TWO)
    assert breaker.admit(ONE)


def test_names_that_come_and_go_do_not_pile_up() -> None:
    breaker = Breaker(ManualClock())
    for number in range(MOST_CIRCUITS + 10):
        breaker.note_failure(a_model(f"m{number}"), ProviderUnavailableError("x"))
    assert len(breaker._circuits) == MOST_CIRCUITS
