"""Counts to money, exactly. Unknown in, unknown out."""

from weighbridge.domain.money import ZERO, Money, Price
from weighbridge.domain.usage import Usage


def estimate(price: Price | None, input_tokens: int, output_tokens: int) -> Money | None:
    """The most that a call of this size costs, with nothing read from a cache; `None` when the price is unknown.

    A provider that charges more for writing its cache than for plain input is estimated at that dearer price.
    """
    if price is None:
        return None
    return _dearest_input(price) * input_tokens + price.output * output_tokens


def cost_of(price: Price | None, usage: Usage | None) -> Money | None:
    """What a call cost; `None` when price or usage is unknown.

    A cache price that is not stated is the full input price; one that is stated for minutes says nothing of an hour.
    """
    if price is None or usage is None:
        return None
    cache_read = price.input if price.cache_read is None else price.cache_read
    cache_write = price.input if price.cache_write is None else price.cache_write
    for_minutes = usage.cache_write_tokens - usage.cache_write_1h_tokens
    for_an_hour = _of_an_hour(price, usage.cache_write_1h_tokens)
    if for_an_hour is None:
        return None
    return (
        price.input * usage.input_tokens
        + cache_read * usage.cache_read_tokens
        + cache_write * for_minutes
        + for_an_hour
        + price.output * usage.output_tokens
    )


def affordable_tokens(price: Price, amount: Money) -> int | None:
    """How many input tokens `amount` buys; `None` where they cost nothing."""
    each = _dearest_input(price)
    return amount.pico // each.pico if each.pico else None


def _of_an_hour(price: Price, tokens: int) -> Money | None:
    if tokens == 0:
        return ZERO
    if price.cache_write_1h is not None:
        return price.cache_write_1h * tokens
    return price.input * tokens if price.cache_write is None else None


def _dearest_input(price: Price) -> Money:
    written = [cost for cost in (price.cache_write, price.cache_write_1h) if cost is not None]
    return max(price.input, *written) if written else price.input
