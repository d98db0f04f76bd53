"""What validation found in an answer."""

from dataclasses import dataclass
from enum import StrEnum


class FindingCode(StrEnum):
    """What is wrong with an answer."""

    EMPTY = "empty"
    LABEL_NOT_ALLOWED = "label_not_allowed"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TRUNCATED = "truncated"
    NOT_JSON = "not_json"
    SCHEMA_MISMATCH = "schema_mismatch"
    FIELD_MISSING = "field_missing"
    PATTERN_MISMATCH = "pattern_mismatch"
    REFUSED = "refused"
    ESCALATION_RULE = "escalation_rule"
    CONFIDENCE_UNKNOWN = "confidence_unknown"


class VerdictStatus(StrEnum):
    """The verdict in one word."""

    VALID = "valid"
    INVALID = "invalid"
    REFUSED = "refused"
    UNCHECKED = "unchecked"


class ConfidenceKind(StrEnum):
    """What a confidence is made of. Numbers of different kinds cannot be compared."""

    MEAN_PROBABILITY = "mean_probability"
    """Geometric mean of the answer's token probabilities."""
    LABEL_PROBABILITY = "label_probability"
    """Probability of the whole label: the product of its tokens' probabilities."""
    AGREEMENT = "agreement"
    """Share of several samples that say the same."""
    VERIFIER = "verifier"
    """Another model's own figure for how sure it is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or worth knowing."""

    code: FindingCode
    """What kind."""
    message: str
    """One sentence that a repair prompt or a person can act on; quotes at most a few words of the answer."""
    place: str = ""
    """Where: a JSON pointer, or empty for the whole answer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of the validate stage."""

    status: VerdictStatus
    """Valid, invalid, refused by the model, or unchecked (nothing came back to check)."""
    findings: tuple[Finding, ...] = ()
    """Why; may be non-empty on a valid answer when a finding is only worth knowing."""
    confidence: float | None = None
    """How sure the answer is, 0 to 1; `None` when that is unknown."""
    confidence_kind: ConfidenceKind | None = None
    """What that number is; `None` together with it."""

    @property
    def is_valid(self) -> bool:
        """May be given to the caller."""
        return self.status is VerdictStatus.VALID
