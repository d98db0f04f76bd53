"""A task's own rule for when an answer that keeps its contract is still not good enough."""

from dataclasses import replace

from weighbridge.domain.levels import Risk
from weighbridge.domain.signals import Condition, Signals
from weighbridge.domain.verdict import Finding, FindingCode, Verdict, VerdictStatus
from weighbridge.validation.schema import shorten


def apply_escalation(verdict: Verdict, condition: Condition | None, signals: Signals, risk: Risk) -> Verdict:
    """The verdict after the rule. An answer that is not valid stays as it is.

    A rule that holds makes the answer invalid. A rule that cannot be decided, because a signal it reads is unknown
    (most often `confidence`), makes it invalid at high risk and is noted at any other.
    """
    if condition is None or not verdict.is_valid:
        return verdict
    holds = condition.test(signals)
    if holds is False:
        return verdict
    rule = shorten(condition.text, 120)
    if holds:
        return _with(verdict, VerdictStatus.INVALID, FindingCode.ESCALATION_RULE, f"The escalation rule holds: {rule}.")
    unknown = ", ".join(sorted(condition.names - signals.keys())) or "a signal"
    status = VerdictStatus.INVALID if risk is Risk.HIGH else verdict.status
    message = f"The escalation rule cannot be decided, since {unknown} is unknown, and unknown is not zero: {rule}."
    return _with(verdict, status, FindingCode.CONFIDENCE_UNKNOWN, message)


def _with(verdict: Verdict, status: VerdictStatus, code: FindingCode, message: str) -> Verdict:
    return replace(verdict, status=status, findings=(Finding(code, message), *verdict.findings))
