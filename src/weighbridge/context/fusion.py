"""Several orders of the same things made one: reciprocal rank fusion (Cormack, Clarke & Büttcher, SIGIR 2009)."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

FLATTENING = 60
"""The paper's k: how little the first places stand out."""


def fused(*orders: Sequence[T]) -> dict[T, float]:
    """Each thing's worth: the sum of 1 / (60 + its place) over the orders that it has a place in, from 1."""
    worth: dict[T, float] = {}
    for order in orders:
        for place, item in enumerate(order, 1):
            worth[item] = worth.get(item, 0.0) + 1.0 / (FLATTENING + place)
    return worth
