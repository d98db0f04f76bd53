"""`weighbridge budget show`: how full each budget is."""

from rich.table import Table

from weighbridge.cli.common import Config, Json, print_json, print_tables, with_gateway
from weighbridge.domain.hold import Standing
from weighbridge.pipeline.gateway import Gateway


def show(*, config: Config = None, json: Json = False) -> None:
    """Show each budget with what is spent and left in its present period, as the store remembers it.

    What a running gateway holds for unfinished requests is known to that gateway alone.
    """

    async def work(gateway: Gateway) -> list[Standing]:
        return gateway.standings()

    standings = with_gateway(config, work)
    if json:
        print_json([_row(standing) for standing in standings])
    else:
        print_tables(_table(standings))


def _row(standing: Standing) -> dict[str, object]:
    budget = standing.budget
    return {
        "budget": budget.name,
        "period": budget.period,
        "key": budget.caller,
        "task": budget.task,
        "limit_usd": str(budget.limit),
        "spent_usd": str(standing.spent),
        "left_usd": str(standing.left),
        "resets_on": None if standing.resets_on is None else standing.resets_on.isoformat(),
    }


def _table(standings: list[Standing]) -> Table:
    table = Table(title=f"{len(standings)} budgets", title_justify="left")
    for column in ("budget", "period", "key", "task", "limit USD", "spent USD", "left USD", "begins anew"):
        table.add_column(column, justify="right" if column.endswith("USD") else "left")
    for standing in standings:
        table.add_row(*("" if value is None else str(value) for value in _row(standing).values()))
    return table
