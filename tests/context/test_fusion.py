"""Reciprocal rank fusion, worked out by hand."""

import pytest

from weighbridge.context.fusion import fused


def test_each_place_is_worth_one_over_sixty_and_itself() -> None:
    assert fused(["a", "b"], ["b"]) == {
        "a": pytest.approx(1 / 61),
        "b": pytest.approx(1 / 62 + 1 / 61),
    }


def test_what_two_orders_agree_on_comes_before_the_first_of_one() -> None:
    worth = fused(["a", "b"], ["c", "b"])
    assert max(worth, key=lambda name: worth[name]) == "b"
    assert worth["a"] == worth["c"]


def test_without_orders_nothing_has_a_place() -> None:
    assert fused() == fused([], []) == {}
