"""What a model is told when its answer was not valid, and which answers are worth telling about."""

from weighbridge.domain.request import Message, Role, say
from weighbridge.domain.verdict import FindingCode, Verdict, VerdictStatus

REPAIRABLE = frozenset(
    {
        FindingCode.EMPTY,
        FindingCode.LABEL_NOT_ALLOWED,
        FindingCode.TOO_SHORT,
        FindingCode.TOO_LONG,
        FindingCode.NOT_JSON,
        FindingCode.SCHEMA_MISMATCH,
        FindingCode.FIELD_MISSING,
        FindingCode.PATTERN_MISMATCH,
        FindingCode.WRONG_LANGUAGE,
        FindingCode.CITATION_MISSING,
        FindingCode.CITATION_UNKNOWN,
        FindingCode.CITATION_DEPRECATED,
        FindingCode.QUOTE_NOT_FOUND,
        FindingCode.CHECK_FAILED,
    }
)
"""Findings about the form of an answer. A refusal, a cut-off or a rule that asks for a stronger model is none."""


def is_repairable(verdict: Verdict) -> bool:
    """True when everything that is wrong can be told to the model that wrote it."""
    return verdict.status is VerdictStatus.INVALID and all(item.code in REPAIRABLE for item in verdict.findings)


def correction(answer: str, verdict: Verdict) -> tuple[Message, ...]:
    """The answer as it was given, and what is wrong with it, to be put after the conversation."""
    told = "\n".join(f"- {_placed(finding.place)}{finding.message}" for finding in verdict.findings)
    asked = say(Role.USER, f"Your answer was not accepted:\n{told}\nAnswer again, in full, with this corrected.")
    return (say(Role.ASSISTANT, answer), asked) if answer.strip() else (asked,)


def _placed(place: str) -> str:
    return f"{place}: " if place else ""
