"""Whether sources are cited, were given, are in force, and say what is quoted from them."""

import pytest

from weighbridge.domain.material import Source
from weighbridge.domain.task import CitationRule
from weighbridge.validation.citations import citation_findings

SOURCES = (
    Source("sla-2026", "The uptime we promise is 99.9 % per month.\nCredits are paid within 30 days."),
    Source("sla-2025", "The uptime we promise is 99.5 % per month.", is_deprecated=True),
)
MARKS, EVERY, FIELD = CitationRule(), CitationRule(is_every_sentence=True), CitationRule(field="sources")


def codes(text: str, rule: CitationRule = MARKS) -> list[str]:
    return [finding.code.value for finding in citation_findings(text, rule, SOURCES)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Uptime is 99.9 % [sla-2026].", []),
        ("Uptime is 99.9 %.", ["citation_missing"]),
        ("Uptime is 99.9 % [sla-2030].", ["citation_unknown"]),
        ("Uptime is 99.5 % [sla-2025].", ["citation_deprecated"]),
        ("“The uptime we  promise is\n99.9 %” [sla-2026]".replace("\n", " "), []),
        ('It says "uptime we promise is 99.5 %" [sla-2026].', ["quote_not_found"]),
        ('They call it "uptime" [sla-2026].', []),
        ("A list [1, 2] and a link [text](url) [sla-2026].", ["citation_unknown"]),
    ],
)
def test_marks_in_the_text_are_held_against_the_sources(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Uptime is 99.9 % [sla-2026]. Credits come within 30 days [sla-2026].", []),
        ("Uptime is 99.9 %. [sla-2026] Credits come within 30 days. [sla-2026]", []),
        ("Uptime is 99.9 % [sla-2026]. Credits come within 30 days.", ["citation_missing"]),
        ("Yes. Uptime is 99.9 % [sla-2026].", []),
    ],
)
def test_each_sentence_may_have_to_cite(text: str, expected: list[str]) -> None:
    assert codes(text, EVERY) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"sources": ["sla-2026"]}', []),
        ('{"sources": []}', ["citation_missing"]),
        ('{"answer": "x"}', ["citation_missing"]),
        ('{"sources": ["sla-2025", "none"]}', ["citation_deprecated", "citation_unknown"]),
        ('{"sources": [{"source": "sla-2026", "quote": "paid within 30 days"}]}', []),
        ('{"sources": [{"source": "sla-2026", "quote": "paid within 3 days"}]}', ["quote_not_found"]),
        ("no json", ["citation_missing"]),
    ],
)
def test_a_field_of_a_json_answer_may_hold_them(text: str, expected: list[str]) -> None:
    assert codes(text, FIELD) == expected


def test_a_finding_in_a_field_says_where() -> None:
    (finding,) = citation_findings('{"sources": ["none"]}', FIELD, SOURCES)
    assert finding.place == "/sources/0"
    assert "sla-2026" in finding.message


def test_citations_may_be_welcome_and_not_required() -> None:
    assert codes("Hello.", CitationRule(is_required=False)) == []
