"""Samples from what happened: answers that people approved, corrected or labelled, one for each question."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from weighbridge.dialects.native.export import is_exportable
from weighbridge.domain.feedback import Feedback, Thumbs
from weighbridge.domain.record import Record
from weighbridge.domain.review import ReviewItem, ReviewState

USER = "user: "


@dataclass(frozen=True, slots=True)
class Found:
    """What one person said of one answer."""

    id: str
    """Of the review item or the record."""
    input: str
    """What was asked."""
    target: str
    """What is right."""
    tag: str
    """Where that is known from: `reviewed`, `labelled` or `liked`."""
    answer: str | None = None
    """What a model had said."""
    is_good: bool | None = None
    """What the person thought of it; `None` without an answer."""


@dataclass(slots=True)
class Gathered:
    """What came together."""

    rows: list[Mapping[str, object]] = field(default_factory=list)
    """Samples, as a dataset holds them."""
    contradicted: int = 0
    """Inputs that are left out, because people disagree on what is right."""
    untold: int = 0
    """Decisions and remarks that are left out: no content is kept, more than one text was asked, or none says what is
    right."""


def of_review(item: ReviewItem) -> Found | None:
    """An approved or corrected answer, if what was asked is here as one text."""
    turns = [turn for turn in item.conversation if not turn.is_instruction]
    if item.state not in {ReviewState.APPROVED, ReviewState.CORRECTED} or not is_exportable(item):
        return None
    if len(turns) != 1 or turns[0].role != "user" or item.answer is None:
        return None
    is_good = None if item.proposed is None else item.state is ReviewState.APPROVED
    return Found(item.id, turns[0].text, item.answer, "reviewed", item.proposed, is_good)


def of_record(record: Record, said: Sequence[Feedback], labels: Sequence[str]) -> Found | None:
    """An answer that somebody liked, or said the right label of. The newest remark counts."""
    content, known = record.content, record.classification
    if content is None or known is None or known.signals.get("message_count") != 1:
        return None
    if not content.prompt.startswith(USER) or content.answer is None:
        return None
    text = content.prompt.removeprefix(USER)
    for remark in reversed(said):
        if remark.label in labels and remark.label is not None:
            is_good = remark.label == content.answer
            return Found(record.id, text, remark.label, "labelled", content.answer, is_good)
        if remark.thumbs is Thumbs.UP:
            return Found(record.id, text, content.answer, "liked", content.answer, is_good=True)
        if remark.thumbs is Thumbs.DOWN:
            return None
    return None


def gather(found: Iterable[Found | None], train_share: float) -> Gathered:
    """One sample for each thing that was asked. Reviewed answers count before remarks.

    Which split it belongs to follows from what was asked alone, so that a later import parts them alike.
    """
    gathered = Gathered()
    by_input = dict[str, list[Found]]()
    for item in found:
        if item is None:
            gathered.untold += 1
        else:
            by_input.setdefault(item.input, []).append(item)
    for items in by_input.values():
        best = [item for item in items if item.tag == "reviewed"] or items
        if len({item.target for item in best}) > 1:
            gathered.contradicted += 1
        else:
            gathered.rows.append(dict(_row(best[0], train_share)))
    return gathered


def _row(item: Found, train_share: float) -> Iterator[tuple[str, object]]:
    yield from (("id", item.id), ("input", item.input), ("target", item.target))
    yield "split", "train" if draw(item.input) < train_share else "test"
    yield "tags", [item.tag]
    if item.answer is not None and item.is_good is not None:
        yield from (("answer", item.answer), ("is_good", item.is_good))


def draw(text: str) -> float:
    """A number from 0 to 1 that looks drawn and is always the same for a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
