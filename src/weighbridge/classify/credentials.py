"""What opens something: keys with a known beginning, signed tokens, private keys, passwords that are given as such."""

import re
from collections.abc import Iterator

from weighbridge.classify.detection import Detection
from weighbridge.domain.patterns import linear_pattern


def credentials_in(text: str) -> Iterator[Detection]:
    """The kinds found."""
    if not _HAS_MARK.occurs_in(text):
        return
    yield from (kind for kind, pattern in _CERTAIN.items() if pattern.occurs_in(text))
    if _HAS_KEY.occurs_in(text) and any(_is_random(match[0]) for match in _KEY.finditer(text)):
        yield Detection.API_KEY
    if _HAS_NAMED.occurs_in(text) and any(_is_chosen(match[1]) for match in _NAMED.finditer(text)):
        yield Detection.LOGIN
    if _HAS_IN_URL.occurs_in(text) and any(_is_chosen(match[1]) for match in _IN_URL.finditer(text)):
        yield Detection.LOGIN


_HAS_MARK = linear_pattern(
    r"A[KS]IA[A-Z0-9]|gh[pousr]_|github_pat_|sk-[A-Za-z0-9]|xox[a-z]-|AIza|[rs]k_(?:live|test)_|eyJ|PRIVATE KEY-----"
    r"|://[^/@\s]*@|(?i:(?:passw(?:or)?d|passphrase|pwd|key|secret|token)[\"' ]{0,3}[=:])"
)
"""What at least one of the kinds below needs; most texts have none of it."""

_CERTAIN = {
    Detection.CLOUD_KEY: linear_pattern(r"(?:^|[^A-Za-z0-9])A[KS]IA[A-Z0-9]{16}(?:$|[^A-Za-z0-9])"),
    Detection.REPOSITORY_KEY: linear_pattern(r"gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22}"),
    Detection.API_KEY: linear_pattern(r"AIza[0-9A-Za-z_-]{35}|[rs]k_(?:live|test)_[0-9A-Za-z]{16}"),
    Detection.SIGNED_CLAIM: linear_pattern(
        r"(?:^|[^A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10}"
    ),
    Detection.PRIVATE_KEY: linear_pattern(r"-----BEGIN (?:[A-Z]{2,9} ){0,3}PRIVATE KEY-----"),
}
"""Kinds whose form alone is proof."""

_HAS_KEY = linear_pattern(r"(?:sk-|xox[abeoprs]-)[A-Za-z0-9_-]{16}")
_KEY = re.compile(r"(?:sk-(?<![A-Za-z0-9_-]...)|xox[abeoprs]-)[A-Za-z0-9_-]{16,250}")

_NAME = r"(?:passw(?:or)?d|passphrase|pwd|(?:api|secret)[_ -]?key|client[_ -]?secret|(?:access|auth)[_ -]?token)"
_IS = r"[\"']?\s{0,2}[:=]\s{0,2}[\"']?"
_HAS_NAMED = linear_pattern(f"(?i){_NAME}{_IS}[^\\s\"',;]{{6}}")
_NAMED = re.compile(f"{_NAME}{_IS}([^\\s\"',;]{{6,200}})", re.IGNORECASE)
"""A value that is called a password or key."""

_HAS_IN_URL = linear_pattern(r"://[^\s/:@]{0,64}:[^\s/:@]{6,128}@")
_IN_URL = re.compile(r"://[^\s/:@]{0,64}:([^\s/:@]{6,128})@")
"""A value that stands where a URL has its password."""

_NOT_REAL = re.compile(r"[$<>{}()\[\]*%]|x{3}|\.\.\.|your|example|placeholder|changeme|redacted", re.IGNORECASE)
"""A placeholder, or code that reads the value from elsewhere."""


def _is_chosen(value: str) -> bool:
    has_both = any(char.isdigit() for char in value) and any(char.isalpha() for char in value)
    return has_both and not _NOT_REAL.search(value)


def _is_random(key: str) -> bool:
    """Class names such as `sk-cube-grid-animation` have short parts; keys have a long one with a digit in it."""
    return any(len(part) >= 12 and any(char.isdigit() for char in part) for part in key.split("-")[1:])
