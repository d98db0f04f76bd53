"""What is asked, and how much of it a text holds."""

import pytest

from make import a_conversation
from weighbridge.context.relevance import question_of, relevance, stem, terms_of, weight
from weighbridge.domain.request import Message, Role, say


def test_words_that_only_shape_a_question_are_left_out() -> None:
    assert terms_of("What is the uptime that we promise?") == ("uptime", "promise")


def test_a_question_of_nothing_else_keeps_them() -> None:
    assert terms_of("Who are you?") == ("who", "are", "you")


def test_case_marks_and_endings_make_no_difference() -> None:
    assert relevance({stem("terminate"): 1.0}, "Early TERMINATION") == 1.0
    assert relevance({stem("cafes"): 1.0}, "Café") == 1.0


def test_relevance_is_the_share_of_weight_that_a_text_holds() -> None:
    assert relevance({"uptim": 3.0, "gold": 1.0}, "Uptime is 99.9 %.") == 0.75


def test_nothing_asked_is_nothing_held() -> None:
    assert relevance({}, "text") == 0.0


def test_a_rare_word_tells_more_than_a_common_one() -> None:
    assert weight(100, 1) > weight(100, 50) > weight(100, 100) >= 0.0


def test_a_short_question_leans_on_the_one_before() -> None:
    messages = a_conversation("What uptime do we promise our customers?", "99.9 %", "And for gold?")
    assert question_of(messages) == ("And for gold?", "What uptime do we promise our customers?")


def test_a_full_question_stands_for_itself() -> None:
    messages = a_conversation("Hello there", "Hi", "What uptime do we promise gold customers?")
    assert question_of(messages) == ("What uptime do we promise gold customers?", "")


@pytest.mark.parametrize("messages", [(), (say(Role.ASSISTANT, "Hi"),)])
def test_where_nobody_asks_there_is_no_question(messages: tuple[Message, ...]) -> None:
    assert question_of(messages) == ("", "")
