"""`weighbridge prices show`: what each model costs, and who says so."""

from rich.table import Table

from weighbridge.cli.common import Config, Json, print_json, print_tables, with_gateway
from weighbridge.domain.money import Money
from weighbridge.domain.policy import PortfolioModel
from weighbridge.pipeline.gateway import Gateway

MILLION = 1_000_000


def show(*, config: Config = None, json: Json = False) -> None:
    """Show each model's price in USD per million tokens. A price that nobody knows is unknown, not 0."""

    async def work(gateway: Gateway) -> list[PortfolioModel]:
        return list(gateway.policy.models.values())

    models = with_gateway(config, work)
    if json:
        print_json([_row(model) for model in models])
    else:
        print_tables(_table(models))


def _row(model: PortfolioModel) -> dict[str, object]:
    price = model.price
    return {
        "model": model.name,
        "input_usd_per_million": _per_million(price.input if price else None),
        "output_usd_per_million": _per_million(price.output if price else None),
        "cache_read_usd_per_million": _per_million(price.cache_read if price else None),
        "cache_write_usd_per_million": _per_million(price.cache_write if price else None),
        "cache_write_1h_usd_per_million": _per_million(price.cache_write_1h if price else None),
        "origin": price.origin if price else None,
    }


def _per_million(amount: Money | None) -> str | None:
    return None if amount is None else str(amount * MILLION)


def _table(models: list[PortfolioModel]) -> Table:
    table = Table(title="USD per million tokens", title_justify="left")
    for column in ("model", "input", "output", "cache read", "cache write", "for 1 h", "origin"):
        table.add_column(column, justify="left" if column in {"model", "origin"} else "right")
    for model in models:
        row = _row(model)
        shown = ["" if value is None else str(value) for value in row.values()]
        table.add_row(*shown if model.price else [model.name, "unknown", "unknown", "", "", "", ""])
    return table
