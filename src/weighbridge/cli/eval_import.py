"""`weighbridge eval import TASK`: evaluation samples from reviews and feedback."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import orjson
from cyclopts import Parameter
from cyclopts.validators import Number

from weighbridge.cli.common import Config, Json, print_json, print_lines, with_gateway
from weighbridge.cli.evaluation import require
from weighbridge.domain.caller import EVALUATION, SHADOW
from weighbridge.domain.errors import CommandError
from weighbridge.domain.record import OutcomeStatus, Record, RecordFilter
from weighbridge.domain.review import ReviewFilter, ReviewItem, ReviewReason
from weighbridge.evals.gather import Found, Gathered, gather, of_record, of_review
from weighbridge.pipeline.gateway import Gateway

PAGE = 200


def import_(
    task: Annotated[str, Parameter(help="A task that keeps content.")],
    *,
    out: Annotated[Path, Parameter(help="JSON Lines file to write; there must be none yet.")],
    since: Annotated[str | None, Parameter(help="Only what happened at or after this time (RFC 3339).")] = None,
    train: Annotated[
        float, Parameter(help="Share of the samples for the split `train`.", validator=Number(gte=0, lte=1))
    ] = 0.0,
    config: Config = None,
    json: Json = False,
) -> None:
    """Write a dataset of what people approved, corrected, labelled or liked. It uses kept content only."""

    async def work(gateway: Gateway) -> Gathered:
        require(task in gateway.policy.tasks, "task", f"There is no task {task!r}.")
        record = gateway.policy.tasks[task]
        require(record.stores_content, "task", f"Task {task!r} keeps no content (`storage: {{content: true}}` would).")
        return gather([item async for item in _found(gateway, task, since)], train)

    gathered = with_gateway(config, work)
    _write(gathered, out)
    if json:
        print_json(
            {"file": str(out), "samples": len(gathered.rows), "contradicted": gathered.contradicted}
            | {"left_out": gathered.untold}
        )
        return
    print_lines(
        f"{len(gathered.rows)} samples: {out}",
        f"Left out: {gathered.contradicted} inputs on which people disagree, {gathered.untold} decisions and remarks "
        "without a text or a right answer.",
    )


async def _found(gateway: Gateway, task: str, since: str | None) -> AsyncIterator[Found | None]:
    async for item in _reviews(gateway, ReviewFilter(task=task, since=since, limit=PAGE)):
        if item.acts and item.reason is not ReviewReason.DRIFT:
            yield of_review(item)
    labels = gateway.policy.tasks[task].contract.labels
    async for record in _records(gateway, RecordFilter(task=task, since=since, limit=PAGE)):
        if said := await gateway.feedback(record.id):
            yield of_record(record, said, labels)


async def _reviews(gateway: Gateway, wanted: ReviewFilter) -> AsyncIterator[ReviewItem]:
    while page := await gateway.reviews(wanted):
        for item in page:
            yield item
        wanted = replace(wanted, before_id=page[-1].id)


async def _records(gateway: Gateway, wanted: RecordFilter) -> AsyncIterator[Record]:
    while page := await gateway.records(wanted):
        for record in page:
            if record.status is OutcomeStatus.ANSWERED and record.caller not in {EVALUATION.name, SHADOW}:
                yield record
        wanted = replace(wanted, before_id=page[-1].id)


def _write(gathered: Gathered, out: Path) -> None:
    """For this user alone: it holds what callers said."""
    try:
        with os.fdopen(os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in gathered.rows)
    except OSError as error:
        raise CommandError(f"{out} cannot be written: {error.strerror}.", advice="Name another file.") from None
