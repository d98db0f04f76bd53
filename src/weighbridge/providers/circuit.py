"""One circuit as a value: closed while calls succeed, open after failures, half-open for a probe. No clock inside.

(Nygard, "Release It!", 2007.) The window catches what rows miss: a model that fails two calls in three.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

FAILURES_IN_A_ROW = 8
"""One call in five may fail by chance, and eight in a row then come once in 400,000 calls; five, once in 3,000."""
WINDOW = 20
FAILURES_IN_WINDOW = 12
FIRST_REST_S = 2.0
LONGEST_REST_S = 300.0
"""Also bounds what a provider may ask for."""
LONGEST_PROBE_S = 120.0
"""A probe that has not ended by then is taken for lost, and the next may go."""
PROBE_LOOK_S = 0.25
"""When to ask again while a probe is under way: most have ended by then."""
MOST_DOUBLINGS = 10


class CircuitState(StrEnum):
    """Who may pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is known of one model, or of one host."""

    recent: tuple[bool, ...] = ()
    """The last outcomes, the newest last; True is a failure."""
    openings: int = 0
    """How often in a row it opened for too many failures: each time doubles the rest. 0 while it is sound."""
    rests_until: float = 0.0
    """Nobody may pass before this time."""
    probe_until: float = 0.0
    """A probe is under way until this time at the longest; 0 for none."""

    def state(self, now: float) -> CircuitState:
        """Who may pass at `now`."""
        if now < self.rests_until:
            return CircuitState.OPEN
        return CircuitState.HALF_OPEN if self.openings else CircuitState.CLOSED

    def wait_s(self, now: float) -> float:
        """Seconds until it is worth asking again; 0 when a call may pass now."""
        if now < self.rests_until:
            return self.rests_until - now
        return PROBE_LOOK_S if now < self.probe_until else 0.0

    @property
    def is_spotless(self) -> bool:
        """There is nothing to remember."""
        return not any(self.recent) and not self.openings and not self.rests_until


def admitted(circuit: Circuit, now: float) -> Circuit | None:
    """The circuit with one more call under way; `None` when it may not pass."""
    if circuit.wait_s(now) > 0:
        return None
    if circuit.state(now) is CircuitState.HALF_OPEN:
        return replace(circuit, probe_until=now + LONGEST_PROBE_S)
    return circuit


def given_back(circuit: Circuit) -> Circuit:
    """A call ended without telling anything, being cancelled: the next probe may go."""
    return replace(circuit, probe_until=0.0)


def succeeded(circuit: Circuit, now: float) -> Circuit:
    """A probe that succeeds closes it and forgets. While it is open, a call from before says nothing new."""
    match circuit.state(now):
        case CircuitState.CLOSED:
            return replace(circuit, recent=(*circuit.recent, False)[-WINDOW:], rests_until=0.0)
        case CircuitState.HALF_OPEN:
            return Circuit()
        case CircuitState.OPEN:
            return circuit


def failed(circuit: Circuit, now: float, hint_s: float | None) -> Circuit:
    """A failure opens it when there were too many, or a probe failed.

    A time that the provider named is kept without a probe after it: being asked to wait is no sign of being broken.
    Calls that were under way when it opened say nothing new: they must not make its rest longer and longer.
    """
    if circuit.openings and circuit.state(now) is CircuitState.OPEN:
        return circuit
    recent = (*circuit.recent, True)[-WINDOW:]
    is_probe = circuit.state(now) is CircuitState.HALF_OPEN
    is_row = len(recent) >= FAILURES_IN_A_ROW and all(recent[-FAILURES_IN_A_ROW:])
    if is_probe or is_row or sum(recent) >= FAILURES_IN_WINDOW:
        rest_s = FIRST_REST_S * 2.0 ** min(circuit.openings, MOST_DOUBLINGS)
        return _rested(replace(circuit, recent=recent, openings=circuit.openings + 1), now, max(rest_s, hint_s or 0.0))
    changed = replace(circuit, recent=recent)
    return _rested(changed, now, hint_s) if hint_s else changed


def _rested(circuit: Circuit, now: float, rest_s: float) -> Circuit:
    until = max(circuit.rests_until, now + min(rest_s, LONGEST_REST_S))
    return replace(circuit, rests_until=until, probe_until=0.0)
