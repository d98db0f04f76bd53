"""What an answer is judged against beside its contract."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """A document that the answer may draw on."""

    id: str
    """What the answer cites: letters, digits and `_.:/-`."""
    text: str
    """What it says."""
    is_deprecated: bool = False
    """It is shown to be recognised as out of date, and may not be cited."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The kinds of secrets and of personal data in a text, by the names that people read."""

    secrets: frozenset[str] = frozenset()
    """Such as `API key`."""
    personal: frozenset[str] = frozenset()
    """Such as `e-mail address`."""


def _no_marks(text: str) -> Marks:
    del text
    return Marks()


@dataclass(frozen=True, slots=True)
class Material:
    """What was put before the model, as far as checks need it."""

    instructions: str = ""
    """The task's own instructions, which are not for the caller."""
    asked: str = ""
    """Everything that the caller sent."""
    sources: tuple[Source, ...] = ()
    """What may be cited."""
    find_marks: Callable[[str], Marks] = _no_marks
    """Looks for secrets and personal data."""


NOTHING = Material()
