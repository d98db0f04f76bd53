"""Exact money. One unit, pico-dollars, so that a price per million tokens is a whole number per token."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Self

PICO_PER_USD = 10**12


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount of US dollars. An unknown amount is `None`, never `Money(0)`."""

    pico: int
    """The amount in pico-dollars (1e-12 USD)."""

    @classmethod
    def usd(cls, amount: str | int | Decimal) -> Self:
        """From dollars as text, integer or Decimal. Raises ValueError below one pico-dollar or if not finite."""
        pico = _finite(amount) * PICO_PER_USD
        if pico != pico.to_integral_value():
            raise ValueError(f"{amount} USD is finer than a pico-dollar (1e-12 USD)")
        return cls(int(pico))

    @property
    def as_usd(self) -> Decimal:
        """The amount in dollars, exact."""
        return Decimal(self.pico) / PICO_PER_USD

    def __add__(self, other: Self) -> Self:
        return type(self)(self.pico + other.pico)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.pico - other.pico)

    def __mul__(self, times: int) -> Self:
        return type(self)(self.pico * times)

    def __str__(self) -> str:
        """Plain decimal dollars without an exponent or trailing zeros: `0.0000013`."""
        whole, part = divmod(abs(self.pico), PICO_PER_USD)
        sign = "-" if self.pico < 0 else ""
        digits = f"{part:012d}".rstrip("0")
        return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


ZERO = Money(0)


def total(amounts: Iterable[Money | None]) -> Money | None:
    """The sum, or `None` as soon as one part is unknown: a partly known sum would read as a total."""
    pico = 0
    for amount in amounts:
        if amount is None:
            return None
        pico += amount.pico
    return Money(pico)


@dataclass(frozen=True, slots=True)
class Price:
    """What one token costs, by kind. A cache price that is not stated counts as the full input price."""

    input: Money
    """For one uncached input token."""
    output: Money
    """For one output token, reasoning included."""
    cache_read: Money | None = None
    """For one input token served from the provider's prompt cache."""
    cache_write: Money | None = None
    """For one input token written to the provider's prompt cache."""
    cache_write_1h: Money | None = None
    """The same for one that is kept for an hour; `None` is unknown where `cache_write` is stated."""
    origin: str = "config"
    """Where the figure comes from: `config`, or the catalogue's name and version."""

    @classmethod
    def per_million(
        cls,
        input_usd: str | Decimal,
        output_usd: str | Decimal,
        *,
        cache_read_usd: str | Decimal | None = None,
        cache_write_usd: str | Decimal | None = None,
        cache_write_1h_usd: str | Decimal | None = None,
        origin: str = "config",
    ) -> Self:
        """From dollars per million tokens. Raises ValueError below 0 or finer than 1e-6 USD per million."""
        return cls(
            input=_per_token(input_usd),
            output=_per_token(output_usd),
            cache_read=None if cache_read_usd is None else _per_token(cache_read_usd),
            cache_write=None if cache_write_usd is None else _per_token(cache_write_usd),
            cache_write_1h=None if cache_write_1h_usd is None else _per_token(cache_write_1h_usd),
            origin=origin,
        )


def _per_token(usd_per_million: str | Decimal) -> Money:
    amount = _finite(usd_per_million)
    if amount < 0:
        raise ValueError(f"a price cannot be negative, got {usd_per_million}")
    return Money.usd(amount / 1_000_000)


def _finite(amount: str | int | Decimal) -> Decimal:
    try:
        value = Decimal(amount)
    except InvalidOperation:
        raise ValueError(f"money is a number, got {amount!r}") from None
    if not value.is_finite():
        raise ValueError(f"money must be finite, got {amount!r}")
    return value
