"""What becomes of a request's wishes at a host that speaks another format."""

from dataclasses import dataclass
from enum import StrEnum

from weighbridge.domain.errors import InvalidFieldError


class OnUnknown(StrEnum):
    """What happens to a field that the caller's own format does not have."""

    PASS = "pass"  # noqa: S105 (a policy, not a password)
    """It goes on to hosts of that format."""
    WARN = "warn"
    """The same, and the caller is told."""
    REJECT = "reject"
    """The request is refused."""


class OnForeign(StrEnum):
    """What happens to a wish that a host's format has no place for."""

    REFUSE = "refuse"
    """That host does not serve the request."""
    WARN = "warn"
    """It is left out, and the caller is told."""


@dataclass(frozen=True, slots=True)
class ParameterRule:
    """How a task treats what not every host can be told."""

    unknown: OnUnknown = OnUnknown.PASS
    """Fields that nobody knows."""
    foreign: OnForeign = OnForeign.REFUSE
    """Wishes that are known, and have no place there."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A request held against one model's host."""

    refusal: InvalidFieldError | None = None
    """Why the host cannot be told what is asked; `None`: it can."""
    left_out: tuple[str, ...] = ()
    """Fields that it is not told, and that the caller hears of."""


FITS = Fit()
"""Everything is carried."""
STRICT = ParameterRule()
"""What holds where nothing is stated."""
