"""What an answer may draw on, and what it is judged against beside its contract."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from weighbridge.domain.levels import Sensitivity


class Authority(StrEnum):
    """How far a source may be believed, least first. One that states nothing is `supporting`."""

    NOT_AUTHORITATIVE = "not_authoritative"
    SUPPORTING = "supporting"
    AUTHORITATIVE = "authoritative"

    rank: int
    """0 for not authoritative up to 2."""


for _rank, _level in enumerate(Authority):
    _level.rank = _rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What is known of a source beside its text. `None` is not known."""

    authority: Authority = Authority.SUPPORTING
    """How far it may be believed."""
    is_deprecated: bool = False
    """It is shown to be recognised as out of date, and may not be cited."""
    deprecated_on: date | None = None
    """Since when."""
    updated: date | None = None
    """When it was last changed."""
    effective_from: date | None = None
    """The first day on which it holds."""
    effective_until: date | None = None
    """The last day on which it holds."""
    supersedes: tuple[str, ...] = ()
    """Ids of documents, or of passages, that it takes the place of."""
    topic: str | None = None
    """What it lays down: of two sources with one topic the newer is the current one."""
    sensitivity: Sensitivity | None = None
    """How far it may travel; unknown is `internal`."""
    owner: str | None = None
    """Who answers for it."""
    readers: tuple[str, ...] = ()
    """Names of the keys that may get it; empty for all."""

    @property
    def dated(self) -> date | None:
        """The day that says which of two is newer."""
        return self.effective_from or self.updated


@dataclass(frozen=True, slots=True)
class Source(Labels):
    """A document, or a passage of one, that the answer may draw on."""

    id: str
    """What the answer cites: letters, digits and `_.:/-`."""
    text: str
    """What it says."""
    heading: tuple[str, ...] = ()
    """The headings above a passage, outermost first."""
    document: str | None = None
    """The id of the document that it is a passage of; `None` where it stands for itself."""
    url: str | None = None
    """Where people find it."""
    fetched_at: str | None = None
    """For what a tool answered: when (RFC 3339, UTC)."""
    superseded_by: tuple[str, ...] = ()
    """Ids of documents that have taken its place."""
    relevance: float | None = None
    """How much of what is asked it holds, from 0 to 1; `None` where nobody searched for it."""
    similarity: float | None = None
    """Cosine of its vector and the question's, from -1 to 1; `None` where these were not compared."""
    score: float | None = None
    """What the model says that ranked it, on its own scale; `None` where none did."""


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
