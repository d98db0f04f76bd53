"""What a model is told about its answer."""

import pytest

from weighbridge.domain.request import Role
from weighbridge.domain.verdict import Finding, FindingCode, Verdict, VerdictStatus
from weighbridge.validation.repair import correction, is_repairable


def verdict(*codes: FindingCode, status: VerdictStatus = VerdictStatus.INVALID) -> Verdict:
    return Verdict(status, tuple(Finding(code, f"{code} it is", "/a") for code in codes))


@pytest.mark.parametrize(
    ("found", "is_worth_it"),
    [
        (verdict(FindingCode.NOT_JSON), True),
        (verdict(FindingCode.TOO_LONG, FindingCode.LABEL_NOT_ALLOWED), True),
        (verdict(FindingCode.NOT_JSON, FindingCode.TRUNCATED), False),
        (verdict(FindingCode.ESCALATION_RULE), False),
        (verdict(FindingCode.REFUSED, status=VerdictStatus.REFUSED), False),
        (verdict(status=VerdictStatus.VALID), False),
    ],
)
def test_only_faults_of_form_are_worth_telling(found: Verdict, is_worth_it: bool) -> None:
    assert is_repairable(found) is is_worth_it


def test_the_model_sees_its_answer_and_every_finding() -> None:
    answer, told = correction("maybe", verdict(FindingCode.LABEL_NOT_ALLOWED, FindingCode.TOO_LONG))
    assert (answer.role, answer.text) == (Role.ASSISTANT, "maybe")
    assert told.role is Role.USER
    assert "- /a: label_not_allowed it is" in told.text
    assert "- /a: too_long it is" in told.text


def test_an_empty_answer_is_not_repeated() -> None:
    assert [message.role for message in correction(" ", verdict(FindingCode.EMPTY))] == [Role.USER]
