"""A model or host that is left alone for a while, as gateways tell each other."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rest:
    """What one gateway found out about a model on its host, or about a host with all its models."""

    host: str
    """Which host."""
    model: str | None
    """Which model there; `None` for all."""
    wait_s: float
    """Seconds for which nobody calls it."""
    is_open: bool = True
    """It failed, and one call tries it before others follow. False: it only asked to wait."""
