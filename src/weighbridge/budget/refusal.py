"""Why a call gets no money, in words that say what to do."""

from collections.abc import Sequence
from datetime import UTC, datetime

from weighbridge.budget.grant import granted_output, room_in
from weighbridge.domain.budget import Budget
from weighbridge.domain.errors import BudgetExceededError
from weighbridge.domain.hold import Demand, Standing


def unknown_price(budget: Budget) -> BudgetExceededError:
    """Money is limited, and nobody knows what the call costs: unknown is not zero."""
    return BudgetExceededError(
        f"Budget {budget.name!r} covers this request, and the price of the model is unknown.",
        advice="Give the model a price in the config, or let no budget cover the task.",
        budget=budget,
        is_for_good=True,
    )


def exceeded(demand: Demand, standings: Sequence[Standing], now: float) -> BudgetExceededError:
    """Names the first that has no room for the least."""
    for standing in standings:
        if granted_output(demand, [room_in(standing)]) is None:
            break
    budget, ends = standing.account.budget, standing.account.ends
    anew = "" if ends is None else f" There is room again by {_time(ends)}."
    of = f" of {standing.account.holder!r}" if standing.account.holder else ""
    return BudgetExceededError(
        f"Budget {budget.name!r}{of} has no room: {_told(demand, standing)}.{anew}",
        advice="Wait, ask for a shorter answer, or raise the budget's limit.",
        budget=budget,
        retry_after_s=None if ends is None else max(1.0, ends - now),
        is_for_good=_is_for_good(demand, standing),
    )


def _told(demand: Demand, standing: Standing) -> str:
    budget, least = standing.account.budget, demand.least_output_tokens
    period = "" if budget.period == "total" else f" a {budget.period}"
    if budget.period == "rolling":
        period = f" in {budget.window_s} s"
    cost = demand.cost(least)
    if budget.limit is not None and cost is not None and standing.left is not None and cost > standing.left:
        return (
            f"of {budget.limit} USD{period}, {standing.spent} is spent and {standing.held} held for running requests; "
            f"this one needs {cost}"
        )
    return (
        f"of {budget.limit_tokens} tokens{period}, {standing.spent_tokens} are used and {standing.held_tokens} held "
        f"for running requests; this one needs {demand.tokens(least)}"
    )


def _is_for_good(demand: Demand, standing: Standing) -> bool:
    """No running call can give back enough."""
    freed = Standing(standing.account, standing.spent, spent_tokens=standing.spent_tokens)
    return granted_output(demand, [room_in(freed)]) is None


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def named(budget: str, holder: str, begins: int) -> str:
    """An account in words."""
    of = f" of {holder!r}" if holder else ""
    since = "" if begins == 0 else f" from {_time(begins)}"
    return f"Budget {budget!r}{of}{since}"
