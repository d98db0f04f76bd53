"""Typed reads name the field at fault and never repeat its value."""

from collections.abc import Callable

import pytest

from weighbridge.dialects.fields import (
    as_object,
    need_text,
    one_of,
    read_flag,
    read_int,
    read_labels,
    read_list,
    read_number,
    read_object,
    read_text,
)
from weighbridge.domain.errors import InvalidFieldError

READS: list[Callable[[dict[str, object]], object]] = [
    lambda fields: read_text(fields, "x", "a[0]"),
    lambda fields: read_flag(fields, "x", "a[0]"),
    lambda fields: read_int(fields, "x", "a[0]", least=0, most=9),
    lambda fields: read_number(fields, "x", "a[0]", least=0, most=2),
    lambda fields: read_list(fields, "x", "a[0]"),
    lambda fields: read_object(fields, "x", "a[0]"),
]


@pytest.mark.parametrize("read", READS)
def test_absent_and_null_are_both_none(read: Callable[[dict[str, object]], object]) -> None:
    assert read({}) is None
    assert read({"x": None}) is None


WRONG_KINDS: list[object] = [1, 1, True, "secret", {}, ["secret"]]


@pytest.mark.parametrize(("read", "wrong"), list(zip(READS, WRONG_KINDS, strict=True)))
def test_a_wrong_kind_names_its_place(read: Callable[[dict[str, object]], object], wrong: object) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        read({"x": wrong})
    assert caught.value.param == "a[0].x"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", [-1, 10, 2**62])
def test_a_whole_number_outside_its_range_is_refused(value: int) -> None:
    with pytest.raises(InvalidFieldError, match="from 0 to 9"):
        read_int({"x": value}, "x", least=0, most=9)


@pytest.mark.parametrize("value", [-0.1, 2.5])
def test_a_number_outside_its_range_is_refused(value: float) -> None:
    with pytest.raises(InvalidFieldError, match="from 0 to 2"):
        read_number({"x": value}, "x", least=0, most=2)


@pytest.mark.parametrize("value", [None, "", "  \n", 3])
def test_needed_text_may_not_be_blank(value: object) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        need_text({"x": value}, "x")
    assert caught.value.param == "x"


def test_a_choice_lists_what_there_is() -> None:
    with pytest.raises(InvalidFieldError, match="low, medium, high"):
        one_of("huge", ("low", "medium", "high"), "risk")


def test_labels_are_all_text() -> None:
    assert read_labels({"metadata": {"team": "billing"}}, "metadata") == {"team": "billing"}
    assert read_labels({}, "metadata") == {}
    with pytest.raises(InvalidFieldError) as caught:
        read_labels({"metadata": {"team": 1}}, "metadata")
    assert caught.value.param == "metadata.team"


def test_a_name_chosen_by_the_caller_is_shown_in_part() -> None:
    with pytest.raises(InvalidFieldError) as caught:
        read_labels({"metadata": {"a" * 100_000: 1}}, "metadata")
    assert len(str(caught.value)) < 300


def test_an_object_is_needed() -> None:
    with pytest.raises(InvalidFieldError, match="must be an object, not a list"):
        as_object([], "tools[0]")
