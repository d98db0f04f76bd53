"""Labels at the head of a text: YAML between two lines of three hyphens."""

import re

import yaml

from weighbridge.context.documents.extract import unreadable

_FENCED = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
LARGEST_CHARS = 16_384
"""A longer head is no list of labels."""


def split_front_matter(raw: str) -> tuple[dict[str, object], int]:
    """The labels and where the text begins. Raises UnreadableDocumentError for a head that is no mapping."""
    found = _FENCED.match(raw, 0, LARGEST_CHARS)
    if found is None:
        return {}, 0
    try:
        stated = yaml.load(found[1], Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise unreadable("Its front matter is not YAML.", "Correct the lines between the two `---`.") from None
    if stated is None:
        return {}, found.end()
    if not isinstance(stated, dict):
        return {}, 0  # two rulers around a paragraph, not labels
    return {str(key): value for key, value in stated.items()}, found.end()
