"""Decided reviews as rows for others: evaluation samples and fine-tuning conversations, one JSON object a line."""

import orjson

from weighbridge.domain.record import Record
from weighbridge.domain.review import ReviewItem, Turn

_SPEAKERS = frozenset({"system", "developer", "user", "assistant"})


def is_exportable(item: ReviewItem) -> bool:
    """A person stands behind the answer, and all that was asked is here as text."""
    is_told = all(turn.is_whole and turn.role in _SPEAKERS for turn in item.conversation)
    return bool(item.acts) and item.answer is not None and item.has_content and is_told


def evaluation_row(item: ReviewItem, record: Record) -> bytes:
    """A sample with its target, in inspect_ai's words: `id`, `input`, `target`, `metadata`.

    The task's instructions are no part of the input: whoever runs the sample puts the present ones before it. The
    digests say which request under which policy it came from.
    """
    turns = [_message(turn) for turn in item.conversation if not turn.is_instruction]
    is_question = len(turns) == 1 and turns[0]["role"] == "user"
    return orjson.dumps(
        {
            "id": item.id,
            "input": turns[0]["content"] if is_question else turns,
            "target": item.answer,
            "metadata": {
                "task": item.task,
                "record": item.record_id,
                "input_digest": record.input_digest,
                "policy_digest": record.policy_digest,
                "state": item.state.value,
                "reviewers": list(dict.fromkeys(done.reviewer for done in item.acts)),
                "fault": item.fault,
                "proposed": item.proposed,
            },
        }
    )


def finetuning_row(item: ReviewItem, record: Record) -> bytes:  # noqa: ARG001 (one shape for both formats)
    """A conversation, instructions included, with the answer as a person left it, in OpenAI's chat format."""
    turns = [_message(turn) for turn in item.conversation]
    return orjson.dumps({"messages": [*turns, {"role": "assistant", "content": item.answer}]})


def _message(turn: Turn) -> dict[str, str]:
    return {"role": turn.role, "content": turn.text}
