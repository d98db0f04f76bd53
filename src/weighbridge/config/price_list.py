"""`prices.yaml` beside the config: catalogue prices as they were reviewed, until somebody updates them.

Without the file a newer catalogue library changes prices with its next release. With it, prices change by a commit.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, ValidationError

from weighbridge.config.fields import Row, Text
from weighbridge.config.schema_portfolio import PriceRow
from weighbridge.config.sources import PRICE_LIST
from weighbridge.domain.errors import ConfigError, ConfigProblem
from weighbridge.domain.money import Money, Price

HEAD = """# What models cost, in US dollars per million tokens. Written by `weighbridge prices update --write`.
# Review it like code. A model's own `price` in the config comes before this list, and this list before the catalogue.
"""


class ListedRow(PriceRow):
    """A price as it was reviewed."""

    origin: Annotated[Text, Field(alias="from")]
    """Where the figures come from."""


class PriceList(Row):
    """The file."""

    prices: dict[str, ListedRow]
    """By the model's name in the portfolio."""


def read_price_list(folder: Path) -> dict[str, Price]:
    """Name → price; empty without the file. Raises ConfigError."""
    file = folder / PRICE_LIST
    try:
        stated = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        rows = PriceList.model_validate(stated).prices
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        raise ConfigError([_problem(file, "prices", "a readable YAML file")]) from None
    except ValidationError as error:
        raise ConfigError([_problem(file, _place(item["loc"]), item["msg"]) for item in error.errors()]) from None
    return {name: price_in(row, f"{PRICE_LIST}: {row.origin}") for name, row in rows.items()}


def price_in(row: PriceRow, origin: str = "config") -> Price:
    """The price that a row states."""
    return Price.per_million(
        row.input_usd_per_million,
        row.output_usd_per_million,
        cache_read_usd=row.cache_read_usd_per_million,
        cache_write_usd=row.cache_write_usd_per_million,
        cache_write_1h_usd=row.cache_write_1h_usd_per_million,
        origin=origin,
    )


def write_price_list(prices: Mapping[str, Price], folder: Path) -> Path:
    """Write the file, in place of an older one."""
    rows = {name: _row(price) for name, price in sorted(prices.items())}
    text = HEAD + yaml.dump({"prices": rows}, sort_keys=False, allow_unicode=True, width=120)
    file = folder / PRICE_LIST
    draft = file.with_suffix(".tmp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
    return file


def _row(price: Price) -> dict[str, str]:
    figures = {
        "input_usd_per_million": price.input,
        "output_usd_per_million": price.output,
        "cache_read_usd_per_million": price.cache_read,
        "cache_write_usd_per_million": price.cache_write,
        "cache_write_1h_usd_per_million": price.cache_write_1h,
    }
    told = {name: _per_million(amount) for name, amount in figures.items() if amount is not None}
    return {**told, "from": price.origin}


def _per_million(each: Money) -> str:
    return str(each * 1_000_000)


def _problem(file: Path, key: str, expected: str) -> ConfigProblem:
    return ConfigProblem(str(file), 1, 1, key, expected)


def _place(place: tuple[int | str, ...]) -> str:
    return ".".join(map(str, place)) or "prices"
