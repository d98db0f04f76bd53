"""Money inside its budgets."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.domain.errors import BudgetExceededError
from weighbridge.domain.hold import Hold, Settlement
from weighbridge.domain.money import Money
from weighbridge.domain.policy import Budget
from weighbridge.store.ledger import LocalLedger
from weighbridge.store.spend import Spend

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
DAY_S = 86_400


def a_budget(limit: int, period: str = "day", **changes: str) -> Budget:
    return Budget(changes.pop("name", period), Money(limit), period, **changes)


def has_room(ledger: LocalLedger, pico: int, budget: Budget, now: float = NOON) -> bool:
    try:
        ledger.hold(Money(pico), [budget], now)
    except BudgetExceededError:
        return False
    return True


def test_a_hold_takes_room_before_anything_is_spent() -> None:
    ledger, budget = LocalLedger(), a_budget(100)
    ledger.hold(Money(60), [budget], NOON)
    assert not has_room(ledger, 41, budget)
    assert has_room(ledger, 40, budget)


def test_a_settlement_gives_back_what_was_not_used() -> None:
    ledger, budget = LocalLedger(), a_budget(100)
    hold = ledger.hold(Money(100), [budget], NOON)
    ledger.settle(Settlement(hold.id, Money(10)))
    assert not has_room(ledger, 91, budget)
    assert has_room(ledger, 90, budget)


def test_an_unknown_cost_keeps_the_hold_counted() -> None:
    ledger, budget = LocalLedger(), a_budget(100)
    hold = ledger.hold(Money(100), [budget], NOON)
    ledger.settle(Settlement(hold.id, None))
    assert not has_room(ledger, 1, budget)


def test_a_cost_above_its_hold_is_counted_whole() -> None:
    ledger, budget = LocalLedger(), a_budget(100)
    hold = ledger.hold(Money(10), [budget], NOON)
    ledger.settle(Settlement(hold.id, Money(100)))
    assert not has_room(ledger, 1, budget)


def test_a_second_settlement_is_refused() -> None:
    ledger = LocalLedger()
    hold = ledger.hold(Money(1), [a_budget(100)], NOON)
    ledger.settle(Settlement(hold.id, Money(1)))
    with pytest.raises(KeyError):
        ledger.settle(Settlement(hold.id, Money(1)))


def test_a_hold_counts_in_all_budgets_or_in_none() -> None:
    ledger, wide, narrow = LocalLedger(), a_budget(100, "month"), a_budget(10, "day")
    with pytest.raises(BudgetExceededError, match="'day'"):
        ledger.hold(Money(50), [wide, narrow], NOON)
    assert has_room(ledger, 100, wide)


def test_the_error_names_the_budget_and_its_numbers() -> None:
    ledger, budget = LocalLedger([Spend("2026-11-25", "anonymous", "tag", Money(10**12))]), a_budget(3 * 10**12)
    ledger.hold(Money(10**12), [budget], NOON)
    with pytest.raises(BudgetExceededError) as refused:
        ledger.hold(Money(2 * 10**12), [budget], NOON)
    assert refused.value.condition == (
        "Budget 'day' has no room: of 3 USD a day, 1 is spent and 1 held for running requests; this one needs 2. "
        "It begins anew at 2026-11-26T00:00:00Z."
    )


@pytest.mark.parametrize(
    ("now", "period", "resets"),
    [
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), "month", "2027-01-01"),
        (datetime(2028, 2, 28, 23, 59, tzinfo=UTC), "day", "2028-02-29"),
        (datetime(2026, 1, 31, tzinfo=UTC), "month", "2026-02-01"),
    ],
)
def test_a_period_ends_with_the_calendar(now: datetime, period: str, resets: str) -> None:
    with pytest.raises(BudgetExceededError, match=f"anew at {resets}T00:00:00Z"):
        LocalLedger().hold(Money(2), [a_budget(1, period)], now.timestamp())


def test_a_total_budget_never_begins_anew() -> None:
    with pytest.raises(BudgetExceededError) as refused:
        LocalLedger().hold(Money(2), [a_budget(1, "total")], NOON)
    assert "anew" not in str(refused.value)


def test_an_unknown_price_fits_into_no_budget() -> None:
    with pytest.raises(BudgetExceededError, match="price of the model is unknown"):
        LocalLedger().hold(None, [a_budget(100)], NOON)


def test_an_unknown_price_is_held_where_no_budget_covers_it() -> None:
    ledger = LocalLedger()
    hold = ledger.hold(None, [], NOON)
    assert (hold.amount, hold.budgets) == (None, ())
    ledger.settle(Settlement(hold.id, None))


def test_a_new_day_has_its_own_room() -> None:
    ledger, budget = LocalLedger(), a_budget(100)
    ledger.hold(Money(100), [budget], NOON)
    assert has_room(ledger, 100, budget, NOON + DAY_S)


def test_a_hold_that_is_settled_tomorrow_counts_today() -> None:
    ledger, budget = LocalLedger(), a_budget(100)
    hold = ledger.hold(Money(100), [budget], NOON)
    assert has_room(ledger, 1, budget, NOON + DAY_S)
    ledger.settle(Settlement(hold.id, Money(80)))
    assert not has_room(ledger, 21, budget, NOON)
    assert has_room(ledger, 99, budget, NOON + DAY_S)


SPENT = [
    Spend(None, "anonymous", "tag", Money(1_000)),
    Spend("2026-11-01", "anonymous", "tag", Money(100)),
    Spend("2026-11-25", "anonymous", "tag", Money(10)),
    Spend("2026-11-25", "app", "write", Money(1)),
]


@pytest.mark.parametrize(
    ("budget", "spent"),
    [
        (a_budget(2_000, "day"), 11),
        (a_budget(2_000, "month"), 111),
        (a_budget(2_000, "total"), 1_111),
        (a_budget(2_000, "total", caller="app"), 1),
        (a_budget(2_000, "month", task="tag"), 110),
        (a_budget(2_000, "day", caller="app", task="tag"), 0),
    ],
)
def test_what_was_spent_before_the_start_is_remembered(budget: Budget, spent: int) -> None:
    assert not has_room(LocalLedger(SPENT), 2_001 - spent, budget)
    assert has_room(LocalLedger(SPENT), 2_000 - spent, budget)


def test_a_budget_whose_scope_changed_by_a_reload_is_counted_afresh() -> None:
    ledger = LocalLedger(SPENT)
    assert not has_room(ledger, 1_990, a_budget(2_000, "day", name="b"))
    assert has_room(ledger, 1_999, a_budget(2_000, "day", name="b", caller="app"))


amounts = st.integers(0, 60)
steps = st.one_of(
    st.tuples(st.just("hold"), amounts, st.sets(st.sampled_from(["day", "month", "total"]), min_size=1)),
    st.tuples(st.just("settle"), st.integers(0, 10), st.one_of(st.none(), st.fractions(0, 1))),
)


@given(st.lists(steps, max_size=60))
def test_no_order_of_holds_and_settlements_overspends(story: list[tuple[str, int, object]]) -> None:
    budgets = {"day": a_budget(100), "month": a_budget(150, "month"), "total": a_budget(200, "total")}
    ledger, running = LocalLedger(), list[tuple[Hold, int]]()
    spent, held = dict.fromkeys(budgets, 0), dict.fromkeys(budgets, 0)
    for verb, number, more in story:
        if verb == "hold":
            assert isinstance(more, set)
            fits = all(spent[name] + held[name] + number <= budgets[name].limit.pico for name in more)
            try:
                running.append((ledger.hold(Money(number), [budgets[name] for name in sorted(more)], NOON), number))
            except BudgetExceededError:
                assert not fits
                continue
            assert fits
            for name in more:
                held[name] += number
        elif running:
            hold, amount = running.pop(number % len(running))
            cost = None if more is None else int(more * amount)  # type: ignore[operator] # to settle, a factor was drawn
            ledger.settle(Settlement(hold.id, None if cost is None else Money(cost)))
            for name in hold.budgets:
                held[name] -= amount
                spent[name] += amount if cost is None else cost
        for name, budget in budgets.items():
            room = budget.limit.pico - spent[name] - held[name]
            assert room >= 0
            assert not has_room(ledger, room + 1, budget)
