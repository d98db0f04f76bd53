"""The language of an answer, where its length tells."""

import pytest

from weighbridge.validation.language import is_known_language, other_language

ENGLISH = "The invoice for March is attached, please check the amount."
GERMAN = "Die Rechnung für März ist beigefügt, bitte prüfen Sie den Betrag."
UKRAINIAN = "Рахунок за березень додається, будь ласка, перевірте суму."


@pytest.mark.parametrize(
    ("text", "wanted", "other"),
    [
        (ENGLISH, ("en",), None),
        (GERMAN, ("de",), None),
        (GERMAN, ("en", "de"), None),
        (UKRAINIAN, ("uk",), None),
        (ENGLISH, ("de",), "en"),
        (GERMAN, ("en",), "de"),
        (UKRAINIAN, ("en", "de"), "uk"),
        ("invoice", ("de",), None),
        ("OK, thanks.", ("de",), None),
        ("1234567890 " * 20, ("de",), None),
        ("", ("de",), None),
    ],
)
def test_only_a_clear_case_is_a_case(text: str, wanted: tuple[str, ...], other: str | None) -> None:
    assert other_language(text, wanted) == other


def test_languages_that_cannot_be_told_apart_are_known() -> None:
    assert is_known_language("uk")
    assert not is_known_language("tlh")
