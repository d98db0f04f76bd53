"""An operator's own check on answers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from weighbridge.domain.material import Source


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What a check may look at beside the answer."""

    task: str
    """The task's name."""
    asked: str
    """Everything that the caller sent."""
    sources: tuple[Source, ...]
    """The sources that came along."""


Check = Callable[[str, CheckContext], str | Iterable[str] | None]
"""Takes the answer's text; gives what is wrong with it, in sentences that a model can act on, or `None`."""
