"""Review items, what people do to them, and feedback, as the API and the command line show and read them."""

from collections.abc import Mapping

from weighbridge.dialects.fields import invalid, need_text, read_int, read_text
from weighbridge.dialects.json_text import parse_object
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.feedback import Feedback, Thumbs
from weighbridge.domain.review import ReviewAct, ReviewItem, ReviewVerb, Turn

Json = dict[str, object]

LONGEST_LABEL_CHARS = 200
LONGEST_TEXT_CHARS = 10_000
LONGEST_ANSWER_CHARS = 200_000


def render_review(item: ReviewItem) -> Json:
    """Everything, for reviewers and auditors."""
    return {
        **render_outcome_of_review(item),
        "caller": item.caller,
        "risk": item.risk.value,
        "reason": item.reason.value,
        "fault": item.fault,
        "conversation": [_turn(turn) for turn in item.conversation],
        "proposed": item.proposed,
        "findings": [
            {"code": finding.code.value, "message": finding.message, "place": finding.place}
            for finding in item.findings
        ],
        "needs_two": item.needs_two,
        "assignee": item.assignee,
        "locked_until": item.locked_until,
        "acts": [_act(done) for done in item.acts],
        "version": item.version,
    }


def render_outcome_of_review(item: ReviewItem) -> Json:
    """What came of it, for the caller who waits."""
    return {
        "id": item.id,
        "record": item.record_id,
        "task": item.task,
        "state": item.state.value,
        "created_at": item.created_at,
        "deadline": item.deadline,
        "answer": item.answer,
    }


def render_feedback(feedback: Feedback) -> Json:
    """One remark."""
    return {
        "id": feedback.id,
        "record": feedback.record_id,
        "created_at": feedback.created_at,
        "caller": feedback.caller,
        "thumbs": None if feedback.thumbs is None else feedback.thumbs.value,
        "label": feedback.label,
        "text": feedback.text,
    }


def parse_act(body: bytes, verb: ReviewVerb, reviewer: str, now: str) -> tuple[ReviewAct, int | None]:
    """What a reviewer sent, and the version that it is about, if stated. Raises RequestError."""
    fields = parse_object(body) if body.strip() else {}
    _require_known(fields, {"answer", "note", "version"} if verb is ReviewVerb.CORRECT else {"note", "version"})
    answer = need_text(fields, "answer") if verb is ReviewVerb.CORRECT else None
    _require_short(answer, "answer", LONGEST_ANSWER_CHARS)
    note = read_text(fields, "note") or ""
    _require_short(note, "note", LONGEST_TEXT_CHARS)
    return ReviewAct(verb, reviewer, now, answer, note), read_int(fields, "version", least=1)


def parse_feedback(body: bytes, feedback_id: str, caller: str, now: str) -> Feedback:
    """What somebody sent about an answer. Raises RequestError."""
    return read_feedback(parse_object(body), feedback_id, caller, now)


def read_feedback(fields: Mapping[str, object], feedback_id: str, caller: str, now: str) -> Feedback:
    """What somebody says of an answer: `record`, and `thumbs`, `label` or `text`. Raises InvalidFieldError."""
    _require_known(fields, {"record", "thumbs", "label", "text"})
    thumbs, label, text = ((read_text(fields, key) or "").strip() or None for key in ("thumbs", "label", "text"))
    if thumbs is not None and thumbs not in set(Thumbs):
        raise invalid("thumbs", "up or down", thumbs)
    _require_short(label, "label", LONGEST_LABEL_CHARS)
    _require_short(text, "text", LONGEST_TEXT_CHARS)
    if thumbs is None and label is None and text is None:
        raise InvalidFieldError(
            "The feedback says nothing.", advice="Send `thumbs`, `label` or `text`.", param="thumbs"
        )
    record_id = need_text(fields, "record")
    return Feedback(feedback_id, record_id, now, caller, None if thumbs is None else Thumbs(thumbs), label, text)


def _turn(turn: Turn) -> Json:
    return {"role": turn.role, "content": turn.text, "is_whole": turn.is_whole}


def _act(done: ReviewAct) -> Json:
    return {
        "verb": done.verb.value,
        "reviewer": done.reviewer,
        "at": done.at,
        "answer": done.answer,
        "note": done.note,
    }


def _require_known(fields: Mapping[str, object], known: set[str]) -> None:
    for name in fields:
        if name not in known:
            raise InvalidFieldError(
                f"There is no field {name[:60]!r}.", advice=f"Use {', '.join(sorted(known))}.", param=name[:60]
            )


def _require_short(text: str | None, param: str, most: int) -> None:
    if text is not None and len(text) > most:
        raise InvalidFieldError(
            f"`{param}` has {len(text)} characters; at most {most} are kept.", advice="Shorten it.", param=param
        )
