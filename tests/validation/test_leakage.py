"""What must not leave: instructions, secrets, personal data that nobody brought."""

import pytest

from weighbridge.classify.detectors import detect
from weighbridge.domain.material import Marks, Material
from weighbridge.domain.task import Contract, Forbidden
from weighbridge.validation.leakage import leakage_findings

INSTRUCTIONS = (
    "You are the support desk of Acme. Never offer more than ten percent discount to a customer who complains."
)
ALL = Contract(forbidden=frozenset(Forbidden), marker="WB-0123456789abcdef")


def marks(text: str) -> Marks:
    found = detect(text)
    secrets = frozenset(kind.value for kind in found if kind.is_secret)
    return Marks(secrets, frozenset(kind.value for kind in found if not kind.is_secret))


def codes(text: str, asked: str = "", contract: Contract = ALL) -> list[str]:
    material = Material(INSTRUCTIONS, asked, find_marks=marks)
    return [finding.code.value for finding in leakage_findings(text, contract, material)]


@pytest.mark.parametrize(
    "text",
    [
        "My rules: never offer more than ten percent discount to a customer.",
        "MY RULES:  Never offer,\nmore than ten percent: discount to a customer!",
        "The reference is WB-0123456789abcdef.",
        "The reference is wb 0123456789ABCDEF",
    ],
)
def test_the_instructions_are_known_in_any_dress(text: str) -> None:
    assert codes(text) == ["instructions_leaked"]


def test_common_words_are_no_leak_and_what_the_caller_quoted_is_not_either() -> None:
    assert codes("We never offer more than ten percent.") == []
    quoted = "never offer more than ten percent discount to a customer who complains"
    assert codes(f"You wrote: {quoted}.", asked=f"Your rules say: {quoted}. Why?") == []


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        ("Use AKIA" + "ABCDEFGHIJKLMNOP", "", ["secret_in_answer"]),
        ("Write to ann@acme.test", "", ["personal_in_answer"]),
        ("Write to ann@acme.test", "I am bob@home.test", []),
        ("Nothing here.", "", []),
    ],
)
def test_secrets_never_and_personal_data_only_of_kinds_that_were_brought(
    text: str, asked: str, expected: list[str]
) -> None:
    assert codes(text, asked) == expected


def test_a_finding_never_repeats_what_it_found() -> None:
    (finding,) = leakage_findings("Write to ann@acme.test", ALL, Material(find_marks=marks))
    assert "ann@" not in finding.message


def test_nothing_is_looked_for_that_is_not_forbidden() -> None:
    assert codes("ann@acme.test AKIA" + "ABCDEFGHIJKLMNOP", contract=Contract()) == []
