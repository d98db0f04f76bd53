"""A sequential test of "the long-run mean is at most the limit" that may be looked at after every observation.

While each observation's expected share of the limit, given all before it, is at most 1, every bet's wealth is a fair or
losing game, and so is a prior-weighted sum of such games begun at every moment. Such a sum starts at 1 in all and, by
Ville's inequality, ever reaches 1/a with probability a at most: this holds over the whole life of a proof, at any
dependence between observations. It is the Shiryaev-Roberts procedure made into an e-process (Shin, Ramdas and Rinaldo
2023, arXiv 2203.03532, section 3), with the bets of Waudby-Smith and Ramdas (2024, arXiv 2010.09686).
"""

from collections.abc import Sequence
from itertools import product

from weighbridge.domain.drift import Detector

BETS = (0.02, 0.05, 0.1, 0.25, 0.5)
"""Shares of the wealth that are bet: a large one finds a large breach at once, a small one a small breach at all."""


def observe(detector: Detector, ratios: Sequence[float]) -> Detector:
    """The evidence after one more observation.

    `ratios` holds, for each thing that is counted, what was seen as a multiple of its limit: never below 0. Their
    number stays the same from call to call.
    """
    n = detector.n + 1
    begun = 1 / (n * (n + 1))  # the weights of all beginnings add up to 1
    held = detector.wealth or (0.0,) * (len(ratios) * len(BETS))
    pairs = zip(held, product(ratios, BETS), strict=True)
    return Detector(n, tuple((wealth + begun) * (1 + bet * (ratio - 1)) for wealth, (ratio, bet) in pairs))
