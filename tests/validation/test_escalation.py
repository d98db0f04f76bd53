import pytest

from weighbridge.domain.levels import Risk
from weighbridge.domain.signals import Condition, Signals
from weighbridge.domain.verdict import Finding, FindingCode, Verdict, VerdictStatus
from weighbridge.validation.escalation import apply_escalation

VALID = Verdict(VerdictStatus.VALID)


def unsure(signals: Signals) -> bool | None:
    sure = signals.get("confidence")
    return None if sure is None else float(sure) < 0.8


RULE = Condition("confidence < 0.80", frozenset({"confidence"}), unsure)


def test_without_a_rule_nothing_changes() -> None:
    assert apply_escalation(VALID, None, {}, Risk.HIGH) is VALID


def test_a_rule_that_does_not_hold_changes_nothing() -> None:
    assert apply_escalation(VALID, RULE, {"confidence": 0.8}, Risk.HIGH) is VALID


@pytest.mark.parametrize("risk", Risk)
def test_a_rule_that_holds_makes_the_answer_invalid_and_is_quoted(risk: Risk) -> None:
    verdict = apply_escalation(VALID, RULE, {"confidence": 0.5}, risk)
    assert verdict.status is VerdictStatus.INVALID
    assert verdict.findings == (Finding(FindingCode.ESCALATION_RULE, "The escalation rule holds: confidence < 0.80."),)


@pytest.mark.parametrize(
    ("risk", "status"),
    [(Risk.LOW, VerdictStatus.VALID), (Risk.MEDIUM, VerdictStatus.VALID), (Risk.HIGH, VerdictStatus.INVALID)],
)
def test_an_unknown_signal_is_noted_and_at_high_risk_not_accepted(risk: Risk, status: VerdictStatus) -> None:
    verdict = apply_escalation(VALID, RULE, {}, risk)
    assert verdict.status is status
    assert verdict.findings[0].code is FindingCode.CONFIDENCE_UNKNOWN
    assert "confidence is unknown, and unknown is not zero" in verdict.findings[0].message


@pytest.mark.parametrize("status", [VerdictStatus.INVALID, VerdictStatus.REFUSED, VerdictStatus.UNCHECKED])
def test_an_answer_that_is_not_valid_stays_as_it_is(status: VerdictStatus) -> None:
    verdict = Verdict(status, (Finding(FindingCode.EMPTY, "The answer is empty."),))
    assert apply_escalation(verdict, RULE, {"confidence": 0.1, "validation_fails": True}, Risk.HIGH) is verdict


def test_a_note_on_a_valid_answer_is_kept_behind_the_rule() -> None:
    noted = Verdict(VerdictStatus.VALID, (Finding(FindingCode.TRUNCATED, "Cut off."),), 0.5)
    verdict = apply_escalation(noted, RULE, {"confidence": 0.5}, Risk.LOW)
    assert [finding.code for finding in verdict.findings] == [FindingCode.ESCALATION_RULE, FindingCode.TRUNCATED]
    assert verdict.confidence == 0.5
