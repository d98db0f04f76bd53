"""Holding the ledger's sums against its book."""

import sqlite3
from collections.abc import Iterator, Sequence

from weighbridge.budget.refusal import named
from weighbridge.domain.money import Money


def check(store: sqlite3.Connection) -> list[str]:
    """Every difference between the sums, the open holds and the book, one sentence each."""
    return [*_unbalanced(store), *_against_book(store), *_against_holds(store)]


def _unbalanced(store: sqlite3.Connection) -> Iterator[str]:
    pico, tokens = store.execute("SELECT coalesce(sum(pico), 0), coalesce(sum(tokens), 0) FROM entries").fetchone()
    if pico or tokens:
        yield f"The entries of the book sum to {pico} pico-dollars and {tokens} tokens instead of zero."


def _against_book(store: sqlite3.Connection) -> Iterator[str]:
    rows = store.execute(
        "SELECT a.budget, a.holder, a.begins, a.spent_pico, a.held_pico, a.spent_tokens, a.held_tokens,"
        " coalesce(b.spent_pico, 0), coalesce(b.held_pico, 0), coalesce(b.spent_tokens, 0), coalesce(b.held_tokens, 0)"
        " FROM accounts AS a LEFT JOIN ("
        "  SELECT budget, holder, begins,"
        "   sum(iif(side = 'spent', pico, 0)) AS spent_pico, sum(iif(side = 'held', pico, 0)) AS held_pico,"
        "   sum(iif(side = 'spent', tokens, 0)) AS spent_tokens, sum(iif(side = 'held', tokens, 0)) AS held_tokens"
        "  FROM entries GROUP BY budget, holder, begins"
        " ) AS b ON b.budget = a.budget AND b.holder = a.holder AND b.begins = a.begins"
    )
    for budget, holder, begins, *numbers in rows:
        kept, booked = numbers[:4], numbers[4:]
        if kept != booked:
            yield (
                f"{named(budget, holder, begins)} keeps {_amounts(kept)}, but its transfers come to {_amounts(booked)}."
            )


def _against_holds(store: sqlite3.Connection) -> Iterator[str]:
    rows = store.execute(
        "SELECT a.budget, a.holder, a.begins, a.held_pico, a.held_tokens,"
        " coalesce(h.pico, 0), coalesce(h.tokens, 0) FROM accounts AS a LEFT JOIN ("
        "  SELECT json_extract(one.value, '$[0]') AS budget, json_extract(one.value, '$[1]') AS holder,"
        "   json_extract(one.value, '$[2]') AS begins, sum(holds.pico) AS pico, sum(holds.tokens) AS tokens"
        "  FROM holds, json_each(holds.accounts) AS one GROUP BY 1, 2, 3"
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
