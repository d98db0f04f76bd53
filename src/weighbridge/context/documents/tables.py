"""CSV and JSON: rows and entries, each with its names beside its values, so that a passage makes sense by itself."""

import csv
import io
from collections.abc import Iterator

import jiter

from weighbridge.context.documents.extract import Extract, TextBuilder, unreadable

ROWS_TOGETHER = 20
LARGEST_FIELD_CHARS = 131_072


def read_csv(raw: str) -> Extract:
    """The first row names the columns; the others are read in groups."""
    text = raw.removeprefix("\ufeff")
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:8_192], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    builder = TextBuilder()
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), dialect))
    except csv.Error as error:
        raise unreadable(f"It is not CSV: {error}.", "Check its quotes and separators.") from None
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    if len(filled) < 2:
        raise unreadable("It has no rows below its column names.", "Add a table with a heading row.")
    names = [cell.strip() or f"column {number}" for number, cell in enumerate(filled[0], 1)]
    for first in range(1, len(filled), ROWS_TOGETHER):
        group = filled[first : first + ROWS_TOGETHER]
        builder.heading(2, f"Rows {first}-{first + len(group) - 1}")
        builder.block("\n".join(_row(names, row) for row in group))
    return builder.extract()


def _row(names: list[str], row: list[str]) -> str:
    named = [*names, *(f"column {number}" for number in range(len(names) + 1, len(row) + 1))]
    return "; ".join(
        f"{name}: {' '.join(cell.split())}" for name, cell in zip(named, row, strict=False) if cell.strip()
    )


def read_json(body: bytes) -> Extract:
    """Each entry of the outermost object or list is a block of `path: value` lines."""
    try:
        value = jiter.from_json(body, allow_inf_nan=False)
    except ValueError:
        raise unreadable("It is not JSON.", "Check it with a JSON parser.") from None
    builder = TextBuilder()
    for name, item in _entries(value):
        builder.heading(2, name)
        builder.block("\n".join(_lines(item, "")))
    found = builder.extract()
    title = value.get("title") if isinstance(value, dict) else None
    return Extract(found.text, found.blocks, title if isinstance(title, str) and title.strip() else None)


def _entries(value: object) -> Iterator[tuple[str, object]]:
    match value:
        case dict():
            yield from ((str(name), item) for name, item in value.items())
        case list():
            yield from ((_name_of(item) or f"Entry {number}", item) for number, item in enumerate(value, 1))
        case _:
            yield "value", value


def _name_of(item: object) -> str | None:
    """What an entry of a list calls itself."""
    if not isinstance(item, dict):
        return None
    names = (item.get(key) for key in ("id", "name", "title", "key"))
    return next((str(name) for name in names if isinstance(name, str | int) and str(name).strip()), None)


def _lines(value: object, path: str) -> Iterator[str]:
    match value:
        case dict():
            for name, item in value.items():
                yield from _lines(item, f"{path}.{name}" if path else str(name))
        case list():
            for number, item in enumerate(value, 1):
                yield from _lines(item, f"{path}[{number}]")
        case None:
            return
        case bool():
            yield f"{path}: {'yes' if value else 'no'}" if path else str(value)
        case _:
            yield f"{path}: {value}" if path else str(value)
