"""`weighbridge eval shadow TASK`: how a challenger does beside the answers that callers got."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from weighbridge.cli.common import Config, Json, print_json, print_tables, with_gateway
from weighbridge.cli.evaluation import require
from weighbridge.domain.caller import SHADOW
from weighbridge.domain.drift import Monitor
from weighbridge.domain.record import Record, RecordFilter
from weighbridge.evals import words
from weighbridge.evals.extra import extra
from weighbridge.evals.shadow import Beside, beside
from weighbridge.pipeline.gateway import Gateway


def shadow(
    task: Annotated[str, Parameter(help="A task with `shadow`.")],
    *,
    since: Annotated[str | None, Parameter(help="Only requests at or after this time (RFC 3339).")] = None,
    limit: Annotated[int, Parameter(help="The newest so many.")] = 10_000,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show each challenger: how often it is valid, agrees, and is the better one, and what it takes and costs."""
    extra("scipy.stats")

    async def work(gateway: Gateway) -> tuple[list[tuple[Record, Record]], Mapping[str, float]]:
        require(task in gateway.policy.tasks, "task", f"There is no task {task!r}.")
        own = await gateway.records(RecordFilter(task=task, caller=SHADOW, since=since, limit=limit))
        found = [(record, await gateway.record(record.shadow.of)) for record in own if record.shadow is not None]
        pairs = [(record, served) for record, served in found if served is not None]
        return pairs, await gateway.hindsight(task, Monitor.JUDGE)

    pairs, scores = with_gateway(config, work)
    rows = beside(pairs, scores)
    if json:
        print_json([asdict(row) for row in rows])
    elif rows:
        print_tables(_table(rows))
    else:
        print_tables(f"No challenger has answered a {task} request yet: its `shadow` names one and a share.")


def _table(rows: list[Beside]) -> Table:
    heads = ("valid", "agrees with what was served", "served answer by the judge", "seconds", "USD a request")
    table = Table("challenger", *heads)
    for row in rows:
        judged = "not asked" if row.served_score is None else f"{row.served_score:.3f} of {row.judged}"
        seconds = " beside ".join(words.rough(value) for value in row.latency_s)
        costs = " beside ".join(words.rough(value) for value in row.cost_usd)
        table.add_row(row.model, row.valid.told, row.agrees.told, judged, seconds, costs)
    return table
