"""One circuit as a table, and as a machine."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from weighbridge.providers.circuit import (
    FAILURES_IN_A_ROW,
    FAILURES_IN_WINDOW,
    FIRST_REST_S,
    LONGEST_PROBE_S,
    LONGEST_REST_S,
    Circuit,
    CircuitState,
    admitted,
    failed,
    given_back,
    succeeded,
)


def after(outcomes: str, now: float = 0.0) -> Circuit:
    """`x` for a failure, `.` for a success."""
    circuit = Circuit()
    for outcome in outcomes:
        circuit = failed(circuit, now, None) if outcome == "x" else succeeded(circuit, now)
    return circuit


OPEN = after("x" * FAILURES_IN_A_ROW)


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("", CircuitState.CLOSED),
        ("xxxxxxx", CircuitState.CLOSED),
        ("xxxxxxx.xxxx", CircuitState.CLOSED),
        ("xxxxxxxx", CircuitState.OPEN),
        ("....xxxxxxxx", CircuitState.OPEN),
        ("xxxxxxxx.", CircuitState.OPEN),
        ("xx." * 5, CircuitState.CLOSED),
        ("xx." * 6, CircuitState.OPEN),
        ("x." * 30, CircuitState.CLOSED),
    ],
)
def test_too_many_failures_open_it(outcomes: str, state: CircuitState) -> None:
    assert after(outcomes).state(1.0) is state


def test_an_open_circuit_lets_nobody_pass_until_its_time_and_then_one() -> None:
    assert admitted(OPEN, FIRST_REST_S - 0.1) is None
    probing = admitted(OPEN, FIRST_REST_S)
    assert probing is not None
    assert admitted(probing, FIRST_REST_S) is None
    assert probing.wait_s(FIRST_REST_S) > 0


def test_a_probe_that_succeeds_closes_it_and_forgets() -> None:
    probing = admitted(OPEN, FIRST_REST_S)
    assert probing is not None
    assert succeeded(probing, FIRST_REST_S).state(FIRST_REST_S) is CircuitState.CLOSED
    assert succeeded(probing, FIRST_REST_S).is_spotless


def test_a_probe_that_fails_opens_it_for_twice_as_long() -> None:
    probing = admitted(OPEN, FIRST_REST_S)
    assert probing is not None
    assert failed(probing, FIRST_REST_S, None).wait_s(FIRST_REST_S) == 2 * FIRST_REST_S


def test_a_probe_that_is_cut_short_or_lost_makes_room_for_the_next() -> None:
    probing = admitted(OPEN, FIRST_REST_S)
    assert probing is not None
    assert admitted(given_back(probing), FIRST_REST_S) is not None
    assert admitted(probing, FIRST_REST_S + LONGEST_PROBE_S) is not None


def test_a_provider_that_names_a_time_is_left_alone_so_long_within_reason() -> None:
    assert failed(Circuit(), 0.0, 30.0).wait_s(0.0) == 30.0
    assert failed(Circuit(), 0.0, 86_400.0).wait_s(0.0) == LONGEST_REST_S
    assert failed(Circuit(), 0.0, 0.0).wait_s(0.0) == 0.0
    assert failed(failed(Circuit(), 0.0, 30.0), 0.0, 1.0).wait_s(0.0) == 30.0


def test_calls_that_were_under_way_when_it_opened_do_not_make_its_rest_longer() -> None:
    assert after("x" * FAILURES_IN_A_ROW + "x" * 40).wait_s(0.0) == FIRST_REST_S


def test_after_a_time_that_was_asked_for_everybody_may_pass_again() -> None:
    asked = failed(Circuit(), 0.0, 30.0)
    assert admitted(asked, 29.0) is None
    assert asked.state(30.0) is CircuitState.CLOSED
    assert admitted(asked, 30.0) == asked


class AnyLife(RuleBasedStateMachine):
    """Whatever happens to a circuit, it never shuts anybody out for good, nor lets two probes pass at once."""

    def __init__(self) -> None:
        super().__init__()
        self.circuit, self.now, self.probes = Circuit(), 0.0, 0

    @rule(later=st.floats(0, 1_000))
    def time_passes(self, later: float) -> None:
        self.now += later
        if self.circuit.probe_until <= self.now:
            self.probes = 0

    @rule()
    def a_call_asks(self) -> None:
        state = self.circuit.state(self.now)
        circuit = admitted(self.circuit, self.now)
        assert (circuit is None) == (self.circuit.wait_s(self.now) > 0)
        if circuit is not None:
            self.circuit = circuit
            self.probes += state is CircuitState.HALF_OPEN
        assert self.probes <= 1

    @rule(hint_s=st.none() | st.floats(0, 10_000))
    def a_call_fails(self, hint_s: float | None) -> None:
        self.circuit, self.probes = failed(self.circuit, self.now, hint_s), 0

    @rule()
    def a_call_succeeds(self) -> None:
        was_open = self.circuit.state(self.now) is CircuitState.OPEN
        self.circuit = succeeded(self.circuit, self.now)
        assert (self.circuit.state(self.now) is CircuitState.OPEN) == was_open
        self.probes = self.probes if was_open else 0

    @rule()
    def a_call_is_cut_short(self) -> None:
        self.circuit, self.probes = given_back(self.circuit), 0

    @invariant()
    def every_rest_ends(self) -> None:
        assert self.circuit.wait_s(self.now) <= max(LONGEST_REST_S, LONGEST_PROBE_S) + 1e-6
        assert sum(self.circuit.recent) <= FAILURES_IN_WINDOW + FAILURES_IN_A_ROW + 20


TestNoCircuitStaysOpenForEver = AnyLife.TestCase
