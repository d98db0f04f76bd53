"""What routing needs to know besides the request and the policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from weighbridge.domain.drift import Demotion
from weighbridge.domain.proof import NO_PROOF, ProofStanding


@dataclass(frozen=True, slots=True)
class Situation:
    """The state of the world at the moment of decision, passed in so that a decision can be taken again later."""

    today: date
    """The day, UTC, for retirement dates."""
    draw: float = 1.0
    """Evenly from 0 to 1, and always the same for a record: below a canary's share, the canary is wanted."""
    allowed: frozenset[str] | None = None
    """The models that the caller's key allows; `None` for all."""
    cooling_down: Mapping[str, float] = field(default_factory=dict)
    """Portfolio name → seconds until the model may be tried again."""
    proofs: Mapping[tuple[str, str], ProofStanding] = field(default_factory=dict)
    """Task and portfolio name → what the model's proof says; a pair that is absent has none."""

    demotions: Mapping[tuple[str, str], Demotion] = field(default_factory=dict)
    """Task and portfolio name → what ended its proof before its time."""

    def proof(self, task: str, model: str) -> ProofStanding:
        """What is known of a model's proof for a task."""
        return self.proofs.get((task, model), NO_PROOF).after(self.demotions.get((task, model)))
