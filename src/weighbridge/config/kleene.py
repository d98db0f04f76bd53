"""Three-valued logic (Kleene 1938) over signals: each node of a checked expression becomes one small closure.

`None` is "unknown". `true or unknown` is true, `false and unknown` is false, and everything else that rests on an
unknown signal is unknown. Both sides of `and` and `or` are pure, so the right one is skipped once the left one decides.
"""

import operator
from collections.abc import Callable, Mapping

from weighbridge.domain.signals import Signals, SignalValue

Test = Callable[[Signals], bool | None]
Operand = Callable[[Signals], SignalValue | None]

COMPARISONS: Mapping[str, Callable[[SignalValue, SignalValue], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def both(left: Test, right: Test) -> Test:
    """`and`."""

    def test(signals: Signals) -> bool | None:
        first = left(signals)
        if first is False:
            return False
        second = right(signals)
        return second if first or second is False else None

    return test


def either(left: Test, right: Test) -> Test:
    """`or`."""

    def test(signals: Signals) -> bool | None:
        first = left(signals)
        if first:
            return True
        second = right(signals)
        return second if first is False or second else None

    return test


def negation(inner: Test) -> Test:
    """`not`."""

    def test(signals: Signals) -> bool | None:
        value = inner(signals)
        return None if value is None else not value

    return test


def signal(name: str) -> Operand:
    """A signal's value."""
    return lambda signals: signals.get(name)


def constant(value: SignalValue) -> Operand:
    """A literal."""
    return lambda _: value


def truth(name: str) -> Test:
    """A signal that is true or false by itself."""

    def test(signals: Signals) -> bool | None:
        value = signals.get(name)
        return None if value is None else bool(value)

    return test


def certain(value: bool) -> Test:
    """`true` or `false`."""
    return lambda _: value


def compares_to(name: str, comparison: str, limit: SignalValue) -> Test:
    """A signal against a literal, by far the most frequent form."""
    compare = COMPARISONS[comparison]

    def test(signals: Signals) -> bool | None:
        value = signals.get(name)
        return None if value is None else compare(value, limit)

    return test


def compares(left: Operand, comparison: str, right: Operand) -> Test:
    """Any two operands."""
    compare = COMPARISONS[comparison]

    def test(signals: Signals) -> bool | None:
        first, second = left(signals), right(signals)
        return None if first is None or second is None else compare(first, second)

    return test


def is_among(name: str, values: frozenset[SignalValue]) -> Test:
    """A signal in a list of literals."""

    def test(signals: Signals) -> bool | None:
        value = signals.get(name)
        return None if value is None else value in values

    return test
