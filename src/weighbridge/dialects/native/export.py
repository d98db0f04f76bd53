"""Decided reviews as rows for others: evaluation samples and fine-tuning conversations, one JSON object a line."""

import orjson

from weighbridge.domain.review import ReviewItem


def evaluation_row(item: ReviewItem) -> bytes:
    """A sample with its target, in inspect_ai's words: `id`, `input`, `target`, `metadata`."""
    turns = [{"role": turn.role, "content": turn.text} for turn in item.conversation if turn.role != "system"]
    return orjson.dumps(
        {
            "id": item.id,
            "input": turns[0]["content"] if len(turns) == 1 else turns,
            "target": item.answer,
            "metadata": {"task": item.task, "record": item.record_id, "state": item.state.value, "fault": item.fault},
        }
    )


def finetuning_row(item: ReviewItem) -> bytes:
    """A conversation with the answer as a person left it, in OpenAI's chat format."""
    turns = [{"role": turn.role, "content": turn.text} for turn in item.conversation]
    return orjson.dumps({"messages": [*turns, {"role": "assistant", "content": item.answer}]})
