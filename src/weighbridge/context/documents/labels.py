"""What a document, a manifest or a command says of a source, checked."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

from weighbridge.context.documents.extract import unreadable
from weighbridge.domain.levels import Sensitivity
from weighbridge.domain.material import Authority, Labels

LONGEST_CHARS = 300
MOST_NAMES = 100
UNLABELLING = frozenset({"title", "url", "description", "tags", "author", "layout", "lang"})
"""Other common keys of front matter, which label nothing here."""


def read_labels(stated: Mapping[str, object]) -> dict[str, Any]:
    """The fields of `Labels` that are stated. Raises UnreadableDocumentError for a key or value that is none."""
    fields: dict[str, Any] = {}
    for key, value in stated.items():
        if key in UNLABELLING or value is None:
            continue
        read = _READERS.get(key)
        if read is None:
            raise _unknown(key)
        fields |= read(key, value)
    _require_order(fields)
    return fields


def labels_of(*statements: Mapping[str, object]) -> Labels:
    """The labels that several say together, the last one having the last word."""
    fields: dict[str, Any] = {}
    for stated in statements:
        fields |= read_labels(stated)
    _require_order(fields)
    return Labels(**fields)


def _require_order(fields: Mapping[str, Any]) -> None:
    first, last = fields.get("effective_from"), fields.get("effective_until")
    if first is not None and last is not None and last < first:
        raise unreadable("It ends to be effective before it begins.", "Correct effective_from or effective_until.")


def _unknown(key: str) -> Exception:
    near = get_close_matches(key, _READERS, n=1, cutoff=0.6)
    advice = f"Did you mean `{near[0]}`?" if near else f"Labels are {', '.join(_READERS)}."
    return unreadable(f"There is no label {key[:40]!r}.", advice)


def _level(kind: type[Authority] | type[Sensitivity]) -> Callable[[str, object], dict[str, Any]]:
    def read(key: str, value: object) -> dict[str, Any]:
        text = str(value).strip().replace(" ", "_")
        if text not in set(kind):
            raise unreadable(f"`{key}` is {str(value)[:40]!r}.", f"It is one of {', '.join(kind)}.")
        return {key: kind(text)}

    return read


def _date(key: str, value: object) -> dict[str, Any]:
    return {key: _as_date(key, value)}


def _as_date(key: str, value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        raise unreadable(f"`{key}` is {str(value)[:40]!r}.", "Write a date such as 2026-03-12.") from None


def _deprecated(key: str, value: object) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"is_deprecated": value}
    return {"is_deprecated": True, "deprecated_on": _as_date(key, value)}


def _text(key: str, value: object) -> dict[str, Any]:
    text = " ".join(str(value).split())
    if isinstance(value, dict | list) or not 0 < len(text) <= LONGEST_CHARS:
        raise unreadable(f"`{key}` is no short text.", f"Write 1 to {LONGEST_CHARS} characters.")
    return {key: text}


def _names(key: str, value: object) -> dict[str, Any]:
    names = value if isinstance(value, list) else [value]
    if len(names) > MOST_NAMES:
        raise unreadable(f"`{key}` names more than {MOST_NAMES}.", "Name fewer.")
    return {key: tuple(_text(key, name)[key] for name in names)}


_READERS: Mapping[str, Callable[[str, object], dict[str, Any]]] = {
    "authority": _level(Authority),
    "deprecated": _deprecated,
    "updated": _date,
    "effective_from": _date,
    "effective_until": _date,
    "supersedes": _names,
    "topic": _text,
    "sensitivity": _level(Sensitivity),
    "owner": _text,
    "readers": _names,
}
"""Label → how it is read."""
LABELS = tuple(_READERS)
