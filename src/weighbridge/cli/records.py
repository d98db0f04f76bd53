"""`weighbridge records`: what was asked, who served, how it ended."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.table import Table

from weighbridge.cli.common import Config, Json, print_json, print_tables, with_gateway
from weighbridge.dialects.native.record import render_record
from weighbridge.domain.record import OutcomeStatus, Record, RecordFilter

Limit = Annotated[int, Parameter(help="At most so many.", validator=Number(gte=1))]
Status = Annotated[OutcomeStatus | None, Parameter(help="Only requests that ended so.")]


def records(
    *,
    task: str | None = None,
    model: str | None = None,
    status: Status = None,
    fallback: Annotated[bool | None, Parameter(help="Only answers that did, or did not, come from a fallback.")] = None,
    since: Annotated[str | None, Parameter(help="Created at or after this UTC time, 2026-11-25T00:00:00Z.")] = None,
    limit: Limit = 20,
    config: Config = None,
    json: Json = False,
) -> None:
    """List records, newest first."""
    wanted = RecordFilter(task=task, model=model, status=status, is_fallback=fallback, since=since, limit=limit)
    found = with_gateway(config, lambda gateway: gateway.records(wanted))
    if json:
        print_json([render_record(record) for record in found])
    else:
        print_tables(_table(found))


def _table(found: list[Record]) -> Table:
    table = Table(title=f"{len(found)} records, newest first", title_justify="left")
    for column in ("id", "created (UTC)", "task", "status", "model", "fallback", "cost USD", "reason or error"):
        table.add_column(column, no_wrap=column in {"id", "status"}, overflow="fold")
    for record in found:
        table.add_row(
            record.id,
            record.created_at[:19],
            record.classification.task if record.classification else "",
            record.status.value,
            record.served_model or "",
            "yes" if record.is_fallback else "",
            "unknown" if record.cost is None else str(record.cost),
            record.error_code or (record.decision.reason.value if record.decision else ""),
        )
    return table
