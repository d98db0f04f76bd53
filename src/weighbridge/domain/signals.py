"""What classification found out about a request, and how it knows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from weighbridge.domain.levels import Risk, Sensitivity

SignalValue = bool | int | float | str
Signals = Mapping[str, SignalValue]
"""Signal name → value. A name that is absent is unknown."""


REQUEST_SIGNALS: Mapping[str, type[SignalValue]] = {
    "input_tokens": int,
    "input_words": int,
    "input_chars": int,
    "message_count": int,
    "task": str,
    "risk": str,
    "sensitivity": str,
    "has_personal_data": bool,
    "has_secrets": bool,
    "has_tools": bool,
    "is_stream": bool,
}
"""Known for every request before a model is called, whatever the config declares."""

ROUTER_SIGNALS: Mapping[str, type[SignalValue]] = {"predicted_gain": float}
"""Known before a model is called where the task has a learned router that fits."""

EVIDENCE_SIGNALS: Mapping[str, type[SignalValue]] = {
    "source_count": int,
    "best_relevance": float,
    "suspicious_sources": int,
    "failed_tools": int,
}
"""Known before a model is called, once sources are packed; `best_relevance` only where something was searched for."""

ANSWER_SIGNALS: Mapping[str, type[SignalValue]] = {
    "confidence": float,
    "validation_fails": bool,
    "output_tokens": int,
    "output_words": int,
    "latency_s": float,
    "finish_reason": str,
    "attempt": int,
}
"""Known only once a model has answered: `escalate_when` may read them, `use_primary_when` may not."""


class Basis(StrEnum):
    """How a property of the request is known."""

    STATED = "stated"
    RULE = "rule"
    EXAMPLE = "example"
    TASK = "task"
    CALLER = "caller"
    DETECTOR = "detector"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Classification:
    """The answer of the classify stage."""

    task: str
    """The task this request belongs to."""
    task_basis: Basis
    """Stated, by a rule, by nearest examples, or the declared default."""
    risk: Risk
    """The strictest of what the caller stated and what the task declares; unknown is high."""
    risk_basis: Basis
    """Where the risk comes from."""
    sensitivity: Sensitivity
    """The strictest of the caller's, the task's and the detectors' levels."""
    sensitivity_basis: Basis
    """Which of them was the strictest."""
    signals: Signals
    """Every declared signal that could be computed for this request."""
    evidence: str
    """One short note for people: the rule that matched, the nearest example's similarity, or the detector."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A policy expression, parsed and type-checked when the policy was loaded."""

    text: str
    """The expression as it stands in the file."""
    names: frozenset[str]
    """The signals it reads."""
    test: Callable[[Signals], bool | None]
    """True, False, or `None` when a signal it depends on is unknown."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)
