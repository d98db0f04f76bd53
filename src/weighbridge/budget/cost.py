"""Counts to money, exactly. Unknown in, unknown out."""

from weighbridge.domain.money import Money, Price
from weighbridge.domain.usage import Usage


def estimate(price: Price | None, input_tokens: int, output_tokens: int) -> Money | None:
    """The most that a call of this size costs, with nothing read from a cache; `None` when the price is unknown.

    A provider that charges more for writing its cache than for plain input is estimated at that dearer price.
    """
    if price is None:
        return None
    return _dearest_input(price) * input_tokens + price.output * output_tokens


def cost_of(price: Price | None, usage: Usage | None) -> Money | None:
    """What a call cost; `None` when price or usage is unknown. A cache price not stated is the full input price."""
    if price is None or usage is None:
        return None
    cache_read = price.input if price.cache_read is None else price.cache_read
    cache_write = price.input if price.cache_write is None else price.cache_write
    return (
        price.input * usage.input_tokens
        + cache_read * usage.cache_read_tokens
        + cache_write * usage.cache_write_tokens
        + price.output * usage.output_tokens
    )


def _dearest_input(price: Price) -> Money:
    return price.input if price.cache_write is None else max(price.input, price.cache_write)
