"""The closest valid name for one that is not."""

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST_COMPARED = 64
MOST_SHOWN = 12
SYNONYMS = {
    "api_key": "credential",
    "key": "credential",
    "token": "credential",
    "url": "base_url",
    "endpoint": "base_url",
    "api_base": "base_url",
    "model": "upstream_name",
    "fallback": "fallback_model",
    "fallbacks": "fallback_model",
    "primary": "primary_model",
    "risk": "risk_level",
    "prompt": "instructions",
    "system": "instructions",
    "context_window": "context_window_tokens",
    "max_tokens": "max_output_tokens",
    "classify": "recognise",
    "recognize": "recognise",
    "providers": "hosts",
}
"""What other tools call a thing → what it is called here."""


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """The most similar valid name, or what another tool's name means here; `None` when nothing is close."""
    names = [str(valid_name) for valid_name in valid]
    shown = name[:LONGEST_COMPARED]
    if SYNONYMS.get(shown) in names:
        return SYNONYMS[shown]
    folded = {valid_name.lower(): valid_name for valid_name in names}
    found = get_close_matches(shown.lower().replace("-", "_"), folded, n=1) or get_close_matches(
        shown.lower(), folded, n=1
    )
    return folded[found[0]] if found else None


def one_of(what: str, valid: Iterable[str]) -> str:
    """`one of the models a, b` for messages; says so when there is none."""
    names = list(valid)
    if not names:
        return f"one of the {what}, of which none is declared"
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return f"one of the {what} {', '.join(names[:MOST_SHOWN])}{more}"
