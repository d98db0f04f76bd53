"""One call to one model on one host."""

from dataclasses import dataclass
from enum import StrEnum

from weighbridge.domain.money import Money
from weighbridge.domain.probe import Probe
from weighbridge.domain.usage import Usage
from weighbridge.domain.verdict import Verdict


class StepKind(StrEnum):
    """What the ladder does after an attempt."""

    ACCEPT = "accept"
    REPAIR = "repair"
    RETRY = "retry"
    TOOLS = "tools"
    """The model asked for tools of the gateway: it is called again with what they said."""
    NEXT_CANDIDATE = "next_candidate"
    DEGRADE = "degrade"
    REVIEW = "review"
    REFUSE = "refuse"
    DISCARD = "discard"
    """Another call of the same request was quicker."""


@dataclass(frozen=True, slots=True)
class Step:
    """The answer of `next_step`."""

    kind: StepKind
    """What to do."""
    reason: str
    """Why, as a code: a finding's, an error's, or the bound that was reached."""
    wait_s: float = 0.0
    """How long the request rests before that."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one call did."""

    model: str
    """Portfolio name."""
    host: str
    """Where."""
    verdict: Verdict
    """What validation said; `unchecked` when no answer came."""
    step: Step
    """What the ladder did next."""
    latency_s: float
    """From the send to the last byte."""
    first_chunk_s: float | None = None
    """From the send to the first content of a stream."""
    served_by: str | None = None
    """The model name that the host reported."""
    provider_id: str | None = None
    """The provider's own id of the answer, if it gave one."""
    usage: Usage | None = None
    """What it consumed; `None` when unknown."""
    cost: Money | None = None
    """What it cost; `None` when unknown."""
    estimate: Money | None = None
    """What was held for it; `None` when its price is unknown or nothing was held."""
    probes: tuple[Probe, ...] = ()
    """The extra calls that judged its answer; their usage and cost stand here and not in its own."""
    error_code: str | None = None
    """The provider error's code when no answer came."""
    error_status: int | None = None
    """The provider's HTTP status, if there was one."""

    @property
    def calls(self) -> "tuple[Attempt | Probe, ...]":
        """Itself and its probes: everything that was paid for."""
        return (self, *self.probes)
