"""Check digits: what tells a card or account number from any other row of digits."""

_COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FI FO GL NL",
    19: "MK SI",
    20: "AT BA EE KZ LT LU XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU",
    31: "MT SC",
    32: "LC",
}
IBAN_LENGTHS = {country: length for length, countries in _COUNTRIES.items() for country in countries.split()}
"""Country → number of characters (SWIFT IBAN registry, ISO 13616)."""


def is_iban(text: str) -> bool:
    """True for a right length and a right ISO 7064 mod-97 check; `text` has no spaces, capital letters only."""
    if IBAN_LENGTHS.get(text[:2]) != len(text) or not (text.isascii() and text.isalnum()):
        return False
    return int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1


def is_luhn(digits: str) -> bool:
    """True when the last digit is the right check digit of the others (ISO/IEC 7812-1)."""
    total = sum(int(digit) for digit in digits[-1::-2])
    total += sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """True for a number of 15 or 16 digits that an issuer's range and the Luhn check both accept."""
    return _is_issued(digits) and is_luhn(digits)


def _is_issued(digits: str) -> bool:
    if len(digits) == 15:
        return digits[:2] in {"34", "37"}
    begin = int(digits[:4])
    return len(digits) == 16 and (
        4000 <= begin <= 4999
        or 5100 <= begin <= 5599
        or 2221 <= begin <= 2720
        or begin == 6011
        or 6440 <= begin <= 6599
        or 3528 <= begin <= 3589
    )
