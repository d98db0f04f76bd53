"""Plain text and Markdown. Their text stays as it is, so that offsets point into the file."""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from weighbridge.context.documents.extract import Block, Extract
from weighbridge.context.documents.front_matter import split_front_matter

_PARAGRAPH = re.compile(r"\S[^\n]*(?:\n(?![ \t]*\n)[^\n]*)*")
_PARSER = MarkdownIt("commonmark").enable("table")


def read_text(raw: str) -> Extract:
    """Paragraphs between empty lines."""
    stated, begin = split_front_matter(raw)
    blocks = tuple(
        Block(match.start(), match.start() + len(match[0].rstrip())) for match in _PARAGRAPH.finditer(raw, begin)
    )
    return Extract(raw, blocks, stated=stated)


def read_markdown(raw: str) -> Extract:
    """CommonMark with tables: its top-level blocks, under its headings."""
    stated, begin = split_front_matter(raw)
    body = raw[begin:]
    starts = _line_starts(body)
    title: str | None = None
    blocks: list[Block] = []
    above: list[tuple[int, str]] = []
    section = 0
    tokens = _PARSER.parse(body)
    for number, token in _top_level(tokens):
        if token.type == "heading_open":
            level, words = int(token.tag[1]), " ".join(tokens[number + 1].content.split())
            title = words if title is None and level == 1 else title
            above = [*(item for item in above if item[0] < level), (level, words)]
            section += 1
        elif token.map is not None:
            first, last = begin + starts[token.map[0]], begin + starts[token.map[1]]
            text = raw[first:last]
            end = first + len(text.rstrip())
            blocks.append(Block(end - len(text.strip()), end, tuple(words for _, words in above), section))
    return Extract(raw, tuple(block for block in blocks if block.end > block.start), title, stated)


def _top_level(tokens: list[Token]) -> Iterator[tuple[int, Token]]:
    for number, token in enumerate(tokens):
        is_opening = token.nesting == 1 or (token.nesting == 0 and token.type in {"fence", "code_block", "html_block"})
        if token.level == 0 and is_opening:
            yield number, token


def _line_starts(text: str) -> list[int]:
    starts = [0]
    starts.extend(match.end() for match in re.finditer(r"\r\n|\n|\r", text))
    return [*starts, len(text)]
