"""`weighbridge audit`: what was done and by whom, and whether anybody changed that afterwards."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from weighbridge.cli.common import Config, Json, print_json, print_lines, print_tables, visible, with_gateway
from weighbridge.dialects.native.keys import render_entry
from weighbridge.domain.audit import AuditEntry
from weighbridge.pipeline.gateway import Gateway


def show(
    *,
    limit: Annotated[int, Parameter(help="At most so many.", validator=Number(gte=1, lte=10_000))] = 20,
    before: Annotated[int | None, Parameter(help="Only entries before this number, to page on.")] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """List entries, newest first: every request, every change of a key, every policy that came into force."""
    found = with_gateway(config, lambda gateway: gateway.audit.entries(limit, before))
    if json:
        print_json([render_entry(entry) for entry in found])
    else:
        print_tables(_table(found))


def verify(
    *,
    head: Annotated[str | None, Parameter(help="A hash noted earlier, from which the log must have gone on.")] = None,
    config: Config = None,
    json: Json = False,
) -> int:
    """Walk the whole chain, and hold every record that is still kept against its digest. Exit 1 for any fault."""

    async def work(gateway: Gateway) -> tuple[list[str], AuditEntry | None]:
        with Progress(console=Console(stderr=True), transient=True, disable=json) as bar:
            task = bar.add_task("verifying", total=None)
            return await gateway.audit.verify(lambda done, of: bar.update(task, completed=done, total=of), head)

    faults, newest = with_gateway(config, work)
    if json:
        print_json({"holds": not faults, "faults": faults, "head": None if newest is None else render_entry(newest)})
    elif faults:
        print_lines(*map(visible, faults))
    elif newest is None:
        print_lines("The audit log is empty.")
    else:
        print_lines(
            f"{newest.number} entries, each bound to the one before it, up to {newest.at}.",
            f"head: {newest.chained}",
            "Keep the head elsewhere: with it, `audit verify --head` also finds out a log that was rewritten whole.",
        )
    return 1 if faults else 0


def _table(found: list[AuditEntry]) -> Table:
    table = Table(title="Audit log", title_justify="left")
    for column in ("number", "at", "actor", "action", "subject", "detail"):
        table.add_column(column, overflow="fold")
    for entry in found:
        deed = entry.deed
        table.add_row(
            str(entry.number), entry.at, visible(deed.actor), deed.action, visible(deed.subject), visible(deed.detail)
        )
    return table
