import pytest

from weighbridge.validation.agreement import agreement


def test_agreement_is_the_share_of_answers_that_say_the_same() -> None:
    assert agreement("invoice", ["invoice", "legal"]) == pytest.approx(2 / 3)
    assert agreement("invoice", ["invoice", "invoice"]) == 1
    assert agreement("invoice", ["legal", "legal"]) == pytest.approx(1 / 3)


def test_one_answer_alone_agrees_with_nobody() -> None:
    assert agreement("invoice", []) is None


@pytest.mark.parametrize(
    ("answer", "other"),
    [
        ("Invoice ", "invoice"),
        ("two  words", "two\nwords"),
        ('{"a": 1, "b": [2]}', '{"b":[2],"a":1}'),
        ("[1, 2]", "[1,2]"),
    ],
)
def test_the_form_of_an_answer_is_no_disagreement(answer: str, other: str) -> None:
    assert agreement(answer, [other]) == 1


@pytest.mark.parametrize(("answer", "other"), [('{"a": 1}', '{"a": "1"}'), ("[1, 2]", "[2, 1]"), ("yes", "no")])
def test_another_value_is_a_disagreement(answer: str, other: str) -> None:
    assert agreement(answer, [other]) == 0.5
