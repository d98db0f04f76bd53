"""The ledger's statements: each runs inside the writer's transaction, or on the reading connection. Accounts and book
follow holds by triggers."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

import orjson

from weighbridge.budget.grant import granted_output, room_in
from weighbridge.budget.refusal import exceeded, named, unknown_price
from weighbridge.domain.budget import Account, Budget
from weighbridge.domain.errors import BudgetExceededError
from weighbridge.domain.hold import Demand, HeldFor, Hold, Settlement, Standing
from weighbridge.domain.money import Money
from weighbridge.store.session import Session

log = logging.getLogger("weighbridge.ledger")

MOST_SHOWN_HOLDERS = 100
MOST_EXPIRED = 500
MOST_PICO = 2**62
"""Four times what the largest budget allows; more does not fit the database's integers, and is full all the same."""
_SUMS = ", ".join(
    f"CAST(coalesce(sum({column}), 0) AS BIGINT)"
    for column in ("spent_pico", "held_pico", "spent_tokens", "held_tokens")
)
_HOLD = "INSERT INTO holds (id, record_id, at, lease_until, pico, tokens, accounts) VALUES (?, ?, ?, ?, ?, ?, ?)"
_SETTLE = (
    "UPDATE holds SET at = ?, spent_pico = coalesce(?, pico), spent_tokens = coalesce(?, tokens), kind = ? WHERE id = ?"
)
_WARNED = "UPDATE accounts SET warned = ? WHERE budget = ? AND holder = ? AND begins = ? AND warned < ?"
_OPENED = (
    "INSERT INTO transfers (at, hold_id, record_id, budget, holder, begins, source, target, kind, pico, tokens)"
    " VALUES (?, '', '', ?, ?, ?, 'free', 'spent', 'opened', ?, 0)"
)


def hold(
    store: Session,
    demand: Demand,
    accounts: Sequence[Account],
    held_for: HeldFor,
    hold_id: str,
    now: float,
) -> Hold | BudgetExceededError:
    """Set aside what `demand` is granted in all accounts, or say which has no room."""
    standings = [_standing(store, account, now) for account in accounts]
    for account in accounts:
        if demand.cost(0) is None and account.budget.limit is not None:
            return unknown_price(account.budget)
    granted = granted_output(demand, [room_in(standing) for standing in standings])
    if granted is None:
        return exceeded(demand, standings, now)
    cost, tokens = demand.cost(granted), demand.tokens(granted)
    pico = 0 if cost is None else cost.pico
    keys = orjson.dumps([_key(account) for account in accounts]).decode()
    store.execute(_HOLD, (hold_id, held_for.record_id, now, held_for.until, pico, tokens, keys))
    for account, standing in zip(accounts, standings, strict=True):
        _warn(store, account, standing, pico, tokens)
    return Hold(hold_id, cost, granted)


def settle(store: Session, settlement: Settlement, now: float, kind: str | None = None) -> bool:
    """End a hold; False when it has ended already. What is not used goes back, what is over is counted as well."""
    cost = settlement.cost
    spent = kind or ("estimated" if cost is None else "settled")
    pico = None if cost is None else cost.pico
    return store.execute(_SETTLE, (now, pico, settlement.tokens, spent, settlement.hold_id)).rowcount > 0


def expire(store: Session, now: float) -> int:
    """Count as spent what nobody came back for."""
    lost = store.execute("SELECT id FROM holds WHERE lease_until < ? LIMIT ?", (now, MOST_EXPIRED)).fetchall()
    for (hold_id,) in lost:
        settle(store, Settlement(hold_id, None), now, "lost")
    return len(lost)


def forget(store: Session, before: float) -> int:
    """Delete accounts of periods that began before that moment, and their part of the book; how many accounts. What
    never begins anew is kept for good."""
    store.execute("DELETE FROM transfers WHERE begins BETWEEN 1 AND ?", (int(before),))
    return store.execute("DELETE FROM accounts WHERE begins BETWEEN 1 AND ?", (int(before),)).rowcount


