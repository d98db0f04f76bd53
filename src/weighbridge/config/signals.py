"""Signals that exist without being declared, and the types of all that an expression may read."""

from collections.abc import Mapping

from weighbridge.domain.policy import SignalKind, SignalRule
from weighbridge.domain.signals import ANSWER_SIGNALS, EVIDENCE_SIGNALS, REQUEST_SIGNALS, ROUTER_SIGNALS

SECURITY_KEYWORDS: tuple[str, ...] = (
    "password",
    "passwords",
    "passphrase",
    "credential",
    "credentials",
    "secret key",
    "api key",
    "access token",
    "two-factor",
    "2fa",
    "breach",
    "breached",
    "data leak",
    "leak",
    "leaked",
    "hack",
    "hacked",
    "hacker",
    "compromised",
    "unauthorized",
    "unauthorised",
    "phishing",
    "malware",
    "ransomware",
    "virus",
    "trojan",
    "spyware",
    "keylogger",
    "vulnerability",
    "vulnerabilities",
    "exploit",
    "exploited",
    "injection",
    "ddos",
    "intrusion",
    "security incident",
    "identity theft",
    "fraud",
    "stolen",
)
"""Words and phrases that mark a request as touching security."""

BUILT_IN: Mapping[str, SignalRule] = {
    rule.name: rule
    for rule in (
        SignalRule("ticket_length_tokens", SignalKind.INPUT_TOKENS),
        SignalRule("no_security_keywords_detected", SignalKind.NO_KEYWORDS, keywords=SECURITY_KEYWORDS),
    )
}
"""Part of a policy where an expression reads them; a declared signal of the same name takes their place."""

BUILT_IN_TYPES: Mapping[str, type] = {"ticket_length_tokens": int, "no_security_keywords_detected": bool}


def type_of_signals(declared: Mapping[str, type | None], *, with_answer: bool) -> dict[str, type | None]:
    """Signal → type for one expression; `None` for a declared signal whose own row is wrong."""
    answer: Mapping[str, type] = ANSWER_SIGNALS if with_answer else {}
    return {**REQUEST_SIGNALS, **EVIDENCE_SIGNALS, **ROUTER_SIGNALS, **BUILT_IN_TYPES, **declared, **answer}
