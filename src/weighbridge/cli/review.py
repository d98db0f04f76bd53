"""`weighbridge review`: what waits for a person, and the person's decisions."""

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.table import Table

from weighbridge.cli.common import (
    Config,
    Json,
    login_name,
    print_json,
    print_lines,
    print_tables,
    visible,
    with_gateway,
)
from weighbridge.cli.run import read_input
from weighbridge.dialects.native.export import evaluation_row, finetuning_row, is_exportable
from weighbridge.dialects.native.review import render_review
from weighbridge.domain.errors import NotFoundError
from weighbridge.domain.notice import GIVEN_UP, MOST_ATTEMPTS, Notice
from weighbridge.domain.review import ReviewFilter, ReviewItem, ReviewReason, ReviewState, ReviewVerb, Turn
from weighbridge.pipeline.gateway import Gateway
from weighbridge.review.act import pending

Id = Annotated[str, Parameter(help="A review's id, or `last`.")]
By = Annotated[str | None, Parameter(name="--as", help="Who decides; without it, your login name.")]
Note = Annotated[str, Parameter(help="Why, in your words.")]
State = Annotated[ReviewState | None, Parameter(help="Only items in this state.")]
Limit = Annotated[int, Parameter(help="At most so many.", validator=Number(gte=1, lte=200))]
Format = Annotated[Literal["eval", "finetune"], Parameter(help="Evaluation samples, or fine-tuning conversations.")]

InTask = Annotated[str | None, Parameter(help="Only items of this task.")]
Since = Annotated[str | None, Parameter(help="Opened at or after this UTC time, 2026-11-25T00:00:00Z.")]

MOST_SHOWN_CHARS = 60
PAGE_ITEMS = 200


def list_(
    *,
    task: InTask = None,
    state: State = None,
    assignee: Annotated[str | None, Parameter(help="Only what this person has claimed.")] = None,
    since: Since = None,
    before: Annotated[str | None, Parameter(help="Only items older than this id, to page on.")] = None,
    limit: Limit = 20,
    config: Config = None,
    json: Json = False,
) -> None:
    """List items, newest first."""
    wanted = ReviewFilter(task=task, state=state, assignee=assignee, since=since, before_id=before, limit=limit)
    found = with_gateway(config, lambda gateway: gateway.reviews(wanted))
    if json:
        print_json([render_review(item) for item in found])
    else:
        print_tables(_table(found))


def show(id: Id, *, config: Config = None, json: Json = False) -> None:  # noqa: A002
    """Show what was asked, what a model proposed, what is wrong with it, and what people did."""

    async def work(gateway: Gateway) -> tuple[ReviewItem, Notice | None]:
        item = await _found(gateway, id)
        return item, await gateway.notice_of(item)

    item, notice = with_gateway(config, work)
    if json:
        print_json({**render_review(item), "webhook": None if notice is None else _waiting(notice)})
    else:
        print_lines(*_lines(item, notice))


def claim(id: Id, *, by: By = None, config: Config = None, json: Json = False) -> None:  # noqa: A002
    """Keep an item for yourself, until the task's lock runs out."""
    _decide(id, ReviewVerb.CLAIM, by, config, json)


def release(id: Id, *, by: By = None, config: Config = None, json: Json = False) -> None:  # noqa: A002
    """Give a claimed item back."""
    _decide(id, ReviewVerb.RELEASE, by, config, json)


def approve(id: Id, *, by: By = None, note: Note = "", config: Config = None, json: Json = False) -> None:  # noqa: A002
    """Let the proposed answer through; with four eyes, the first person's decision."""
    _decide(id, ReviewVerb.APPROVE, by, config, json, note=note)


def correct(
    id: Id,  # noqa: A002
    *,
    answer: Annotated[str, Parameter(help="The right answer, or @FILE to read it; @- reads stdin.")],
    by: By = None,
    note: Note = "",
    config: Config = None,
    json: Json = False,
) -> None:
    """Give the right answer. It has to keep the task's contract."""
    _decide(id, ReviewVerb.CORRECT, by, config, json, answer=read_input(answer), note=note)


def reject(id: Id, *, by: By = None, note: Note = "", config: Config = None, json: Json = False) -> None:  # noqa: A002
    """Say that there is no good answer."""
    _decide(id, ReviewVerb.REJECT, by, config, json, note=note)


def export(
    *,
    format: Format = "eval",  # noqa: A002
    task: InTask = None,
    since: Since = None,
    config: Config = None,
) -> None:
    """Print approved and corrected answers as JSON lines: evaluation samples or fine-tuning conversations."""
    row = evaluation_row if format == "eval" else finetuning_row

    async def work(gateway: Gateway) -> int:
        left_out = 0
        async for item in _decided(gateway, ReviewFilter(task=task, since=since, limit=PAGE_ITEMS)):
            record = await gateway.record(item.record_id)
            if record is None or not is_exportable(item):
                left_out += 1
            else:
                print_lines(row(item, record).decode())
        return left_out

    if left_out := with_gateway(config, work):
        print(
            f"weighbridge: left out {left_out} that were decided: the task keeps no content "
            "(`storage: {content: true}` would), or more than text was asked.",
            file=sys.stderr,
        )


