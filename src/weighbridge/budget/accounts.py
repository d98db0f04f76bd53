"""`accounts_of`: which budgets a request counts against, and in which period of each."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from weighbridge.domain.budget import Account, Budget, Payer, Period

BUCKETS = 60
"""A rolling window moves on in steps of this part of its length. The oldest counts until it is wholly over, so that no
window of the full length holds more than the limit."""
LONGEST_HOLDER_CHARS = 256


def accounts_of(budgets: Iterable[Budget], payer: Payer, now: float) -> tuple[Account, ...]:
    """The accounts that a request of `payer` counts against; `now` in seconds since the epoch picks the periods."""
    return tuple(account_of(item, item.holder(payer), now) for item in budgets if item.covers(payer))


def account_of(budget: Budget, holder: str, now: float) -> Account:
    """The account of one holder at `now`."""
    begins, since, ends = bounds_of(budget, now)
    return Account(budget, holder[:LONGEST_HOLDER_CHARS], begins, since, ends)


def bounds_of(budget: Budget, now: float) -> tuple[int, int, int | None]:
    """Where new money is counted, from when on everything counts, and when there is room again at the latest."""
    if budget.period == Period.TOTAL:
        return 0, 0, None
    if budget.period == Period.ROLLING:
        window = budget.window_s or 1
        step = max(1, window // BUCKETS)
        begins = int(now) // step * step
        return begins, int(now) - window - step + 1, begins + window + step
    begins, ends = _calendar(budget.period, budget.time_zone, int(now) // 900)
    return begins, begins, ends


@lru_cache(maxsize=256)
def _calendar(period: str, time_zone: str, quarter: int) -> tuple[int, int]:
    """Begin and end of the period that holds a quarter of an hour; no zone changes its clock within one."""
    zone = ZoneInfo(time_zone)
    now = datetime.fromtimestamp(quarter * 900, zone)
    if period == Period.HOUR:
        hour = now.replace(minute=0)
        return int(hour.timestamp()), int(hour.timestamp()) + 3600
    today = datetime(now.year, now.month, now.day, tzinfo=zone)
    first, last = {
        Period.DAY: lambda: (today, today + timedelta(days=1)),
        Period.WEEK: lambda: (today - timedelta(days=today.weekday()), today + timedelta(days=7 - today.weekday())),
        Period.MONTH: lambda: (today.replace(day=1), (today.replace(day=1) + timedelta(days=32)).replace(day=1)),
    }[Period(period)]()
    return int(first.timestamp()), int(last.timestamp())
