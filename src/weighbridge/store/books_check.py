"""Holding the ledger's sums against its book."""

from collections.abc import Iterator, Sequence

from weighbridge.budget.refusal import named
from weighbridge.domain.money import Money
from weighbridge.store.session import Dialect, Session

_HELD = {
    Dialect.SQLITE: (
        "SELECT one.value ->> 0 AS budget, one.value ->> 1 AS holder, one.value ->> 2 AS begins,"
        " holds.pico, holds.tokens FROM holds, json_each(holds.accounts) AS one"
    ),
    Dialect.POSTGRESQL: (
        "SELECT one ->> 0 AS budget, one ->> 1 AS holder, CAST(one ->> 2 AS BIGINT) AS begins,"
        " holds.pico, holds.tokens FROM holds, json_array_elements(CAST(holds.accounts AS JSON)) AS one"
    ),
}
"""Each open hold once for each of its accounts."""


def check(store: Session) -> list[str]:
    """Every difference between the sums, the open holds and the book, one sentence each."""
    return [*_unbalanced(store), *_against_book(store), *_against_holds(store)]


def _unbalanced(store: Session) -> Iterator[str]:
    pico, tokens = store.execute(
        "SELECT CAST(coalesce(sum(pico), 0) AS BIGINT), CAST(coalesce(sum(tokens), 0) AS BIGINT) FROM entries"
    ).fetchone()
    if pico or tokens:
        yield f"The entries of the book sum to {pico} pico-dollars and {tokens} tokens instead of zero."


def _against_book(store: Session) -> Iterator[str]:
    rows = store.execute(
        "SELECT a.budget, a.holder, a.begins, a.spent_pico, a.held_pico, a.spent_tokens, a.held_tokens,"
        " coalesce(b.spent_pico, 0), coalesce(b.held_pico, 0), coalesce(b.spent_tokens, 0), coalesce(b.held_tokens, 0)"
        " FROM accounts AS a LEFT JOIN ("
        "  SELECT budget, holder, begins,"
        "   CAST(sum(CASE WHEN side = 'spent' THEN pico ELSE 0 END) AS BIGINT) AS spent_pico,"
        "   CAST(sum(CASE WHEN side = 'held' THEN pico ELSE 0 END) AS BIGINT) AS held_pico,"
        "   CAST(sum(CASE WHEN side = 'spent' THEN tokens ELSE 0 END) AS BIGINT) AS spent_tokens,"
        "   CAST(sum(CASE WHEN side = 'held' THEN tokens ELSE 0 END) AS BIGINT) AS held_tokens"
        "  FROM entries GROUP BY budget, holder, begins"
        " ) AS b ON b.budget = a.budget AND b.holder = a.holder AND b.begins = a.begins"
    )
    for budget, holder, begins, *numbers in rows:
        kept, booked = numbers[:4], numbers[4:]
        if kept != booked:
            yield (
                f"{named(budget, holder, begins)} keeps {_amounts(kept)}, but its transfers come to {_amounts(booked)}."
            )


def _against_holds(store: Session) -> Iterator[str]:
    rows = store.execute(
        "SELECT a.budget, a.holder, a.begins, a.held_pico, a.held_tokens,"  # noqa: S608 (a constant)
        " CAST(coalesce(h.pico, 0) AS BIGINT), CAST(coalesce(h.tokens, 0) AS BIGINT) FROM accounts AS a LEFT JOIN ("
        "  SELECT budget, holder, begins, sum(pico) AS pico, sum(tokens) AS tokens"
        f" FROM ({_HELD[store.dialect]}) AS each GROUP BY budget, holder, begins"
        " ) AS h ON h.budget = a.budget AND h.holder = a.holder AND h.begins = a.begins"
    )
    for budget, holder, begins, kept_pico, kept_tokens, pico, tokens in rows:
        if (kept_pico, kept_tokens) != (pico, tokens):
            yield (
                f"{named(budget, holder, begins)} keeps {Money(kept_pico)} USD and {kept_tokens} tokens as held, "
                f"but its open holds come to {Money(pico)} USD and {tokens} tokens."
            )


def _amounts(numbers: Sequence[int]) -> str:
    spent, held, spent_tokens, held_tokens = numbers
    return f"{Money(spent)} USD and {spent_tokens} tokens spent, {Money(held)} USD and {held_tokens} tokens held"
