"""Which period a moment belongs to: calendars of time zones, clock changes, rolling windows."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.budget.accounts import BUCKETS, accounts_of, bounds_of
from weighbridge.domain.budget import Budget, Payer, Per
from weighbridge.domain.money import Money


def a_budget(period: str, zone: str = "Europe/Berlin", window_s: int | None = None) -> Budget:
    return Budget("b", Money(1), period, time_zone=zone, window_s=window_s)


def at(text: str, zone: str = "Europe/Berlin") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


@pytest.mark.parametrize(
    ("period", "zone", "moment", "begins", "ends"),
    [
        ("day", "Europe/Berlin", "2026-11-26T00:30", "2026-11-26T00:00", "2026-11-27T00:00"),
        ("day", "Europe/Berlin", "2026-11-25T23:59", "2026-11-25T00:00", "2026-11-26T00:00"),
        ("day", "Europe/Berlin", "2026-10-25T12:00", "2026-10-25T00:00", "2026-10-26T00:00"),
        ("day", "Europe/Berlin", "2026-03-29T12:00", "2026-03-29T00:00", "2026-03-30T00:00"),
        ("week", "Europe/Berlin", "2026-11-29T23:00", "2026-11-23T00:00", "2026-11-30T00:00"),
        ("week", "UTC", "2026-11-23T00:00", "2026-11-23T00:00", "2026-11-30T00:00"),
        ("month", "Asia/Kolkata", "2026-12-31T23:59", "2026-12-01T00:00", "2027-01-01T00:00"),
        ("month", "UTC", "2028-02-29T12:00", "2028-02-01T00:00", "2028-03-01T00:00"),
        ("hour", "Asia/Kolkata", "2026-11-26T10:59", "2026-11-26T10:00", "2026-11-26T11:00"),
    ],
)
def test_a_period_begins_and_ends_with_the_zone_s_own_calendar(
    period: str, zone: str, moment: str, begins: str, ends: str
) -> None:
    found = bounds_of(a_budget(period, zone), at(moment, zone))
    assert found == (at(begins, zone), at(begins, zone), at(ends, zone))


def test_a_day_has_25_hours_when_the_clock_is_put_back() -> None:
    begins, _, ends = bounds_of(a_budget("day"), at("2026-10-25T12:00"))
    assert ends is not None
    assert (ends - begins) / 3600 == 25


def test_a_total_never_ends() -> None:
    assert bounds_of(a_budget("total"), 1_795_000_000.0) == (0, 0, None)


@given(st.integers(60, 86_400), st.integers(1_700_000_000, 1_800_000_000), st.integers(0, 100_000))
def test_whatever_was_counted_within_the_window_counts_still_and_nothing_for_much_longer(
    window_s: int, earlier: int, passed_s: int
) -> None:
    budget = a_budget("rolling", "UTC", window_s)
    counted_at, _, ends = bounds_of(budget, earlier)
    _, since, _ = bounds_of(budget, earlier + passed_s)
    step = max(1, window_s // BUCKETS)
    if passed_s < window_s:
        assert counted_at >= since
    if passed_s > window_s + 2 * step:
        assert counted_at < since
    assert ends is not None
    assert ends > earlier


def test_each_budget_that_covers_has_its_account_and_long_names_are_bounded() -> None:
    budgets = (
        a_budget("day"),
        Budget("u", Money(1), "day", per=Per.USER),
        Budget("o", Money(1), "day", caller="other"),
    )
    found = accounts_of(budgets, Payer("app", "tag", user="x" * 1_000), 1_795_000_000.0)
    assert [(account.budget.name, len(account.holder)) for account in found] == [("b", 0), ("u", 256)]
