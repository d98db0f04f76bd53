"""Marks of a person: e-mail address, phone number, bank account, payment card, US social security number."""

import re
from collections.abc import Iterator

from weighbridge.classify.checksums import IBAN_LENGTHS, is_card, is_iban
from weighbridge.classify.detection import Detection
from weighbridge.domain.patterns import linear_pattern

LONGEST_IBAN_WITH_SPACES = 42


def personal_marks_in(text: str) -> Iterator[Detection]:
    """The kinds found, some of them more than once."""
    if "@" in text and _EMAIL.search(text):
        yield Detection.EMAIL
    if _HAS_NUMBER.occurs_in(text):
        yield from _numbers_in(text)


_EMAIL = re.compile(
    r"@(?<=[A-Za-z0-9_%+-]@)(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,6}"
    r"(?!(?:png|jpe?g|gif|svg|webp)\b)[A-Za-z]{2,24}(?![A-Za-z0-9_@-]|:[\w/~])"
)
"""Not `git@host:path`, not `icon@2x.png`, not `package@1.2.3`."""

_HAS_NUMBER = linear_pattern(r"[0-9](?:[^0-9]{0,3}[0-9]){6}")
"""Seven digits close together: the least that any of the kinds below has. Each kind has a quick test of its own too."""

_HAS_CARD = linear_pattern(r"[0-9]{4}[ -]?(?:[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}|[0-9]{6}[ -]?[0-9]{5})")
_CARD = re.compile(
    r"(?<![\w.-])(?<![0-9] )(?:[0-9]{4}([ -]?)[0-9]{4}\1[0-9]{4}\1[0-9]{4}|[0-9]{4}([ -]?)[0-9]{6}\2[0-9]{5})"
    r"(?![\w-]|[ .][0-9])"
)
_HAS_SOCIAL_SECURITY = linear_pattern(r"[0-9]{3}-[0-9]{2}-[0-9]{4}")
_SOCIAL_SECURITY = re.compile(r"(?<![\w-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])")
_AREA = r"(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}-)"
_HAS_NORTH_AMERICAN = linear_pattern(_AREA + r"[2-9][0-9]{2}-[0-9]{4}")
_NORTH_AMERICAN = re.compile(rf"(?<![\w.+/-])(?:1[ .-])?{_AREA}[2-9][0-9]{{2}}-[0-9]{{4}}(?![\w-])")
_HAS_INTERNATIONAL = linear_pattern(r"\+[1-9](?:[ ()./-]{0,2}[0-9]){6}")
_INTERNATIONAL = re.compile(
    r"\+(?<![\w.+-]\+)[1-9][0-9]{0,2}[ .-]?(?:\([0-9]{1,4}\)[ .-]?)?[0-9](?:[ ./-]?[0-9]){5,12}(?!\w)"
)
_HAS_ANNOUNCED = linear_pattern(r"(?i)(?:phone|tel|mobil|cell|fax|whatsapp)[^0-9]{0,16}[0-9]")
_ANNOUNCED = re.compile(
    r"\b(?:phone|telephone|tel|mobile|cell|fax|telefon|mobil|whatsapp)\b\.?(?: (?:number|no\.?|nr\.?))?(?: is)?"
    r"[ :]{0,3}\+?\(?[0-9](?:[ ()./-]{0,2}[0-9]){6,13}(?!\w)",
    re.IGNORECASE,
)
_HAS_IBAN = linear_pattern(r"[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}")
_IBAN_START = re.compile(r"[A-Z]{2}(?<![A-Za-z0-9]..)[0-9]{2}")


def _numbers_in(text: str) -> Iterator[Detection]:
    if _HAS_CARD.occurs_in(text) and any(is_card(_digits(match[0])) for match in _CARD.finditer(text)):
        yield Detection.PAYMENT_CARD
    if _HAS_SOCIAL_SECURITY.occurs_in(text) and _SOCIAL_SECURITY.search(text):
        yield Detection.SOCIAL_SECURITY
    if _is_phone_in(text):
        yield Detection.PHONE
    if _HAS_IBAN.occurs_in(text) and any(_is_iban_at(text, match.start()) for match in _IBAN_START.finditer(text)):
        yield Detection.BANK_ACCOUNT


def _is_phone_in(text: str) -> bool:
    return bool(
        (_HAS_NORTH_AMERICAN.occurs_in(text) and _NORTH_AMERICAN.search(text))
        or (_HAS_INTERNATIONAL.occurs_in(text) and any(_is_dialled(m[0]) for m in _INTERNATIONAL.finditer(text)))
        or (_HAS_ANNOUNCED.occurs_in(text) and _ANNOUNCED.search(text))
    )


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _is_dialled(text: str) -> bool:
    """E.164 has at most 15 digits, area codes of +1 begin with 2 to 9, and round numbers are amounts."""
    digits = _digits(text)
    return 9 <= len(digits) <= 15 and digits[:2] not in {"10", "11"} and not digits.endswith("00000")


def _is_iban_at(text: str, start: int) -> bool:
    length = IBAN_LENGTHS.get(text[start : start + 2], 0)
    packed = text[start : start + LONGEST_IBAN_WITH_SPACES].replace(" ", "")
    return length > 0 and is_iban(packed[:length]) and not packed[length : length + 1].isdigit()
