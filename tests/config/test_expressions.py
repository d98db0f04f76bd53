"""Policy expressions: the grammar, the types, and unknown as a value of its own."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.config.expressions import compile_condition
from weighbridge.domain.errors import ConfigError, ConfigProblem
from weighbridge.domain.signals import ANSWER_SIGNALS, REQUEST_SIGNALS, Signals

BEFORE: Mapping[str, type] = {
    **REQUEST_SIGNALS,
    "ticket_length_tokens": int,
    "no_security_keywords_detected": bool,
}
without_deadline = settings(deadline=None)
"""The first expression loads the library, which takes longer than Hypothesis allows an example."""
AFTER: Mapping[str, type] = {**BEFORE, **ANSWER_SIGNALS}


def problems(text: str, known: Mapping[str, type] = BEFORE) -> tuple[ConfigProblem, ...]:
    with pytest.raises(ConfigError) as raised:
        compile_condition(text, known)
    return raised.value.problems


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        ({"ticket_length_tokens": 1199, "no_security_keywords_detected": True}, True),
        ({"ticket_length_tokens": 1200, "no_security_keywords_detected": True}, False),
        ({"ticket_length_tokens": 5, "no_security_keywords_detected": False}, False),
        ({"ticket_length_tokens": 5}, None),
        ({"ticket_length_tokens": 1200}, False),
        ({"no_security_keywords_detected": False}, False),
        ({}, None),
    ],
)
def test_the_primary_is_used_for_short_harmless_tickets(signals: Signals, expected: bool | None) -> None:
    condition = compile_condition("ticket_length_tokens < 1200 and no_security_keywords_detected", BEFORE)
    assert condition.test(signals) is expected
    assert condition.names == {"ticket_length_tokens", "no_security_keywords_detected"}


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        ({"confidence": 0.79, "validation_fails": False}, True),
        ({"confidence": 0.8, "validation_fails": False}, False),
        ({"confidence": 0.9, "validation_fails": True}, True),
        ({"validation_fails": True}, True),
        ({"validation_fails": False}, None),
        ({"confidence": 0.1}, True),
    ],
)
def test_an_unsure_or_invalid_answer_escalates(signals: Signals, expected: bool | None) -> None:
    assert compile_condition("confidence < 0.80 or validation_fails", AFTER).test(signals) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("risk == 'high'", True),
        ('risk != "high"', False),
        ("risk in ['medium', 'high']", True),
        ("risk not in ['medium', 'high']", False),
        ("not has_tools", False),
        ("not (has_tools and input_tokens > 5)", True),
        ("not has_tools or input_tokens <= 5 and risk == 'high'", True),
        ("5 >= input_tokens", True),
        ("-1 < input_tokens", True),
        ("input_tokens in [4, 5.5]", False),
        ("input_tokens < input_words", False),
        ("has_tools == true", True),
        ("has_tools or false", True),
        ("input_tokens\n  >= 5", True),
    ],
)
def test_what_an_expression_may_say(text: str, expected: bool) -> None:
    signals: Signals = {"risk": "high", "has_tools": True, "input_tokens": 5, "input_words": 4}
    assert compile_condition(text, BEFORE).test(signals) is expected


def test_a_comparison_with_an_unknown_signal_is_unknown() -> None:
    for text in (
        "input_tokens < 5",
        "input_tokens < input_words",
        "risk in ['low']",
        "not has_tools",
        "5 != input_tokens",
    ):
        assert compile_condition(text, BEFORE).test({"input_words": 3}) is None


def test_every_unknown_name_is_told_with_its_column_and_the_nearest() -> None:
    found = problems("ticket_length_tokns < 3 or confidnce > 2", AFTER)
    assert [(problem.line, problem.column, problem.nearest) for problem in found] == [
        (1, 1, "ticket_length_tokens"),
        (1, 28, "confidence"),
    ]


def test_a_condition_before_the_call_cannot_read_the_answer() -> None:
    (problem,) = problems("input_tokens < 5 or\n  confidence < 0.8")
    assert (problem.line, problem.column) == (2, 3)
    assert "belongs in escalate_when" in problem.expected


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("validation_fails < 3", 1, "true or false, compared with true or false and not with a number"),
        ("3 == risk", 6, "risk, which is text, compared with text and not with a number"),
        ("input_tokens < 'a'", 1, "input_tokens, which is a number, compared with a number and not with text"),
        ("has_tools == input_words", 1, "has_tools, which is true or false, compared with"),
        ("risk in ['low', 3]", 1, "risk, which is text, compared with text and not with a number"),
        ("has_tools and input_tokens", 15, "a comparison such as input_tokens < 10, because input_tokens is a number"),
        ("risk > 'low'", 1, "`==` or `!=`, because risk is text, which has no order"),
        ("has_tools < true", 1, "`==` or `!=`, because has_tools is true or false"),
        ("risk == 'hgih'", 1, "one of the values of risk low, medium, high"),
        ("input_tokens in 'abc'", 1, "a list such as"),
        ("risk in [task]", 1, "a literal or a signal to compare risk with"),
        ("has_tools == (input_tokens < 5)", 1, "a literal or a signal to compare has_tools with"),
        ("1 < 'a' or has_tools", 1, "two values of the same type"),
        ("-input_tokens < 5", 1, "a signal on at least one side"),
        ("[has_tools]", 1, "comparisons and true-or-false signals"),
    ],
)  # fmt: skip
def test_a_wrong_type_is_told_with_the_signal_and_its_type(text: str, column: int, expected: str) -> None:
    (problem,) = problems(text, AFTER)
    assert problem.column == column
    assert expected in problem.expected


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("input_tokens <", 15),
        ("input_tokens < 3 and", 21),
        ("input_tokens < 3 risk", 18),
        ("input_tokens = 3", 14),
        ("has_tools && has_tools", 11),
        ("has_tools.real", 10),
        ("input_tokens + 1 < 3", 14),
        ("input_tokens ** 9 < 3", 14),
        ("risk =~ 'a+'", 6),
        ("input_tokens < 0x10", 16),
        ("has_tools # comment", 11),
        ("'open", 1),
        ("1 < input_tokens < 3", 18),
        ("5 < 6", 1),
        ("true", 1),
        ("", 1),
        ("(" * 21 + "has_tools" + ")" * 21, 21),
        ("not " * 21 + "has_tools", 81),
        ("has_tools or " * 60 + "has_tools", 501),
    ],
)
def test_everything_else_is_refused_at_its_column(text: str, column: int) -> None:
    assert problems(text)[0].column == column


@pytest.mark.parametrize(
    "text", ["d'2020-01-01' == risk", "[x for x in risk]", "len(risk) < 3", "null == risk", "inf > input_tokens"]
)
def test_dates_calls_and_comprehensions_are_unknown_names(text: str) -> None:
    assert "one of the signals" in problems(text)[0].expected


def test_an_operator_of_another_language_is_named_in_ours() -> None:
    assert problems("has_tools || is_stream")[0].expected == "`or` in place of `||`"
    assert problems("has_tools AND is_stream")[0].nearest == "and"


Truth = bool | None
Reference = Callable[[Mapping[str, bool]], Truth]
LEAVES = ("has_tools", "is_stream", "has_secrets")


def _both(left: Truth, right: Truth) -> Truth:
    return False if left is False or right is False else None if left is None or right is None else True


def _either(left: Truth, right: Truth) -> Truth:
    return True if left is True or right is True else None if left is None or right is None else False


def _expressions() -> st.SearchStrategy[tuple[str, Reference]]:
    leaf = st.sampled_from(LEAVES).map(lambda name: (name, lambda signals: signals.get(name)))

    def grow(inner: st.SearchStrategy[tuple[str, Reference]]) -> st.SearchStrategy[tuple[str, Reference]]:
        def joined(word: str, join: Callable[[Truth, Truth], Truth]) -> st.SearchStrategy[tuple[str, Reference]]:
            return st.tuples(inner, inner).map(
                lambda pair: (
                    f"({pair[0][0]}) {word} ({pair[1][0]})",
                    lambda signals: join(pair[0][1](signals), pair[1][1](signals)),
                )
            )

        def negated(item: tuple[str, Reference]) -> tuple[str, Reference]:
            return f"not ({item[0]})", lambda signals: None if item[1](signals) is None else not item[1](signals)

        return joined("and", _both) | joined("or", _either) | inner.map(negated)

    return st.recursive(leaf, grow, max_leaves=6)


@without_deadline
@given(_expressions(), st.dictionaries(st.sampled_from(LEAVES), st.booleans()))
def test_logic_with_unknowns_agrees_with_the_truth_tables(
    expression: tuple[str, Reference], signals: dict[str, bool]
) -> None:
    text, reference = expression
    assert compile_condition(text, BEFORE).test(signals) is reference(signals)


@without_deadline
@given(_expressions(), st.dictionaries(st.sampled_from(LEAVES), st.booleans()))
def test_a_decided_expression_stays_decided_whatever_the_unknowns_are(
    expression: tuple[str, Reference], signals: dict[str, bool]
) -> None:
    condition = compile_condition(expression[0], BEFORE)
    decided = condition.test(signals)
    for value in (True, False):
        filled = {**dict.fromkeys(LEAVES, value), **signals}
        assert decided is None or condition.test(filled) is decided


@without_deadline
@given(st.text(max_size=60) | st.text(alphabet="input_tokes<>=()[]'\"and or not 0123456789.,-\n", max_size=40))
def test_any_text_is_a_condition_or_a_config_error(text: str) -> None:
    try:
        condition = compile_condition(text, BEFORE)
    except ConfigError:
        return
    assert condition.test({}) in {True, False, None}
