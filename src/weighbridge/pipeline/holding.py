"""Money around a call: set aside before it, for no longer an answer than it pays for, and settled after it."""

from weighbridge.budget.accounts import accounts_of
from weighbridge.domain.budget import OnExceed
from weighbridge.domain.errors import BudgetExceededError
from weighbridge.domain.hold import Demand, Estimate, HeldFor, Hold, Settlement
from weighbridge.domain.money import ZERO, Money
from weighbridge.domain.usage import Usage
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House
from weighbridge.pipeline.pace import AFTER_DEADLINE_S, payer_of

"""So long after its request's deadline a hold that nobody ended counts as spent: its process was killed."""
MOST_QUEUED = 200
"""Calls that wait for room in one process; further ones are refused at once."""
PAUSE_S = 0.05
"""Between two looks of a call that waits."""


async def set_aside(demand: Demand, draft: Draft, task: str, deadline: float, house: House) -> Hold:
    """Hold the money for one call; where the budget says so, wait for room first.

    Raises BudgetExceededError, and then nothing is held; StoreError.
    """
    payer = payer_of(draft, task)
    first = house.clock.monotonic()
    while True:
        now, passed = house.clock.now(), house.clock.monotonic()
        held_for = HeldFor(draft.id, now + max(0.0, deadline - passed) + AFTER_DEADLINE_S)
        try:
            return await house.ledger.hold(demand, accounts_of(draft.policy.budgets, payer, now), held_for, now)
        except BudgetExceededError as error:
            if not _may_wait(error, passed - first, deadline - passed, house):
                raise
        house.queued += 1
        try:
            await house.clock.sleep(PAUSE_S)
        finally:
            house.queued -= 1


def _may_wait(error: BudgetExceededError, waited_s: float, left_s: float, house: House) -> bool:
    budget = error.budget
    if budget is None or budget.on_exceed is not OnExceed.QUEUE or error.is_for_good:
        return False
    return house.queued < MOST_QUEUED and waited_s + PAUSE_S < budget.queue_s and left_s > PAUSE_S


def give_back(hold: Hold, house: House) -> None:
    """The call was not made."""
    house.ledger.settle(Settlement(hold.id, ZERO, 0), house.clock.now())


def settle(hold: Hold, cost: Money | None, usage: Usage | None, house: House) -> None:
    """The call is over. What is unknown stays counted as held."""
    tokens = 0 if cost == ZERO and usage is None else None
    if usage is not None:
        tokens = usage.prompt_tokens + usage.output_tokens
    house.ledger.settle(Settlement(hold.id, cost, tokens), house.clock.now())


def exactly(size: Estimate) -> Demand:
    """A call that is paid for to its full size or not made."""
    return Demand(size.input_tokens + size.output_tokens, 0, 0, size.cost, ZERO)
