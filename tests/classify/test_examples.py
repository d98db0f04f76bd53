import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make import a_policy, a_task
from weighbridge.classify.examples import LOWEST_THRESHOLD, ExampleIndex, lowest_threshold

LABELLING = (
    "Classify this vendor email: attached invoice for March.",
    "Which label fits this mail: renewal of our licence is due next week",
    "Tag this message: the tax form is missing",
)
SUMMARIES = (
    "Summarize this email thread between sales and the customer",
    "Give me a short summary of the meeting notes below",
    "Write three bullet points that sum up this document",
)
INDEX = ExampleIndex.build(a_policy(a_task("label", examples=LABELLING), a_task("sum", examples=SUMMARIES)))


def test_an_example_is_most_like_itself() -> None:
    for text in LABELLING:
        found = INDEX.nearest(text)
        assert found is not None
        assert found[0] == "label"
        assert found[1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("Please classify this vendor email: invoice for April attached", "label"),
        ("A short summary of these meeting notes please", "sum"),
        ("SUMMARIZE THE EMAIL THREAD BETWEEN SALES AND US", "sum"),
        ("Clasify this vendro email", "label"),
    ],
)
def test_a_request_finds_the_task_it_resembles(text: str, task: str) -> None:
    found = INDEX.nearest(text)
    assert found is not None
    assert found[0] == task
    assert found[1] >= INDEX.threshold


@pytest.mark.parametrize("text", ["hi", "this", "What is the capital of France?", "Write a poem", "Tell me a joke"])
def test_a_request_of_no_task_stays_below_the_threshold(text: str) -> None:
    found = INDEX.nearest(text)
    assert found is None or found[1] < INDEX.threshold


def test_material_behind_the_instruction_does_not_hide_it() -> None:
    material = "our delivery arrived late with two broken boxes and nobody answered for days " * 20
    found = INDEX.nearest(f"Classify this vendor email with attached invoice: {material}")
    assert found is not None
    assert found[0] == "label"
    assert found[1] >= INDEX.threshold


def test_only_the_beginning_of_a_long_text_is_compared() -> None:
    assert INDEX.nearest("word " * 500 + LABELLING[0]) == INDEX.nearest("word " * 100_000)


@pytest.mark.parametrize("text", ["", "?!", "zzz qqq"])
def test_nothing_in_common_is_no_match(text: str) -> None:
    assert INDEX.nearest(text) is None


def test_a_policy_without_examples_matches_nothing() -> None:
    assert ExampleIndex.build(a_policy()).nearest("anything") is None


def test_the_policys_threshold_overrides_the_calibrated_one() -> None:
    assert ExampleIndex.build(a_policy(a_task(examples=LABELLING), example_threshold=0.9)).threshold == 0.9


def test_a_text_declared_for_two_tasks_decides_nothing() -> None:
    twins = a_policy(a_task("one", examples=("the same words",)), a_task("two", examples=("the same words",)))
    assert ExampleIndex.build(twins).threshold > 1


@pytest.mark.parametrize(
    ("found", "threshold"),
    [
        ([], LOWEST_THRESHOLD),
        ([(0.5, True)] * 5, LOWEST_THRESHOLD),
        ([(0.7, False), (0.9, True)], math.nextafter(0.7, 2)),
        ([(0.9, False), (0.5, True)], math.nextafter(0.9, 2)),
        ([(0.6, True)] * 19 + [(0.5, False)], LOWEST_THRESHOLD),
        ([(0.6, True)] * 18 + [(0.5, False)], math.nextafter(0.5, 2)),
    ],
)
def test_the_threshold_is_the_lowest_from_which_nineteen_of_twenty_are_right(
    found: list[tuple[float, bool]], threshold: float
) -> None:
    assert lowest_threshold(found) == threshold


@given(st.lists(st.tuples(st.floats(LOWEST_THRESHOLD, 1), st.booleans())))
def test_what_the_threshold_lets_through_is_precise(found: list[tuple[float, bool]]) -> None:
    passed = [is_right for similarity, is_right in found if similarity >= lowest_threshold(found)]
    assert sum(passed) >= 0.95 * len(passed)


@given(st.text(st.characters()))
def test_similarity_is_between_nothing_and_the_same(text: str) -> None:
    found = INDEX.nearest(text)
    assert found is None or 0 < found[1] <= 1
