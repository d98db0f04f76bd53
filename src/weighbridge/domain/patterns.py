"""Regular expressions that stay fast on any text, because policy patterns meet text that strangers wrote."""

from dataclasses import dataclass, field
from functools import lru_cache

from jsonschema_rs import RegexOptions, Validator, validator_for

LONGEST_PATTERN_CHARS = 2_000
LARGEST_COMPILED_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class LinearPattern:
    """A pattern that is searched in time linear in the text (a finite automaton, so no back-tracking)."""

    text: str
    """As it stands in the config: ECMA 262 syntax without look-around and back-references, `(?i)` allowed."""
    _validator: Validator = field(repr=False, compare=False)

    def occurs_in(self, text: str) -> bool:
        """True when some part of `text` matches; anchor with `^` and `$` to mean the whole."""
        try:
            return self._validator.is_valid(text)
        except UnicodeEncodeError:  # a lone surrogate, which no parser lets in but a caller in Python can write
            return self._validator.is_valid(text.encode(errors="replace").decode())


@lru_cache(maxsize=1024)
def linear_pattern(text: str) -> LinearPattern:
    """Compile once for each text. Raises ValueError for what is not a pattern of this kind, or too large a one."""
    if len(text) > LONGEST_PATTERN_CHARS:
        raise ValueError(f"a pattern has at most {LONGEST_PATTERN_CHARS} characters")
    options = RegexOptions(size_limit=LARGEST_COMPILED_BYTES)
    try:
        return LinearPattern(text, validator_for({"pattern": text}, pattern_options=options))
    except ValueError as error:
        raise ValueError(
            "not a regular expression in linear-time syntax (no look-around, no back-references)"
        ) from error
