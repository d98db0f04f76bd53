"""Declared words and phrases, searched in one pass."""

import re
from functools import lru_cache

from weighbridge.domain.patterns import LinearPattern, linear_pattern

WORDS_PER_PATTERN = 40


def has_keyword(text: str, keywords: tuple[str, ...]) -> bool:
    """True when any of the words or phrases stands in `text` as a whole, in any case; spaces match any white space."""
    return any(pattern.occurs_in(text) for pattern in _patterns(keywords))


@lru_cache(maxsize=1024)
def _patterns(keywords: tuple[str, ...]) -> tuple[LinearPattern, ...]:
    wanted = [_quoted(keyword) for keyword in keywords if keyword.strip()]
    chunks = [wanted[start : start + WORDS_PER_PATTERN] for start in range(0, len(wanted), WORDS_PER_PATTERN)]
    return tuple(
        linear_pattern(rf"(?i)(?:^|[^\p{{L}}\p{{N}}_])(?:{'|'.join(chunk)})(?:$|[^\p{{L}}\p{{N}}_])")
        for chunk in chunks
    )


def _quoted(keyword: str) -> str:
    return r"\s+".join(re.escape(word) for word in keyword.split())
