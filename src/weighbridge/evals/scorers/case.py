"""What a scorer looks at."""

from collections.abc import Callable
from dataclasses import dataclass

from weighbridge.domain.gate import ScorerRule
from weighbridge.domain.task import Contract
from weighbridge.evals.dataset import Sample


@dataclass(frozen=True, slots=True)
class Case:
    """One valid answer beside its sample."""

    sample: Sample
    """What was asked, and what would be right."""
    text: str
    """The answer."""
    contract: Contract
    """What the task calls valid."""

    @property
    def target(self) -> str:
        """The right answer; empty where the sample states none."""
        return self.sample.target or ""


Scorer = Callable[[Case, ScorerRule], float]
"""Case and settings → score from 0 to 1."""
