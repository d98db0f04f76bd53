"""Money inside its budgets: holds, settlements, periods, holders, leases, and the book behind them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from databases import KINDS, a_place, connected
from make import a_record
from weighbridge.budget.accounts import accounts_of
from weighbridge.domain.budget import Budget, Payer, Per
from weighbridge.domain.errors import BudgetExceededError
from weighbridge.domain.hold import Demand, HeldFor, Hold, Settlement, Standing
from weighbridge.domain.money import ZERO, Money
from weighbridge.domain.secret import Secret
from weighbridge.store.ledger import StoredLedger
from weighbridge.store.records import StoredRecords

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
DAY_S = 86_400
PAYER = Payer("app", "tag")


@asynccontextmanager
async def a_ledger(place: Path | Secret) -> AsyncIterator[StoredLedger]:
    records = await StoredRecords.open(place)
    numbers = count(1)
    yield StoredLedger(records, lambda: f"hold_{next(numbers)}")
    await records.close()


@pytest.fixture
async def ledger(place: Path | Secret) -> AsyncIterator[StoredLedger]:
    async with a_ledger(place) as opened:
        yield opened


def a_budget(limit: int | None, period: str = "day", **fields: Any) -> Budget:
    return Budget(fields.pop("name", period), None if limit is None else Money(limit), period, **fields)


def exactly(pico: int, tokens: int = 0) -> Demand:
    return Demand(tokens, 0, 0, Money(pico), ZERO)


async def held(ledger: StoredLedger, demand: Demand, *budgets: Budget, payer: Payer = PAYER, now: float = NOON) -> Hold:
    return await ledger.hold(demand, accounts_of(budgets, payer, now), HeldFor("rec_1", now + 60), now)


async def has_room(ledger: StoredLedger, pico: int, *budgets: Budget, **more: Any) -> bool:
    try:
        hold = await held(ledger, exactly(pico), *budgets, **more)
    except BudgetExceededError:
        return False
    ledger.settle(Settlement(hold.id, ZERO, 0), more.get("now", NOON))
    return True


async def standing(ledger: StoredLedger, budget: Budget, now: float = NOON) -> Standing:
    await ledger.expire(0)  # whatever was settled before is on disk after it
    (found,) = await ledger.standings([budget], now)
    return found


async def test_a_hold_takes_room_before_anything_is_spent(ledger: StoredLedger) -> None:
    budget = a_budget(100)
    await held(ledger, exactly(60), budget)
    assert not await has_room(ledger, 41, budget)
    assert await has_room(ledger, 40, budget)


async def test_a_settlement_gives_back_what_was_not_used(ledger: StoredLedger) -> None:
    budget = a_budget(100)
    hold = await held(ledger, exactly(100), budget)
    ledger.settle(Settlement(hold.id, Money(10), 3), NOON)
    assert not await has_room(ledger, 91, budget)
    assert await has_room(ledger, 90, budget)
    assert (await standing(ledger, budget)).spent_tokens == 3


async def test_an_unknown_cost_keeps_the_hold_counted(ledger: StoredLedger) -> None:
    budget = a_budget(100)
    hold = await held(ledger, exactly(100, tokens=7), budget)
    ledger.settle(Settlement(hold.id, None, None), NOON)
    assert not await has_room(ledger, 1, budget)
    assert (await standing(ledger, budget)).spent_tokens == 7


async def test_a_cost_above_its_hold_is_counted_whole(ledger: StoredLedger) -> None:
    budget = a_budget(100)
    hold = await held(ledger, exactly(10), budget)
    ledger.settle(Settlement(hold.id, Money(100)), NOON)
    assert not await has_room(ledger, 1, budget)
    assert await ledger.check() == []


async def test_a_second_settlement_changes_nothing_and_is_told(
    ledger: StoredLedger, caplog: pytest.LogCaptureFixture
) -> None:
    budget = a_budget(100)
    hold = await held(ledger, exactly(10), budget)
    for _ in range(2):
        ledger.settle(Settlement(hold.id, Money(10)), NOON)
    assert (await standing(ledger, budget)).spent == Money(10)
    assert "settled after its lease, or twice" in caplog.text


async def test_a_hold_counts_in_all_budgets_or_in_none(ledger: StoredLedger) -> None:
    wide, narrow = a_budget(100, "month"), a_budget(10)
    with pytest.raises(BudgetExceededError, match="'day'"):
        await held(ledger, exactly(50), wide, narrow)
    assert await has_room(ledger, 100, wide)


async def test_the_error_names_the_budget_its_numbers_and_when_to_come_back(ledger: StoredLedger) -> None:
    budget = a_budget(3 * 10**12)
    spent = await held(ledger, exactly(10**12), budget)
    ledger.settle(Settlement(spent.id, Money(10**12)), NOON)
    await held(ledger, exactly(10**12), budget)
    with pytest.raises(BudgetExceededError) as refused:
        await held(ledger, exactly(2 * 10**12), budget)
    assert refused.value.condition == (
        "Budget 'day' has no room: of 3 USD a day, 1 is spent and 1 held for running requests; this one needs 2. "
        "There is room again by 2026-11-26T00:00:00Z."
    )
    assert refused.value.retry_after_s == DAY_S / 2
    assert not refused.value.is_for_good


async def test_what_no_running_call_can_give_back_is_not_worth_waiting_for(ledger: StoredLedger) -> None:
    with pytest.raises(BudgetExceededError) as refused:
        await held(ledger, exactly(101), a_budget(100, "total"))
    assert refused.value.is_for_good
    assert "room again" not in refused.value.condition


async def test_tokens_are_a_limit_of_their_own(ledger: StoredLedger) -> None:
    budget = a_budget(None, limit_tokens=1_000)
    await held(ledger, Demand(100, 500, 500, None, None), budget)
    with pytest.raises(BudgetExceededError, match="of 1000 tokens a day, 0 are used and 600 held"):
        await held(ledger, Demand(100, 500, 500, None, None), budget)


async def test_an_unknown_price_fits_into_no_budget_of_money(ledger: StoredLedger) -> None:
    with pytest.raises(BudgetExceededError, match="price of the model is unknown"):
        await held(ledger, Demand(1, 1, 1, None, None), a_budget(100))


async def test_without_a_budget_nothing_is_kept(ledger: StoredLedger) -> None:
    hold = await held(ledger, Demand(1, 1, 9, None, None))
    assert (hold.id, hold.amount, hold.output_tokens) == ("", None, 9)
    ledger.settle(Settlement(hold.id, None), NOON)
    assert await ledger.check() == []


async def test_where_room_is_scarce_less_is_granted_but_never_less_than_nearly_always_suffices(
    ledger: StoredLedger,
) -> None:
    budget, demand = a_budget(20_500), Demand(0, 100, 400, ZERO, Money(1))
    granted = [(await held(ledger, demand, budget)).output_tokens for _ in range(4)]
    assert granted == [400, 400, 394, 386]
    taken = await held(ledger, exactly(18_720), budget)
    assert [(await held(ledger, demand, budget)).output_tokens for _ in range(2)] == [100, 100]
    ledger.settle(Settlement(taken.id, Money(18_720)), NOON)
    with pytest.raises(BudgetExceededError):
        await held(ledger, demand, budget)
    assert (await standing(ledger, budget)).held == Money(400 + 400 + 394 + 386 + 200)


async def test_a_new_day_has_its_own_room(ledger: StoredLedger) -> None:
    budget = a_budget(100)
    await held(ledger, exactly(100), budget)
    assert await has_room(ledger, 100, budget, now=NOON + DAY_S)


async def test_a_hold_that_is_settled_tomorrow_counts_today(ledger: StoredLedger) -> None:
    budget = a_budget(100)
    hold = await held(ledger, exactly(100), budget)
    ledger.settle(Settlement(hold.id, Money(80)), NOON + DAY_S)
    assert not await has_room(ledger, 21, budget)
    assert await has_room(ledger, 100, budget, now=NOON + DAY_S)


async def test_no_stretch_of_a_rolling_window_holds_more_than_its_limit(ledger: StoredLedger) -> None:
    budget = a_budget(100, "rolling", window_s=600)
    for minute in range(0, 10, 2):
        hold = await held(ledger, exactly(20), budget, now=NOON + minute * 60)
        ledger.settle(Settlement(hold.id, Money(20)), NOON)
    assert not await has_room(ledger, 1, budget, now=NOON + 599)
    assert await has_room(ledger, 20, budget, now=NOON + 620)
    assert not await has_room(ledger, 21, budget, now=NOON + 620)


async def test_each_holder_has_the_limit_for_itself(ledger: StoredLedger) -> None:
    budget = a_budget(100, per=Per.USER)
    await held(ledger, exactly(100), budget, payer=Payer("app", "tag", user="anna"))
    assert not await has_room(ledger, 1, budget, payer=Payer("web", "tag", user="anna"))
    assert await has_room(ledger, 100, budget, payer=Payer("app", "tag", user="ben"))
    with pytest.raises(BudgetExceededError, match="Budget 'day' of 'anna'"):
        await held(ledger, exactly(1), budget, payer=Payer("app", "tag", user="anna"))


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({}, True),
        ({"caller": "app"}, True),
        ({"caller": "web"}, False),
        ({"task": "tag"}, True),
        ({"task": "write"}, False),
        ({"team": "blue"}, True),
        ({"team": "red"}, False),
        ({"tag": ("feature", "search")}, True),
        ({"tag": ("feature", "chat")}, False),
    ],
)
async def test_a_budget_covers_what_it_names(ledger: StoredLedger, fields: dict[str, Any], counts: bool) -> None:
    payer = Payer("app", "tag", "blue", "anna", {"feature": "search"})
    assert await has_room(ledger, 101, a_budget(100, **fields), payer=payer) is not counts


async def test_what_was_spent_before_a_budget_was_declared_counts_in_it(place: Path | Secret) -> None:
    async with a_ledger(place) as ledger:
        with connected(place) as connection:
            rows = [("2026-10-31", "app", 1_000), ("2026-11-01", "app", 100), ("2026-11-25", "app", 10)]
            rows += [("2026-11-25", "web", 1)]
            for day, caller, pico in rows:
                connection.execute("INSERT INTO spend VALUES (?, ?, 'tag', 0, ?, 1)", (day, caller, pico))
        for budget, spent in (
            (a_budget(5_000), 11),
            (a_budget(5_000, "month"), 111),
            (a_budget(5_000, "total"), 1_111),
            (a_budget(5_000, "total", name="web", caller="web"), 1),
            (a_budget(5_000, "month", name="write", task="write"), 0),
        ):
            assert (await standing(ledger, budget)).spent == Money(spent)
            payer = Payer(budget.caller or "app", budget.task or "tag")
            assert not await has_room(ledger, 5_001 - spent, budget, payer=payer)
            assert await has_room(ledger, 5_000 - spent, budget, payer=payer)
        assert await ledger.check() == []


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
async def test_a_new_day_is_not_charged_with_the_one_before_wherever_it_begins(place: Path | Secret, zone: str) -> None:
    records = await StoredRecords.open(place)
    numbers = count(1)
    ledger = StoredLedger(records, lambda: f"hold_{next(numbers)}")
    budget = a_budget(100, time_zone=zone)
    for day in range(3):
        now = NOON + day * DAY_S
        hold = await held(ledger, exactly(10), budget, now=now)
        ledger.settle(Settlement(hold.id, Money(10)), now)
        at = datetime.fromtimestamp(now, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        await records.append(a_record(f"rec_{day}", created_at=at, cost=Money(10)))
        assert (await standing(ledger, budget, now)).spent == Money(10)
    assert (await standing(ledger, budget, NOON + 3 * DAY_S)).spent == ZERO
    await records.close()


async def test_two_processes_on_one_file_cannot_overspend_together(place: Path | Secret) -> None:
    budget = a_budget(1_000, "total")
    async with a_ledger(place) as one, a_ledger(place) as other:
        other._new_id = map("other_{}".format, count()).__next__
        holds = [held(ledger, exactly(7), budget) for _ in range(100) for ledger in (one, other)]
        made = await asyncio.gather(*holds, return_exceptions=True)
        granted = [hold for hold in made if isinstance(hold, Hold)]
        assert len(granted) == 1_000 // 7
        assert all(isinstance(error, BudgetExceededError) for error in made if error not in granted)
        assert await one.check() == []


async def test_what_a_killed_process_held_counts_as_spent_when_its_lease_is_over(
    ledger: StoredLedger, caplog: pytest.LogCaptureFixture
) -> None:
    budget = a_budget(100)
    hold = await held(ledger, exactly(60), budget)
    assert await ledger.expire(NOON + 59) == 0
    assert await ledger.expire(NOON + 61) == 1
    now = await standing(ledger, budget)
    assert (now.spent, now.held) == (Money(60), ZERO)
    ledger.settle(Settlement(hold.id, Money(1)), NOON + 62)
    assert (await standing(ledger, budget)).spent == Money(60)
    assert "1 holds were left behind by a killed process" in caplog.text
    assert await ledger.check() == []


async def test_a_hold_that_nobody_waits_for_any_more_is_given_back(ledger: StoredLedger) -> None:
    budget = a_budget(100)
    waiting = asyncio.create_task(held(ledger, exactly(100), budget))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0.05)
    assert await has_room(ledger, 100, budget)


async def test_each_level_warns_once_a_period(ledger: StoredLedger, caplog: pytest.LogCaptureFixture) -> None:
    budget = a_budget(100, warn_at=(0.5, 0.9))
    for pico in (40, 20, 35):
        await held(ledger, exactly(pico), budget)
    assert await has_room(ledger, 5, budget)
    assert caplog.text.count("has reached") == 2
    assert "has reached 60 % of its limit" in caplog.text
    assert "has reached 95 % of its limit" in caplog.text


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        ("UPDATE accounts SET spent_pico = spent_pico + 1", "but its transfers come to"),
        ("UPDATE accounts SET held_pico = 0", "but its open holds come to"),
        ("DELETE FROM holds", "but its open holds come to"),
        ("DELETE FROM transfers WHERE kind = 'settled'", "but its transfers come to"),
        ("UPDATE transfers SET pico = pico + 1 WHERE kind = 'held'", "but its transfers come to"),
    ],
)
async def test_a_spoiled_ledger_is_found_out(place: Path | Secret, spoil: str, told: str) -> None:
    async with a_ledger(place) as ledger:
        budget = a_budget(100)
        spent = await held(ledger, exactly(10), budget)
        ledger.settle(Settlement(spent.id, Money(9)), NOON)
        await held(ledger, exactly(5), budget)
        assert await ledger.check() == []
        with connected(place) as connection:
            connection.execute(spoil)
        assert any(told in sentence for sentence in await ledger.check())


async def test_a_settlement_is_on_disk_before_the_record_that_follows_it(place: Path | Secret) -> None:
    records = await StoredRecords.open(place)
    ledger = StoredLedger(records, lambda: "hold_1")
    hold = await held(ledger, exactly(10), a_budget(100))
    ledger.settle(Settlement(hold.id, Money(10)), NOON)
    await records.append(a_record())
    with connected(place) as connection:
        assert connection.execute("SELECT count(*) FROM holds").fetchone() == (0,)
    await records.close()


async def test_old_periods_are_forgotten_whole_and_what_never_begins_anew_is_kept(ledger: StoredLedger) -> None:
    daily, ever = a_budget(100), a_budget(1_000, "total")
    for day in (0, 1, 300):
        hold = await held(ledger, exactly(10), daily, ever, now=NOON + day * DAY_S)
        ledger.settle(Settlement(hold.id, Money(7)), NOON + day * DAY_S)
    assert await ledger.forget(NOON + 401 * DAY_S) == 2
    assert (await standing(ledger, daily)).spent == ZERO
    assert (await standing(ledger, daily, NOON + 300 * DAY_S)).spent == Money(7)
    assert (await standing(ledger, ever)).spent == Money(21)
    assert await ledger.check() == []


async def test_a_settlement_that_cannot_be_written_is_told_and_does_not_raise(
    place: Path | Secret, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_ledger(place) as ledger:
        hold = await held(ledger, exactly(10), a_budget(100))
    ledger.settle(Settlement(hold.id, Money(10)), NOON)
    assert "is not settled" in caplog.text
    async with a_ledger(place) as ledger:
        assert await ledger.expire(NOON + 61) == 1


async def test_a_cost_that_no_database_holds_is_told_and_hurts_nobody_else(
    ledger: StoredLedger, caplog: pytest.LogCaptureFixture
) -> None:
    budget = a_budget(100)
    absurd, other = await held(ledger, exactly(10), budget), await held(ledger, exactly(10), budget)
    ledger.settle(Settlement(absurd.id, Money(10**30)), NOON)
    ledger.settle(Settlement(other.id, Money(3)), NOON)
    now = await standing(ledger, budget)
    assert (now.spent, now.held) == (Money(3), Money(10))
    assert "is not settled" in caplog.text
    assert await ledger.check() == []


steps = st.one_of(
    st.tuples(st.just("hold"), st.integers(0, 60), st.sets(st.sampled_from(["day", "month", "total"]), min_size=1)),
    st.tuples(st.just("settle"), st.integers(0, 10), st.one_of(st.none(), st.integers(0, 60))),
    st.tuples(st.just("kill"), st.integers(0, 10), st.none()),
)


class Model:
    """What the ledger should know, kept the plainest way."""

    def __init__(self) -> None:
        self.budgets = {"day": a_budget(100), "month": a_budget(150, "month"), "total": a_budget(200, "total")}
        self.spent, self.reserved = dict.fromkeys(self.budgets, 0), dict.fromkeys(self.budgets, 0)
        self.running: list[tuple[Hold, int, set[str]]] = []

    async def hold(self, ledger: StoredLedger, number: int, names: set[str]) -> None:
        """Reserved in all or in none."""
        fits = all(self.spent[name] + self.reserved[name] + number <= _limit(self.budgets[name]) for name in names)
        try:
            hold = await held(ledger, exactly(number), *[self.budgets[name] for name in sorted(names)])
        except BudgetExceededError:
            assert not fits
            return
        assert fits
        self.running.append((hold, number, names))
        for name in names:
            self.reserved[name] += number

    async def settle(self, ledger: StoredLedger, number: int, cost: int | None) -> None:
        """One of the running calls ends."""
        if self.running:
            hold, amount, names = self.running.pop(number % len(self.running))
            spent = None if cost is None else min(cost, amount)
            ledger.settle(Settlement(hold.id, None if spent is None else Money(spent)), NOON)
            self._end(amount, amount if spent is None else spent, names)

    async def kill(self, ledger: StoredLedger, number: int, more: None) -> None:
        """All leases run out."""
        assert await ledger.expire(NOON + 61) == len(self.running)
        for _, amount, names in self.running:
            self._end(amount, amount, names)
        self.running = []

    def _end(self, amount: int, spent: int, names: set[str]) -> None:
        for name in names:
            self.reserved[name] -= amount
            self.spent[name] += spent


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(story=st.lists(steps, max_size=40))
async def test_no_story_of_holds_settlements_and_kills_overspends_or_loses_a_pico_dollar(
    kind: str, story: list[tuple[str, int, Any]]
) -> None:
    model = Model()
    with a_place(kind) as place:
        async with a_ledger(place) as ledger:
            for verb, number, more in story:
                await getattr(model, verb)(ledger, number, more)
            for name, budget in model.budgets.items():
                now = await standing(ledger, budget)
                assert (now.spent, now.held) == (Money(model.spent[name]), Money(model.reserved[name]))
                assert now.spent + now.held <= (budget.limit or ZERO)
            assert await ledger.check() == []


def _limit(budget: Budget) -> int:
    assert budget.limit is not None
    return budget.limit.pico
