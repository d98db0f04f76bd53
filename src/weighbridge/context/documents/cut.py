"""`cut`: a text into passages, along its own structure."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby

from weighbridge.context.documents.extract import Block, Extract
from weighbridge.domain.document import Passage

MOST_CHARS = 1_200
"""A passage ends before it gets longer: about 200 words, a few hundred tokens."""
_BREAKS = (re.compile(r"\n+"), re.compile(r"(?<=[.!?;。！？])\s+"), re.compile(r"\s+"))  # noqa: RUF001 (full stops of other scripts)
"""Where a block that is too long is cut: between lines, else sentences, else words, else anywhere."""
LONGEST_NAME = 48


def cut(extract: Extract, document: str) -> tuple[Passage, ...]:
    """Passages of at most 1,200 characters, none across a heading.

    Each is named after the heading above it, and numbered where a heading has several or stands twice: so a name stays
    the same while other parts of the document change.
    """
    taken: dict[str, int] = {}
    passages = []
    for (_, heading), blocks in groupby(extract.blocks, key=lambda block: (block.section, block.heading)):
        name = _slug(heading[-1]) if heading else ""
        for start, end in _spans(extract.text, list(blocks)):
            taken[name] = taken.get(name, 0) + 1
            number = taken[name]
            part = name if name and number == 1 else f"{name}-{number}" if name else str(number)
            passages.append(Passage(f"{document}:{part}", heading, start, end, extract.text[start:end]))
    return tuple(passages)


def _spans(text: str, blocks: Sequence[Block]) -> Iterator[tuple[int, int]]:
    """Neighbouring blocks together, as far as they fit."""
    start = end = blocks[0].start
    for block in blocks:
        for first, last in _pieces(text, block.start, block.end, 0):
            if last - start > MOST_CHARS and end > start:
                yield start, end
                start = first
            end = last
    yield start, end


def _pieces(text: str, start: int, end: int, level: int) -> Iterator[tuple[int, int]]:
    if end - start <= MOST_CHARS:
        yield start, end
    elif level == len(_BREAKS):
        yield from ((at, min(at + MOST_CHARS, end)) for at in range(start, end, MOST_CHARS))
    else:
        at = start
        for found in _BREAKS[level].finditer(text, start, end):
            if found.start() > at:
                yield from _pieces(text, at, found.start(), level + 1)
            at = found.end()
        if at < end:
            yield from _pieces(text, at, end, level + 1)


def _slug(heading: str) -> str:
    """A heading as letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_NAME].strip("-")
    return words if words and not words.isdigit() else f"part-{words}".strip("-")
