"""Rows that others can use as they are, and no row that says less than was asked."""

import json
from typing import Any

import pytest

from make import a_record, a_review
from weighbridge.dialects.native.export import evaluation_row, finetuning_row, is_exportable
from weighbridge.domain.review import ReviewAct, ReviewItem, ReviewState, ReviewVerb, Turn

DONE = ReviewAct(ReviewVerb.CORRECT, "ann", "2026-11-25T01:00:00.000000Z", "legal")
TASKS_OWN, CALLERS_OWN = Turn("system", "Tag it.", is_instruction=True), Turn("system", "Be strict.")


def decided(*turns: Turn, **changes: Any) -> ReviewItem:
    fields: dict[str, Any] = {"state": ReviewState.CORRECTED, "answer": "legal", "acts": (DONE,)}
    return a_review(conversation=turns or (Turn("user", "hello"),), **(fields | changes))


def test_a_sample_is_the_question_its_target_and_where_it_came_from() -> None:
    row = json.loads(evaluation_row(decided(TASKS_OWN, Turn("user", "hello")), a_record()))
    assert (row["input"], row["target"]) == ("hello", "legal")
    assert row["metadata"]["input_digest"] == a_record().input_digest
    assert row["metadata"]["reviewers"] == ["ann"]


def test_a_sample_keeps_what_the_caller_told_the_model_and_not_what_the_task_did() -> None:
    row = json.loads(evaluation_row(decided(TASKS_OWN, CALLERS_OWN, Turn("user", "hello")), a_record()))
    assert row["input"] == [{"role": "system", "content": "Be strict."}, {"role": "user", "content": "hello"}]


def test_a_fine_tuning_conversation_is_all_that_was_sent_and_the_answer() -> None:
    row = json.loads(finetuning_row(decided(TASKS_OWN, Turn("user", "hello")), a_record()))
    assert [turn["role"] for turn in row["messages"]] == ["system", "user", "assistant"]
    assert row["messages"][-1]["content"] == "legal"


@pytest.mark.parametrize(
    "item",
    [
        decided(answer=None),
        decided(acts=()),
        a_review(conversation=(), state=ReviewState.APPROVED, answer="legal", acts=(DONE,)),
        decided(Turn("user", "Look:", is_whole=False)),
        decided(Turn("tool", "42")),
    ],
)
def test_what_no_person_answered_or_text_does_not_tell_is_no_row(item: ReviewItem) -> None:
    assert is_exportable(decided())
    assert not is_exportable(item)
