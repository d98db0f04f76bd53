"""`validate`: may this answer be given? Every check that the task's contract and the caller's format ask for."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice

from weighbridge.domain.material import NOTHING, Material
from weighbridge.domain.patterns import linear_pattern
from weighbridge.domain.request import OutputFormat
from weighbridge.domain.response import Choice, FinishReason, Response
from weighbridge.domain.task import Contract
from weighbridge.domain.verdict import ConfidenceKind, Finding, FindingCode, Verdict, VerdictStatus
from weighbridge.validation.citations import citation_findings
from weighbridge.validation.confidence import lowest_confidence
from weighbridge.validation.language import other_language
from weighbridge.validation.leakage import leakage_findings
from weighbridge.validation.schema import shorten
from weighbridge.validation.structure import QUOTED_CHARS, json_findings, wants_json

MOST_FINDINGS = 10
NOTES = frozenset({FindingCode.TRUNCATED})
"""Worth knowing and no more, where nothing but plain text was asked for."""


def validate(
    response: Response,
    contract: Contract,
    output: OutputFormat,
    count: Callable[[str], int],
    material: Material = NOTHING,
) -> Verdict:
    """Judge every choice. Never raises on an answer, and lists at most 10 findings, the weightiest first.

    A choice that calls tools is not a final answer: only refusal is looked for. Plain text that ended at its token
    limit is valid with a note; labels, patterns and JSON that did so are invalid. `count` gives tokens.
    """
    findings = tuple(islice(_findings(response, contract, output, count, material), MOST_FINDINGS))
    status = VerdictStatus.VALID
    if any(finding.code is FindingCode.REFUSED for finding in findings):
        status = VerdictStatus.REFUSED
    elif findings and not (_is_plain(contract, output) and all(finding.code in NOTES for finding in findings)):
        status = VerdictStatus.INVALID
    kind = ConfidenceKind.LABEL_PROBABILITY if contract.labels else ConfidenceKind.MEAN_PROBABILITY
    sure = lowest_confidence(response.choices, kind)
    return Verdict(status, findings, sure, None if sure is None else kind)


def _findings(
    response: Response, contract: Contract, output: OutputFormat, count: Callable[[str], int], material: Material
) -> Iterator[Finding]:
    if not response.choices:
        yield Finding(FindingCode.EMPTY, "The response holds no answer.")
    for choice in response.choices:
        yield from _refusal(choice)
    for number, choice in enumerate(response.choices, 1):
        prefix = f"Choice {number}: " if len(response.choices) > 1 else ""
        for finding in _of_choice(choice, contract, output, count, material):
            yield Finding(finding.code, prefix + finding.message, finding.place) if prefix else finding


def _refusal(choice: Choice) -> Iterator[Finding]:
    if choice.refusal:
        yield Finding(FindingCode.REFUSED, f"The model declined: {_quoted(choice.refusal)}.")
    elif choice.finish_reason is FinishReason.CONTENT_FILTER:
        yield Finding(FindingCode.REFUSED, "The provider's content filter stopped the answer.")


def _of_choice(
    choice: Choice, contract: Contract, output: OutputFormat, count: Callable[[str], int], material: Material
) -> Iterator[Finding]:
    if choice.refusal or choice.finish_reason is FinishReason.CONTENT_FILTER or choice.tool_calls:
        return
    is_cut = choice.finish_reason is FinishReason.LENGTH
    if is_cut:
        yield Finding(
            FindingCode.TRUNCATED, "The answer was cut off at its token limit: shorten it or raise the limit."
        )
    text = choice.text.strip()
    if not text:
        yield Finding(FindingCode.EMPTY, "The answer is empty.")
    elif not is_cut or _is_plain(contract, output):
        yield from _text_findings(text, contract, count)
        if wants_json(contract, output):
            yield from json_findings(text, contract, output)
        yield from _sense_findings(text, contract, material)


def _sense_findings(text: str, contract: Contract, material: Material) -> Iterator[Finding]:
    """What is wrong with what it says, its form being right or not."""
    if contract.forbidden:
        yield from leakage_findings(text, contract, material)
    if contract.citations is not None:
        yield from citation_findings(text, contract.citations, material.sources)
    if contract.languages:
        found = other_language(text, contract.languages)
        if found is not None:
            wanted = ", ".join(contract.languages)
            yield Finding(FindingCode.WRONG_LANGUAGE, f"The answer is in {found!r}; it has to be in {wanted}.")


def _is_plain(contract: Contract, output: OutputFormat) -> bool:
    return not (contract.labels or contract.pattern or wants_json(contract, output))


def _text_findings(text: str, contract: Contract, count: Callable[[str], int]) -> Iterator[Finding]:
    if contract.labels and text.lower() not in _folded(contract.labels):
        allowed = shorten(", ".join(contract.labels), 200)
        yield Finding(FindingCode.LABEL_NOT_ALLOWED, f"{_quoted(text)} is not one of the labels {allowed}.")
    if contract.min_words is not None or contract.max_words is not None:
        yield from _length(len(text.split()), "words", contract.min_words, contract.max_words)
    if contract.max_tokens is not None:
        yield from _length(count(text), "tokens", None, contract.max_tokens)
    if contract.pattern is not None:
        yield from _pattern(text, contract.pattern)


def _length(size: int, unit: str, least: int | None, most: int | None) -> Iterator[Finding]:
    if least is not None and size < least:
        yield Finding(FindingCode.TOO_SHORT, f"The answer has {size} {unit}; at least {least} are wanted.")
    if most is not None and size > most:
        yield Finding(FindingCode.TOO_LONG, f"The answer has {size} {unit}; at most {most} are allowed.")


def _pattern(text: str, pattern: str) -> Iterator[Finding]:
    wanted = shorten(pattern, 100)
    try:
        if linear_pattern(pattern).occurs_in(text):
            return
    except ValueError as error:
        yield Finding(FindingCode.PATTERN_MISMATCH, f"The pattern {wanted} cannot be used: {error}.")
        return
    yield Finding(FindingCode.PATTERN_MISMATCH, f"{_quoted(text)} does not match the pattern {wanted}.")


@lru_cache(maxsize=1024)
def _folded(labels: tuple[str, ...]) -> frozenset[str]:
    return frozenset(label.strip().lower() for label in labels)


def _quoted(text: str) -> str:
    return f"“{shorten(text, QUOTED_CHARS)}”"
