"""Money inside its budgets: exact, in the database, decided in one transaction, so that any number of processes that
share the file cannot overspend together."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from weighbridge.budget.accounts import bounds_of
from weighbridge.domain.budget import Account, Budget
from weighbridge.domain.errors import BudgetExceededError, OverloadedError, StoreError, WeighbridgeError
from weighbridge.domain.hold import Demand, HeldFor, Hold, Settlement, Standing
from weighbridge.domain.money import ZERO
from weighbridge.store import books
from weighbridge.store.books_check import check
from weighbridge.store.records import StoredRecords

log = logging.getLogger("weighbridge.ledger")

UNLIMITED = ""
"""The id of a hold that no budget covers: there is nothing to end."""
KEPT_S = 400 * 86_400.0
"""So long the ledger remembers periods: a year, and some weeks to look at it."""


class StoredLedger:
    """Satisfies `ports.Ledger`.

    Each hold and each settlement is a piece of work for the one writing thread, committed with the records that wait. A
    hold counts in the period in which it was made, also when it is settled in the next one. A settlement may be higher
    than its hold when the provider counted more than was estimated; the difference counts too.
    """

    def __init__(self, records: StoredRecords, new_id: Callable[[], str]) -> None:
        self._records, self._new_id = records, new_id

    async def hold(self, demand: Demand, accounts: Sequence[Account], held_for: HeldFor, now: float) -> Hold:
        """Reserve in all `accounts` or in none; on disk when it returns.

        Raises BudgetExceededError naming the first budget that has no room, or that limits money while the price is
        unknown; StoreError.
        """
        if not accounts:
            most = demand.most_output_tokens
            return Hold(UNLIMITED, demand.cost(most), most)
        hold_id = self._new_id()
        work = partial(books.hold, demand=demand, accounts=accounts, held_for=held_for, hold_id=hold_id, now=now)
        future = self._records.work(work)
        try:
            made = await asyncio.shield(future)
        except asyncio.CancelledError:
            future.add_done_callback(lambda done: self._give_back(done, hold_id, now))
            raise
        if isinstance(made, WeighbridgeError):
            raise made
        return made

    def settle(self, settlement: Settlement, now: float) -> None:
        """End a hold with what was really spent, before any record that is handed in later is written. Never raises:
        where nothing can be written the hold counts as spent when its lease is over."""
        if settlement.hold_id == UNLIMITED:
            return
        try:
            future = self._records.work(partial(books.settle, settlement=settlement, now=now))
        except (StoreError, OverloadedError) as error:
            _warn_unsettled(settlement.hold_id, error)
            return
        future.add_done_callback(partial(_note_settled, settlement.hold_id))

    async def standings(self, budgets: Sequence[Budget], now: float) -> list[Standing]:
        """How full each budget is at `now`, the fullest holders first. Raises StoreError."""
        since = [(budget, *bounds_of(budget, now)) for budget in budgets]
        return await self._records.read(partial(books.standings, budgets=since))

    async def expire(self, now: float) -> int:
        """Count holds as spent that a killed process left behind; how many. Raises StoreError."""
        lost = await self._records.work(partial(books.expire, now=now))
        if lost:
            log.warning("%d holds were left behind by a killed process; they count as spent", lost)
        return lost

    async def forget(self, now: float) -> int:
        """Delete what is older than the ledger is kept; how many accounts. Raises StoreError."""
        return await self._records.work(partial(books.forget, before=now - KEPT_S))

    async def forget_every(self, interval_s: float, now: Callable[[], float]) -> None:
        """The same now and again, until cancelled. A failure is logged and tried again."""
        while True:
            try:
                forgotten = await self.forget(now())
            except (StoreError, OverloadedError) as error:
                log.warning("old accounts were not deleted: %s", error)
            else:
                log.log(logging.INFO if forgotten else logging.DEBUG, "deleted %d old accounts", forgotten)
            await asyncio.sleep(interval_s)

    async def expire_every(self, interval_s: float, now: Callable[[], float]) -> None:
        """The same now and again, until cancelled. A failure is logged and tried again."""
        while True:
            try:
                await self.expire(now())
            except (StoreError, OverloadedError) as error:
                log.warning("holds that were left behind are not counted yet: %s", error)
            await asyncio.sleep(interval_s)

    async def check(self) -> list[str]:
        """Hold the sums against the book; a sentence for each difference. Raises StoreError."""
        return await self._records.read(check)

    def _give_back(self, done: "asyncio.Future[Hold | BudgetExceededError]", hold_id: str, now: float) -> None:
        """Nobody waits for the hold any more, so nobody will end it."""
        if not done.cancelled() and done.exception() is None and isinstance(done.result(), Hold):
            self.settle(Settlement(hold_id, ZERO, 0), now)


def _warn_unsettled(hold_id: str, error: BaseException) -> None:
    log.warning("hold %s is not settled: %s It counts as spent when its lease is over.", hold_id, error)


def _note_settled(hold_id: str, done: "asyncio.Future[bool]") -> None:
    error = None if done.cancelled() else done.exception()
    if error is not None:
        _warn_unsettled(hold_id, error)
    elif not done.cancelled() and not done.result():
        log.warning("hold %s was settled after its lease, or twice; it counts as spent", hold_id)
