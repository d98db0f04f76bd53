"""A search in the sources."""

from dataclasses import dataclass
from datetime import date

from weighbridge.domain.levels import Sensitivity
from weighbridge.domain.vectors import Near


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, and what may be found."""

    question: str
    """In the asker's words."""
    collections: tuple[str, ...]
    """Where; empty: everywhere."""
    today: date
    """Says which documents have taken the place of others."""
    most_sensitive: Sensitivity = Sensitivity.RESTRICTED
    """Documents of a stricter level are not found."""
    reader: str | None = None
    """The key in whose name is asked: documents for others are not found. `None`: whoever runs the gateway."""
    before: str = ""
    """What was asked before, where the question says little by itself: it counts half."""
    near: Near | None = None
    """The question as a vector; `None`: only its words are looked for."""
    enough: float = 0.3
    """A passage that holds less of the question's words takes no place among those that its words find."""
    limit: int = 40
    """At most so many passages."""
