"""How sure the model was, by its own token probabilities."""

import math
from collections.abc import Sequence

from weighbridge.domain.response import Choice


def confidence(choice: Choice) -> float | None:
    """Geometric mean of the token probabilities, exp(mean log-probability), 0 to 1; `None` when there are none."""
    if not choice.logprobs:
        return None
    mean = sum(choice.logprobs) / len(choice.logprobs)
    return None if math.isnan(mean) else math.exp(min(mean, 0.0))


def lowest_confidence(choices: Sequence[Choice]) -> float | None:
    """That of the least sure choice; `None` as soon as one is unknown."""
    lowest: float | None = None
    for choice in choices:
        sure = confidence(choice)
        if sure is None:
            return None
        lowest = sure if lowest is None else min(lowest, sure)
    return lowest