async def _decided(gateway: Gateway, wanted: ReviewFilter) -> AsyncIterator[ReviewItem]:
    while page := await gateway.reviews(wanted):
        for item in page:
            if item.state in {ReviewState.APPROVED, ReviewState.CORRECTED} and item.reason is not ReviewReason.DRIFT:
                yield item
        wanted = replace(wanted, before_id=page[-1].id)


def _decide(
    review_id: str,
    verb: ReviewVerb,
    by: str | None,
    config: Path | None,
    json: bool,
    *,
    answer: str | None = None,
    note: str = "",
) -> None:
    reviewer = by or login_name()

    async def work(gateway: Gateway) -> ReviewItem:
        item = await _found(gateway, review_id)
        return await gateway.decide(item.id, verb, reviewer=reviewer, answer=answer, note=note)

    item = with_gateway(config, work)
    if json:
        print_json(render_review(item))
    else:
        print_lines(_said(item))


async def _found(gateway: Gateway, review_id: str) -> ReviewItem:
    if review_id == "last":
        newest = await gateway.reviews(ReviewFilter(limit=1))
        item = newest[0] if newest else None
    else:
        item = await gateway.review(review_id)
    if item is None:
        raise NotFoundError(
            f"There is no review {review_id!r}.",
            advice="`weighbridge review list` shows what is kept; give the --config whose store holds it.",
            code="unknown_review",
        )
    return item


def _said(item: ReviewItem) -> str:
    waiting = pending(item)
    if waiting is not None:
        return f"{item.id}: {waiting.reviewer} decided; a second person has to approve it."
    if item.state is ReviewState.CLAIMED:
        return f"{item.id}: claimed by {item.assignee} until {item.locked_until}"
    return f"{item.id}: {item.state}" + ("" if item.answer is None else f", the answer is {_short(item.answer)!r}")


def _table(found: list[ReviewItem]) -> Table:
    table = Table(title=f"{len(found)} reviews, newest first", title_justify="left")
    for column in ("id", "state", "task", "due in", "why", "proposed", "who"):
        table.add_column(column, no_wrap=column in {"id", "state"}, overflow="fold")
    for item in found:
        table.add_row(
            item.id,
            item.state.value,
            item.task,
            "" if item.state.is_final else _time_left(item.deadline),
            item.fault,
            _short(item.proposed or ""),
            item.assignee or (item.acts[-1].reviewer if item.acts else ""),
        )
    return table


def _time_left(deadline: str) -> str:
    left_s = (datetime.fromisoformat(deadline) - datetime.now(UTC)).total_seconds()
    if left_s <= 0:
        return "over"
    hours, minutes = divmod(int(left_s / 60), 60)
    return f"{hours} h {minutes:02d} min"


def _short(text: str) -> str:
    line = visible(" ".join(text.split()))
    return line if len(line) <= MOST_SHOWN_CHARS else line[: MOST_SHOWN_CHARS - 1] + "…"


def _lines(item: ReviewItem, notice: Notice | None) -> list[str]:
    lines = [
        f"{item.id}  {item.state}, {'decided' if item.state.is_final else 'due ' + item.deadline[:19] + 'Z'}",
        f"task {item.task}, risk {item.risk}, asked by {item.caller}, record {item.record_id}",
        f"why: {item.reason} ({item.fault})",
        "",
    ]
    lines += [_spoken(turn) for turn in item.conversation]
    if item.has_content:
        lines += ["", f"proposed: {'nothing' if item.proposed is None else visible(item.proposed)}"]
    else:
        lines.append("what was asked and proposed is not kept: the task stores no content")
    lines += [f"  {finding.code}: {visible(finding.message)}" for finding in item.findings]
    lines += [_did(done.at, done.reviewer, done.verb, done.answer, done.note) for done in item.acts]
    if item.answer is not None:
        lines.append(f"answer: {visible(item.answer)}")
    if notice is not None:
        lines.append(_undelivered(notice))
    return lines


def _spoken(turn: Turn) -> str:
    return f"{turn.role}: {visible(turn.text)}" + ("" if turn.is_whole else " (and something that is not text)")


def _undelivered(notice: Notice) -> str:
    if not notice.attempts:
        return "webhook: not told yet"
    what = f"webhook: not delivered in {notice.attempts} of {MOST_ATTEMPTS} tries, last {notice.fault or 'unknown'}"
    return f"{what}; " + ("given up" if notice.due_at == GIVEN_UP else f"next try {notice.due_at[:19]}Z")


def _waiting(notice: Notice) -> dict[str, object]:
    is_given_up = notice.due_at == GIVEN_UP
    return {
        "id": notice.id,
        "attempts": notice.attempts,
        "fault": notice.fault,
        "is_given_up": is_given_up,
        "next_try": None if is_given_up else notice.due_at,
    }


def _did(at: str, who: str, verb: ReviewVerb, answer: str | None, note: str) -> str:
    told = f"{at[:19]}Z {who}: {verb}" + ("" if answer is None else f" to {answer!r}")
    return f"{told} ({visible(note)})" if note else told
