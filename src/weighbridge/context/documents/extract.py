"""What every format comes down to: one text, and the stretches of it that belong together."""

from dataclasses import dataclass, field

from weighbridge.domain.errors import UnreadableDocumentError


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list, table or page of the text, with the headings above it."""

    start: int
    """Where it begins, in characters."""
    end: int
    """Where it ends."""
    heading: tuple[str, ...] = ()
    """Outermost first."""
    section: int = 0
    """Blocks under one and the same heading have one number."""


@dataclass(frozen=True, slots=True)
class Extract:
    """A document as text."""

    text: str
    """All of it; offsets count in this text."""
    blocks: tuple[Block, ...]
    """In order, not overlapping. What is in no block (headings, front matter) is not searched by itself."""
    title: str | None = None
    """What it calls itself."""
    stated: dict[str, object] = field(default_factory=dict)
    """Labels that it states itself, not yet checked."""


class TextBuilder:
    """Puts a text together, block by block, under headings that open and close."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0
        self._blocks: list[Block] = []
        self._headings: list[tuple[int, str]] = []
        self._section = 0
        self.title: str | None = None
        """The first heading of the first level."""

    def heading(self, level: int, text: str) -> None:
        """A heading; it closes those of its level and below."""
        words = " ".join(text.split())
        if not words:
            return
        if self.title is None and level == 1:
            self.title = words
        self._headings = [item for item in self._headings if item[0] < level]
        self._headings.append((level, words))
        self._section += 1
        self._append(words)

    def block(self, text: str) -> None:
        """A stretch of text under the headings so far."""
        plain = text.strip()
        if plain:
            start = self._append(plain)
            self._blocks.append(
                Block(start, start + len(plain), tuple(words for _, words in self._headings), self._section)
            )

    def extract(self) -> Extract:
        """The whole."""
        return Extract("".join(self._parts), tuple(self._blocks), self.title)

    def _append(self, text: str) -> int:
        start = self._size
        self._parts.append(text + "\n\n")
        self._size += len(text) + 2
        return start


def unreadable(condition: str, advice: str) -> UnreadableDocumentError:
    """The error of a document that cannot be used."""
    return UnreadableDocumentError(condition, advice=advice)