def standings(store: Session, budgets: Sequence[tuple[Budget, int, int, int | None]]) -> list[Standing]:
    """Each budget with its holders, the fullest first; one that nothing counted against yet is empty."""
    found = []
    for budget, begins, since, ends in budgets:
        rows = store.execute(
            f"SELECT holder, {_SUMS} FROM accounts"  # noqa: S608 (a constant)
            " WHERE budget = ? AND begins BETWEEN ? AND ? GROUP BY holder ORDER BY 2 DESC, 4 DESC, 1 LIMIT ?",
            (budget.name, since, begins, MOST_SHOWN_HOLDERS),
        ).fetchall()
        if not rows and budget.per is None:
            account = Account(budget, "", begins, since, ends)
            found.append(Standing(account, spent=Money(_spent_before(store, account))))
        for holder, spent, held, spent_tokens, held_tokens in rows:
            account = Account(budget, holder, begins, since, ends)
            found.append(Standing(account, Money(spent), Money(held), spent_tokens, held_tokens))
    return found


def _key(account: Account) -> tuple[str, str, int]:
    return account.budget.name, account.holder, account.begins


def _standing(store: Session, account: Account, now: float) -> Standing:
    row = store.execute(
        f"SELECT max(begins), {_SUMS} FROM accounts WHERE budget = ? AND holder = ? AND begins >= ?",  # noqa: S608 (a constant)
        (account.budget.name, account.holder, account.since),
    ).fetchone()
    newest, spent, *rest = row
    if newest is None or newest < account.begins:
        spent += _open(store, account, now)
    return Standing(account, Money(spent), Money(rest[0]), rest[1], rest[2])


def _open(store: Session, account: Account, now: float) -> int:
    """A new row; how many pico-dollars it begins with."""
    pico = _spent_before(store, account)
    store.execute("INSERT INTO accounts VALUES (?, ?, ?, ?, 0, 0, 0, 0)", (*_key(account), pico))
    if pico:
        store.execute(_OPENED, (now, *_key(account), pico))
    return pico


def _spent_before(store: Session, account: Account) -> int:
    """For a budget that is new to a gateway with records: what keys and tasks spent in its period, day by day in UTC.

    Of a budget that the ledger knows everything is in its accounts, so a new period begins with nothing. So do new
    budgets of which days say nothing: days do not tell users, tags, teams or hours.
    """
    budget = account.budget
    is_told_by_days = budget.per is None and budget.team is None and budget.tag is None
    if not is_told_by_days or budget.period not in {"day", "week", "month", "total"}:
        return 0
    if store.execute("SELECT 1 FROM accounts WHERE budget = ? LIMIT 1", (budget.name,)).fetchone():
        return 0
    day = "" if account.since == 0 else datetime.fromtimestamp(account.since, UTC).date().isoformat()
    usd, pico = store.execute(
        "SELECT coalesce(sum(usd), 0), coalesce(sum(pico), 0) FROM spend WHERE day >= ?"
        " AND (CAST(? AS TEXT) IS NULL OR caller = ?) AND (CAST(? AS TEXT) IS NULL OR task = ?)",
        (day, budget.caller, budget.caller, budget.task, budget.task),
    ).fetchone()
    return min(int(usd) * 10**12 + int(pico), MOST_PICO)


def _warn(store: Session, account: Account, before: Standing, pico: int, tokens: int) -> None:
    """Once a period for each level that is reached."""
    levels = account.budget.warn_at
    after = Standing(account, before.spent, before.held + Money(pico), before.spent_tokens, before.held_tokens + tokens)
    if not levels or after.used < min(levels):
        return
    reached = max((level for level in levels if before.used < level <= after.used), default=None)
    if reached is None:
        return
    changed = store.execute(_WARNED, (reached, *_key(account), reached))
    if changed.rowcount:
        log.warning("%s has reached %.0f %% of its limit", named(*_key(account)), after.used * 100)
