"""`weighbridge report TASK`: the page for people who decide about money and risk."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from weighbridge.cli.common import Config, Json, print_json, print_lines, with_gateway
from weighbridge.domain.caller import OWN
from weighbridge.domain.errors import NotFoundError
from weighbridge.domain.record import Record, RecordFilter
from weighbridge.evals.stakeholder import Traffic, stakeholder_page, traffic_of
from weighbridge.pipeline.gateway import Gateway
from weighbridge.pipeline.wire import standings

MOST_RECORDS = 100_000
PAGE = 1_000


def report(
    task: Annotated[str, Parameter(help="A task of the config.")],
    *,
    days: Annotated[int, Parameter(help="How far back records are counted.")] = 30,
    out: Annotated[Path | None, Parameter(help="Write the page into this file.")] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Say in plain English who answers a task, what it costs now and at ten times the volume, and what it gives up."""

    async def work(gateway: Gateway) -> tuple[str, Traffic]:
        policy = gateway.policy
        if task not in policy.tasks:
            raise NotFoundError(f"There is no task {task!r}.", advice="`check` lists them.", code="unknown_task")
        now = datetime.now(UTC)
        since = now - timedelta(days=days)
        records = await _records(gateway, task, since.isoformat(timespec="microseconds").replace("+00:00", "Z"))
        oldest = datetime.fromisoformat(records[-1].created_at) if records else now
        records = [record for record in records if record.caller not in OWN]
        traffic = traffic_of(records, (now - oldest).total_seconds() / 86_400)
        known = {model: found for (name, model), found in standings(policy).items() if name == task}
        return stakeholder_page(policy, policy.tasks[task], known, traffic), traffic

    page, traffic = with_gateway(config, work)
    if out is not None:
        out.write_text(page, encoding="utf-8")
    if json:
        fields = {name: getattr(traffic, name) for name in Traffic.__slots__}
        print_json({"task": task, "traffic": fields | {"monthly_usd": traffic.monthly_usd}, "page": page})
    else:
        print_lines(page if out is None else f"Report: {out}")


async def _records(gateway: Gateway, task: str, since: str) -> list[Record]:
    found = list[Record]()
    while len(found) < MOST_RECORDS:
        before = found[-1].id if found else None
        page = await gateway.records(RecordFilter(task=task, since=since, before_id=before, limit=PAGE))
        found += page
        if len(page) < PAGE:
            break
    return found
