"""What validation found in an answer."""

from dataclasses import dataclass
from enum import StrEnum


class FindingCode(StrEnum):
    """What is wrong with an answer."""

    EMPTY = "empty"
    VECTORS_MISSING = "vectors_missing"
    SCORES_MISSING = "scores_missing"
    LABEL_NOT_ALLOWED = "label_not_allowed"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TRUNCATED = "truncated"
    NOT_JSON = "not_json"
    SCHEMA_MISMATCH = "schema_mismatch"
    FIELD_MISSING = "field_missing"
    PATTERN_MISMATCH = "pattern_mismatch"
    WRONG_LANGUAGE = "wrong_language"
    CITATION_MISSING = "citation_missing"
    CITATION_UNKNOWN = "citation_unknown"
    CITATION_DEPRECATED = "citation_deprecated"
    QUOTE_NOT_FOUND = "quote_not_found"
    INSTRUCTIONS_LEAKED = "instructions_leaked"
    SECRET_IN_ANSWER = "secret_in_answer"  # noqa: S105 (a finding, not a secret)
    PERSONAL_IN_ANSWER = "personal_in_answer"
    CHECK_FAILED = "check_failed"
    REFUSED = "refused"
    ESCALATION_RULE = "escalation_rule"
    CONFIDENCE_UNKNOWN = "confidence_unknown"


class VerdictStatus(StrEnum):
    """The verdict in one word."""

    VALID = "valid"
    INVALID = "invalid"
    REFUSED = "refused"
    UNCHECKED = "unchecked"


class Tidying(StrEnum):
    """What the gateway itself changed in an answer, so that it keeps its contract."""

    LABEL_FREED = "label_freed"
    """A label was taken out of the words around it, or written as the contract writes it."""
    SYNONYM = "synonym"
    """A declared synonym was replaced by its label."""
    FENCE_REMOVED = "fence_removed"
    """JSON was taken out of a code fence."""
    JSON_EXTRACTED = "json_extracted"
    """JSON was taken out of the words around it."""
    JSON_REPAIRED = "json_repaired"
    """Broken JSON was mended."""


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

    tidied: tuple[Tidying, ...] = ()
    """What the gateway changed before it found the answer valid."""

    @property
    def is_valid(self) -> bool:
        """May be given to the caller."""
        return self.status is VerdictStatus.VALID
