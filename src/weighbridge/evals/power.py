"""How many samples a proof needs."""

import math
from collections.abc import Sequence

from weighbridge.evals.extra import extra
from weighbridge.evals.intervals import LEVEL

POWER = 0.8
MOST_SAMPLES = 200_000
"""A gap that needs more is told as out of reach."""


def samples_needed(floor: float, rate: float, power: float = POWER, level: float = LEVEL) -> int | None:
    """Fewest samples with which a model whose true share is `rate` shows at least `floor` with probability `power`.

    By the exact binomial distribution and the Clopper-Pearson bound. `None` when the rate is not above the floor, or
    more than 200,000 would be needed.
    """
    if rate <= floor or not 0 <= floor < 1:
        return None
    high = 64
    while not _suffices([high], floor, rate, power, level)[0]:
        high *= 2
        if high > MOST_SAMPLES:
            return None
    sizes = range(1, high + high // 4 + 64)  # the exact power is a saw: a few samples more may be worse
    enough = _suffices(sizes, floor, rate, power, level)
    return (
        sizes[-1]
        if not enough[-1]
        else sizes[0] + max((at + 1 for at, is_so in enumerate(enough) if not is_so), default=0)
    )


def fewest_to_show(floor: float, level: float = LEVEL) -> int | None:
    """Samples with which an answer set without any failure shows the floor; fewer can show nothing."""
    return None if not 0 < floor < 1 else math.ceil(math.log(1 - level) / math.log(floor))


def _suffices(sizes: Sequence[int], floor: float, rate: float, power: float, level: float) -> list[bool]:
    np, binom = extra("numpy"), extra("scipy.stats").binom
    n = np.asarray(sizes)
    fewest_right = binom.ppf(level, n, floor) + 1
    return list(binom.sf(fewest_right - 1, n, min(rate, 1.0)) >= power)
