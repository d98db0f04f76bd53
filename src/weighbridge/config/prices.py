"""What a token costs where the config does not say: the figures of the catalogue library, never fetched.

Only a price that is certain is taken. A price that depends on the time of day is not; one that rises with the length of
the input is taken only when the model's window ends before the first rise. Anything else is unknown, never 0.
"""

from datetime import date
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from weighbridge.domain.money import Price

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice

LIBRARY = "genai-prices"
PROVIDER_IDS = {"x_ai": "x-ai", "azure.ai.inference": "azure"}
"""OpenTelemetry's spelling → the catalogue's, where the catalogue does not know the former."""


def catalogue_price(provider: str, upstream_name: str, window_tokens: int, today: date) -> Price | None:
    """The price on that day, its origin naming library, version and catalogue entry; `None` when not certain."""
    try:
        found, entry = _catalogue().find_provider_model(upstream_name, None, PROVIDER_IDS.get(provider, provider), None)
    except LookupError:
        return None
    prices = _in_force(entry, today)
    if prices is None:
        return None
    origin = f"{LIBRARY} {version(LIBRARY)} ({found.id}/{entry.id})"
    return _price(prices, window_tokens, origin)


@cache
def _catalogue() -> "DataSnapshot":
    from genai_prices.data import providers
    from genai_prices.data_snapshot import DataSnapshot

    return DataSnapshot(providers=providers, from_auto_update=False)


def _in_force(entry: "ModelInfo", today: date) -> "ModelPrice | None":
    from genai_prices.types import ModelPrice, StartDateConstraint

    if isinstance(entry.prices, ModelPrice):
        return entry.prices
    in_force = None
    for conditional in entry.prices:
        constraint = conditional.constraint
        if constraint is None or (isinstance(constraint, StartDateConstraint) and today >= constraint.start_date):
            in_force = conditional.prices
        elif not isinstance(constraint, StartDateConstraint):
            return None
    return in_force


def _price(prices: "ModelPrice", window_tokens: int, origin: str) -> Price | None:
    figures = [_figure(prices, key, window_tokens) for key in ("input_mtok", "output_mtok")]
    cached = [_figure(prices, key, window_tokens) for key in ("cache_read_mtok", "cache_write_mtok")]
    if figures[0] is None or figures[1] is None:
        return None
    try:
        return Price.per_million(
            figures[0], figures[1], cache_read_usd=cached[0], cache_write_usd=cached[1], origin=origin
        )
    except ValueError:  # finer than a pico-dollar a token: not exact here
        return None


def _figure(prices: "ModelPrice", key: str, window_tokens: int) -> Decimal | None:
    from genai_prices.types import TieredPrices

    value = getattr(prices, key, None)
    if isinstance(value, TieredPrices):
        return value.base if all(window_tokens <= tier.start for tier in value.tiers) else None
    return value if isinstance(value, Decimal) else None
