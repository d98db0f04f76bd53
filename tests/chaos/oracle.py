"""What must hold whatever the hosts did, judged by other means than the gateway's own."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chaos.faults import LABELS, SYSTEM_TEXT, USAGE_IN, USAGE_OUT
from chaos.gateway import CAP, DEADLINE_S, DECLARED, MAX_ATTEMPTS, PRICE_IN, PRICE_OUT
from chaos.provider import World
from chaos.requests import Reply
from weighbridge.domain.attempt import StepKind
from weighbridge.domain.record import OutcomeStatus, Record

ONE_ANSWER = PRICE_IN * USAGE_IN + PRICE_OUT * USAGE_OUT
SLACK_S = 1.0


@dataclass(slots=True)
class Findings:
    """Everything that is wrong; empty when all promises held."""

    broken: list[str] = field(default_factory=list)

    def expect(self, holds: bool, what: str) -> None:
        """Note it when it does not hold."""
        if not holds:
            self.broken.append(what)


def judge(replies: Sequence[Reply], records: Sequence[Record], world: World, *, is_baseline: bool) -> Findings:
    """Hold what callers saw against the records, and both against what the hosts served."""
    found = Findings()
    by_id = {record.id: record for record in records}
    left = sum(not reply.status for reply in replies)
    is_told = len(replies) - left <= len(by_id) <= len(replies)
    found.expect(is_told, f"{len(replies)} requests, {left} left early, and {len(by_id)} records")
    for reply in replies:
        for what in _of_reply(reply, by_id):
            found.expect(False, f"request {reply.asked.number}: {what}")
    if not is_baseline:
        for record in records:
            for what in _of_record(record):
                found.expect(False, f"record {record.id}: {what}")
    capped = sum(count for (_, task), count in world.billed.items() if task == "capped")
    found.expect(ONE_ANSWER * capped <= CAP, f"budget overspent: {capped} answers of {ONE_ANSWER} under {CAP}")
    return found


def _of_reply(reply: Reply, records: dict[str, Record]) -> Iterator[str]:
    if reply.status == 0:
        return
    if not reply.is_complete:
        yield "the answer broke off"
        return
    record = records.get((reply.headers or {}).get("x-weighbridge-record", ""))
    if record is None:
        yield f"status {reply.status} without its record"
        return
    if reply.status >= 500 and record.error_code == "internal_error":
        yield "an unhandled exception"
    if reply.status == 200 and not (reply.asked.is_stream and reply.has_error_event):
        yield from _of_answer(reply, record)


def _of_answer(reply: Reply, record: Record) -> Iterator[str]:
    text = reply.text
    if record.status is OutcomeStatus.DEGRADED:
        if text != DECLARED:
            yield f"a degraded answer that nobody declared: {text!r}"
    elif record.status is not OutcomeStatus.ANSWERED:
        yield f"an answer, and its record says {record.status}"
    elif not is_valid(reply.asked.task, text):
        yield f"an answer that breaks its contract: {text[:80]!r}"


def is_valid(task: str, text: str) -> bool:
    """Whether the task would call this an answer, in plain words."""
    match task:
        case "tag" | "capped":
            return text.strip().lower() in LABELS
        case "json":
            value = json.loads(text)
            is_label = isinstance(value, dict) and value.get("label") in LABELS
            return is_label and set(value) == {"label", "urgent"} and isinstance(value["urgent"], bool)
    return bool(text.strip())


def _of_record(record: Record) -> Iterator[str]:
    attempts = record.attempts
    if len(attempts) > MAX_ATTEMPTS:
        yield f"{len(attempts)} attempts"
    if record.duration_s > DEADLINE_S + SLACK_S:
        yield f"{record.duration_s:.1f} s"
    repairs = Counter(item.model for item in attempts if item.step.kind is StepKind.REPAIR)
    if any(count > 1 for count in repairs.values()):
        yield f"repairs {dict(repairs)}"
    if record.status is OutcomeStatus.ANSWERED and not attempts[-1].verdict.is_valid:
        yield "answered without a valid verdict"
    if record.status is OutcomeStatus.IN_REVIEW and record.review_id is None:
        yield "in review without an item"
    if record.content is not None or SYSTEM_TEXT in str(record):
        yield "content that nobody asked to keep"
