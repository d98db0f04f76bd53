"""`weighbridge prices`: what each model costs, who says so, and a list of it to review."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from weighbridge.cli.common import (
    Config,
    Json,
    found_config,
    print_json,
    print_lines,
    print_tables,
    with_gateway,
)
from weighbridge.config.load import load_policy
from weighbridge.config.price_list import write_price_list
from weighbridge.config.prices import catalogue_price
from weighbridge.domain.errors import CommandError
from weighbridge.domain.money import Money, Price
from weighbridge.domain.policy import Policy, PortfolioModel
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


def update(
    *,
    write: Annotated[bool, Parameter(negative=(), help="Write `prices.yaml` beside the config.")] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show what the installed catalogue would change, and write it down to be reviewed and committed.

    A newer catalogue comes with a newer release of its library. Prices that the config states itself are left alone.
    """
    path = found_config(config)
    if path is None:
        raise CommandError("The demo has its own prices.", advice="Give the --config of a portfolio of yours.")
    policy, today = load_policy(path, os.environ), datetime.now(UTC).date()
    models = [model for model in policy.models.values() if model.price is None or model.price.origin != "config"]
    found = {model.name: _catalogue(model, policy, today) for model in models}
    changes = [_change(model, found[model.name]) for model in models]
    listed = {name: price for name, price in found.items() if price is not None}
    written = write_price_list(listed, path.parent) if write else None
    if json:
        print_json({"models": changes, "written": None if written is None else str(written)})
        return
    table = Table(title="USD per million tokens", title_justify="left")
    for column in ("model", "input", "output", "catalogue input", "catalogue output", "change", "origin"):
        table.add_column(column)
    for change in changes:
        table.add_row(*("unknown" if value is None else str(value) for value in change.values()))
    print_tables(table)
    print_lines(f"Written: {written}. Review it, and commit it." if written else "Nothing is written without --write.")


def _catalogue(model: PortfolioModel, policy: Policy, today: date) -> Price | None:
    host = policy.hosts[model.host]
    if host.base_url is None:
        return None
    return catalogue_price(host.provider, model.upstream_name, model.context_window_tokens, today)


def _change(model: PortfolioModel, new: Price | None) -> dict[str, str | None]:
    old = model.price
    return {
        "model": model.name,
        "input_usd_per_million": _per_million(old.input if old else None),
        "output_usd_per_million": _per_million(old.output if old else None),
        "catalogue_input_usd_per_million": _per_million(new.input if new else None),
        "catalogue_output_usd_per_million": _per_million(new.output if new else None),
        "change": _kind(old, new),
        "origin": new.origin if new else None,
    }


def _kind(old: Price | None, new: Price | None) -> str:
    if old is None or new is None:
        return "none" if old is new else "new" if old is None else "gone"
    return "none" if replace(new, origin=old.origin) == old else "changed"


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
