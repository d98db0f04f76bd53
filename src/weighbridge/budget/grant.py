"""`granted_output`: how long an answer is paid for, so that no budget can be overspent and none lies idle.

Who holds the worst case of every call turns traffic away while most of the held money comes back unused. Who settles
afterwards overspends. A call is granted the worst case where that is a small part of the room, less where room is
scarce, and never less than what nearly all answers of its task needed so far; the answer's own limit is then what the
grant pays for, so that what is spent cannot exceed what was held.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from weighbridge.domain.hold import Demand, Standing

SHARE = 50
"""A call may take a fiftieth of the room where that is more than the least it needs, so that many at a time find some.
A sixteenth turns calls away when a quarter of a small budget is really committed, a fiftieth at three quarters; smaller
parts cut more answers short and gain nothing (`bench/budgets.py`)."""


@dataclass(frozen=True, slots=True)
class Room:
    """What is left in one account."""

    pico: int | None
    """Pico-dollars; `None` where money is not limited."""
    tokens: int | None
    """`None` where tokens are not limited."""


def granted_output(demand: Demand, rooms: Sequence[Room]) -> int | None:
    """Output tokens that are paid for; `None` where not even the least fits into every room. The price is known
    wherever money is limited."""
    granted = demand.most_output_tokens
    least = demand.least_output_tokens
    for room in rooms:
        if not _fits(room, demand, least):
            return None
        granted = min(granted, max(least, _paid_by(room, demand, SHARE)))
    return granted


def room_in(standing: Standing) -> Room:
    """What is left in an account."""
    left = standing.left
    return Room(None if left is None else left.pico, standing.left_tokens)


def _fits(room: Room, demand: Demand, output_tokens: int) -> bool:
    cost = demand.cost(output_tokens)
    is_payable = room.pico is None or (cost is not None and cost.pico <= room.pico)
    return is_payable and (room.tokens is None or demand.tokens(output_tokens) <= room.tokens)


def _paid_by(room: Room, demand: Demand, share: int) -> int:
    """Output tokens that a part of the room pays for, beside the input."""
    paid = demand.most_output_tokens
    if room.tokens is not None:
        paid = min(paid, (room.tokens // share - demand.input_tokens) // demand.choices)
    if room.pico is not None and demand.input_cost is not None and demand.output_cost is not None:
        each = demand.output_cost.pico * demand.choices
        left = room.pico // share - demand.input_cost.pico
        paid = min(paid, left // each) if each else paid
    return paid
