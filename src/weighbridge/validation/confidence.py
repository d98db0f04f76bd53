"""How sure the model was, by its own token probabilities."""

import math
from collections.abc import Sequence

from weighbridge.domain.response import Choice
from weighbridge.domain.verdict import ConfidenceKind


def confidence(choice: Choice, kind: ConfidenceKind) -> float | None:
    """From the token log-probabilities, 0 to 1; `None` when there are none.

    A label's is the product of the probabilities; that of any other answer their geometric mean, exp(mean logprob), as
    a product would call every long answer unsure.
    """
    if not choice.logprobs:
        return None
    exponent = sum(choice.logprobs)
    if kind is ConfidenceKind.MEAN_PROBABILITY:
        exponent /= len(choice.logprobs)
    return None if math.isnan(exponent) else math.exp(min(exponent, 0.0))


def lowest_confidence(choices: Sequence[Choice], kind: ConfidenceKind) -> float | None:
    """That of the least sure choice; `None` as soon as one is unknown."""
    lowest: float | None = None
    for choice in choices:
        sure = confidence(choice, kind)
        if sure is None:
            return None
        lowest = sure if lowest is None else min(lowest, sure)
    return lowest
