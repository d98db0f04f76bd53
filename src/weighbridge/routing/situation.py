"""What routing needs to know besides the request and the policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from weighbridge.domain.decision import ProofState


@dataclass(frozen=True, slots=True)
class Situation:
    """The state of the world at the moment of decision, passed in so that a decision can be taken again later."""

    today: date
    """The day, UTC, for retirement dates."""
    cooling_down: Mapping[str, float] = field(default_factory=dict)
    """Portfolio name → seconds until the model may be tried again."""
    proofs: Mapping[str, ProofState] = field(default_factory=dict)
    """Portfolio name → its proof for this task; a name that is absent has none."""
