"""An extra call that is made to prepare or to judge an answer, not to give one."""

from dataclasses import dataclass
from enum import StrEnum

from weighbridge.domain.money import Money
from weighbridge.domain.usage import Usage


class ProbeKind(StrEnum):
    """What an extra call is for."""

    SAMPLE = "sample"
    """The same question once more, to see whether the answer holds."""
    VERIFIER = "verifier"
    """Another model is asked how sure it is that the answer is right."""
    VECTOR = "vector"
    """The question becomes a vector, to search the documents with."""
    RANK = "rank"
    """A model says how far each passage that was found answers the question."""
    STATE = "state"
    """A model writes down what the older part of a conversation says."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One such call. It is paid for like any other."""

    kind: ProbeKind
    """What for."""
    model: str
    """Portfolio name."""
    host: str
    """Where."""
    latency_s: float
    """From the send to the last byte."""
    usage: Usage | None = None
    """What it consumed; `None` when unknown."""
    cost: Money | None = None
    """What it cost; `None` when unknown."""
    estimate: Money | None = None
    """What was held for it."""
    error_code: str | None = None
    """Why it gave nothing, if so."""
