"""What a record counts against budgets."""

from make import a_record, an_attempt
from weighbridge.domain.decision import Candidate, Decision, RouteReason
from weighbridge.domain.money import Money
from weighbridge.store.spend import counted_pico

DECISION = Decision(
    (Candidate("fast-small", None, {}, 1, Money(50)), Candidate("free-for-all", None, {}, 2, None)),
    ("fast-small", "free-for-all"),
    RouteReason.PRIMARY,
    "",
)


def test_a_known_cost_counts_as_it_is() -> None:
    assert counted_pico(a_record(cost=Money(7))) == 7


def test_an_unknown_cost_counts_as_what_was_held_for_it() -> None:
    attempts = (an_attempt("fast-small", cost=None), an_attempt("fast-small", cost=Money(3)))
    assert counted_pico(a_record(cost=None, decision=DECISION, attempts=attempts)) == 53


def test_an_attempt_without_price_counts_nothing() -> None:
    assert counted_pico(a_record(cost=None, decision=DECISION, attempts=(an_attempt("free-for-all", cost=None),))) == 0


def test_a_request_that_was_refused_before_routing_counts_nothing() -> None:
    assert counted_pico(a_record(cost=None, decision=None, attempts=())) == 0
