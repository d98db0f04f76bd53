"""What a record counts as spent."""

from weighbridge.domain.attempt import Attempt
from weighbridge.domain.money import Money
from weighbridge.domain.probe import Probe
from weighbridge.domain.record import Record


def counted_pico(record: Record) -> int:
    """Pico-dollars that a record counts: as in the ledger, an unknown cost counts as the attempt's upper estimate.

    An attempt without cost and without estimate counts nothing: no budget covered it, or it would have been refused.
    """
    if record.cost is not None:
        return record.cost.pico
    estimates = {item.model: item.estimate for item in record.decision.candidates} if record.decision else {}
    calls = [call for attempt in record.attempts for call in attempt.calls]
    return sum(_pico(call, estimates.get(call.model)) for call in calls)


def _pico(call: Attempt | Probe, routed: Money | None) -> int:
    """`routed` stands in for records of before calls told their own estimate."""
    held = routed if call.estimate is None else call.estimate
    amount = held if call.cost is None else call.cost
    return 0 if amount is None else amount.pico
