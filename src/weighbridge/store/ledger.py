"""Money inside its budgets: exact, in memory, in one event loop. Nothing here waits, so no two holds can interleave."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from weighbridge.domain.errors import BudgetExceededError
from weighbridge.domain.hold import Hold, Settlement, Standing
from weighbridge.domain.money import Money
from weighbridge.domain.policy import Budget
from weighbridge.store.spend import Spend

_DAY_S = 86_400


@dataclass(slots=True)
class _Account:
    """One budget in one period."""

    spent_pico: int
    held_pico: int = 0


@dataclass(frozen=True, slots=True)
class _Calendar:
    """The periods that contain a day, and when they end."""

    number: int
    names: dict[str, str]
    ends: dict[str, date | None]

    @classmethod
    def of(cls, number: int) -> "_Calendar":
        today = datetime.fromtimestamp(number * _DAY_S, UTC).date()
        next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
        return cls(
            number,
            names={"day": today.isoformat(), "month": today.isoformat()[:7], "total": ""},
            ends={"day": today + timedelta(days=1), "month": next_month, "total": None},
        )


_Key = tuple[str, str, str | None, str | None]


class LocalLedger:
    """Satisfies `ports.Ledger` for a gateway of one instance. Begins with what the store remembers.

    A hold counts in the period in which it was made, also when it is settled in the next one. A settlement may be
    higher than its hold when the provider counted more than was estimated; the difference is counted too.
    """

    def __init__(self, spend: Iterable[Spend] = ()) -> None:
        self._before = tuple(spend)
        self._accounts: dict[_Key, _Account] = {}
        self._open: dict[str, tuple[int, tuple[_Account, ...]]] = {}
        self._made = 0
        self._calendar = _Calendar.of(0)

    def hold(self, amount: Money | None, budgets: Sequence[Budget], now: float) -> Hold:
        """Reserve `amount` in all `budgets` or in none; `now` in seconds since the epoch picks the periods.

        Raises BudgetExceededError naming the first budget that has no room, or that covers a request whose price is
        unknown: unknown is not zero.
        """
        if amount is None and budgets:
            raise _unknown_price(budgets[0])
        pico = 0 if amount is None else amount.pico
        accounts = tuple([self._account(budget, now) for budget in budgets])
        for budget, account in zip(budgets, accounts, strict=True):
            if account.spent_pico + account.held_pico + pico > budget.limit.pico:
                raise _exceeded(budget, account, pico, self._calendar.ends[budget.period])
        for account in accounts:
            account.held_pico += pico
        self._made += 1
        hold = Hold(f"hold_{self._made}", amount, tuple([budget.name for budget in budgets]))
        self._open[hold.id] = pico, accounts
        return hold

    def settle(self, settlement: Settlement) -> None:
        """End a hold with its real cost; an unknown cost keeps the held amount counted. KeyError the second time."""
        held_pico, accounts = self._open.pop(settlement.hold_id)
        cost_pico = held_pico if settlement.cost is None else settlement.cost.pico
        for account in accounts:
            account.held_pico -= held_pico
            account.spent_pico += cost_pico

    def standing(self, budget: Budget, now: float) -> Standing:
        """How full `budget` is at `now`."""
        account = self._account(budget, now)
        ends = self._calendar.ends[budget.period]
        return Standing(budget, Money(account.spent_pico), Money(account.held_pico), ends)

    def _account(self, budget: Budget, now: float) -> _Account:
        number = int(now // _DAY_S)
        if number != self._calendar.number:
            self._calendar = _Calendar.of(number)
        period = self._calendar.names[budget.period]
        key = (budget.name, period, budget.caller, budget.task)
        account = self._accounts.get(key)
        if account is None:
            account = self._accounts[key] = _Account(self._spent_before(budget, period))
        return account

    def _spent_before(self, budget: Budget, period: str) -> int:
        return sum(
            spend.amount.pico
            for spend in self._before
            if budget.caller in {None, spend.caller}
            and budget.task in {None, spend.task}
            and (budget.period == "total" or (spend.day is not None and spend.day.startswith(period)))
        )


def _unknown_price(budget: Budget) -> BudgetExceededError:
    return BudgetExceededError(
        f"Budget {budget.name!r} covers this request, and the price of the model is unknown.",
        advice="Give the model a price in the config, or let no budget cover the task.",
    )


def _exceeded(budget: Budget, account: _Account, needed_pico: int, ends: date | None) -> BudgetExceededError:
    period = "" if ends is None else f" a {budget.period}"
    anew = "" if ends is None else f" It begins anew at {ends.isoformat()}T00:00:00Z."
    return BudgetExceededError(
        f"Budget {budget.name!r} has no room: of {budget.limit} USD{period}, {Money(account.spent_pico)} is spent and "
        f"{Money(account.held_pico)} held for running requests; this one needs {Money(needed_pico)}.{anew}",
        advice="Wait, ask for a shorter answer, or raise the budget's limit.",
    )
