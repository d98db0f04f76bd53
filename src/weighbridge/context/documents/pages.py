"""HTML: what a reader of the page would read, under its headings."""

from selectolax.lexbor import LexborHTMLParser, LexborNode

from weighbridge.context.documents.extract import Extract, TextBuilder, unreadable

UNREAD = (
    "script, style, noscript, template, nav, header, footer, aside, form, svg, iframe, [hidden], [aria-hidden=true]"
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}
BLOCKS = frozenset({"p", "li", "pre", "blockquote", "td", "th", "dt", "dd", "figcaption", "caption"})
ROWS = frozenset({"tr"})
STRUCTURE = BLOCKS | ROWS | HEADINGS.keys()
_WANTED = ", ".join(sorted(STRUCTURE))
DEEPEST = 200


def read_html(raw: str) -> Extract:
    """Headings, paragraphs, list items and table rows; text outside of them is a block of its own."""
    tree = LexborHTMLParser(raw)
    title = tree.css_first("title")
    for node in tree.css(UNREAD):
        node.decompose()
    root = tree.css_first("main") or tree.body
    if root is None:
        raise unreadable("It is not HTML.", "Give it another name, or another form.")
    builder = TextBuilder()
    _walk(root, builder, 0)
    found = builder.extract()
    named = found.title or (" ".join(title.text().split()) if title is not None else None)
    return Extract(found.text, found.blocks, named or None)


def _walk(node: LexborNode, builder: TextBuilder, depth: int) -> None:
    if depth > DEEPEST:
        raise unreadable(f"Its elements are nested more than {DEEPEST} deep.", "Give it a simpler form.")
    loose: list[str] = []
    for child in node.iter(include_text=True):
        if _is_or_holds_blocks(child):
            builder.block(" ".join("".join(loose).split()))
            loose.clear()
            _of_element(child, builder, depth)
        else:
            loose.append(child.text(deep=True))
    builder.block(" ".join("".join(loose).split()))


def _of_element(node: LexborNode, builder: TextBuilder, depth: int) -> None:
    tag = node.tag or ""
    if tag in HEADINGS:
        builder.heading(HEADINGS[tag], node.text(deep=True))
    elif tag in ROWS:
        builder.block(" | ".join(" ".join(cell.text(deep=True).split()) for cell in node.iter()))
    elif tag == "pre":
        builder.block(node.text(deep=True))
    elif tag in BLOCKS and not _holds_blocks(node):
        builder.block(" ".join(node.text(deep=True, separator=" ").split()))
    else:
        _walk(node, builder, depth + 1)


def _is_or_holds_blocks(node: LexborNode) -> bool:
    tag = node.tag or ""
    return tag in STRUCTURE or (tag != "-text" and _holds_blocks(node))


def _holds_blocks(node: LexborNode) -> bool:
    return any(found != node for found in node.css(_WANTED))
