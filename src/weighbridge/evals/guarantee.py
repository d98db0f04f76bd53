"""Where to cut a score so that a promise on quality holds: Learn then Test (arXiv 2110.01052).

Prompts whose score reaches the cut go to the strong model. Cuts are walked from "always strong" down, and the walk
stops at the first one whose exact bound breaks the promise: a fixed sequence, so that forty cuts cost nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from weighbridge.evals.extra import extra
from weighbridge.evals.intervals import exact_lower

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = Sequence[float] | NDArray[np.float64]

CUTS = 40


@dataclass(frozen=True, slots=True)
class Certified:
    """A cut that keeps its promise with the stated confidence."""

    cut: float
    """Scores from here on go to the strong model; infinity sends none, minus infinity all."""
    share_strong: float
    """Share of the prompts that it sends there, on the set it was chosen on."""
    bound: float
    """What is shown at this cut: an upper bound of the regret, or a lower bound of the accuracy."""
    n: int
    """Independent prompts it was chosen on."""


@dataclass(frozen=True, slots=True)
class Infeasible:
    """The strong model itself is below the floor: no cut can keep it."""

    strong: float
    """Its accuracy on the set."""
    bound: float
    """Lower bound of it: too low, or too few prompts to tell."""


def certify_regret(scores: "Scores", gains: "Scores", most: float, delta: float = 0.05) -> Certified:
    """Promise: of all prompts, at most `most` are sent to the weak model although it is wrong and the strong one right.

    Exact Clopper-Pearson at `1 - delta`. This share only grows as the cut rises, so any cut may be looked at, not forty
    (Bates et al. 2021, arXiv 2101.02703). "Always strong" keeps any such promise, so there is always an answer.
    """
    np = extra("numpy")
    s, lost = np.asarray(scores, dtype=float), np.asarray(gains, dtype=float) > 0
    bounds = extra("scipy.stats").beta.ppf(1 - delta, np.arange(s.size) + 1, s.size - np.arange(s.size))
    allowed = int((bounds <= most).sum())  # so many losses, less one, keep the promise
    if allowed == 0:
        return Certified(-np.inf, 1.0, 0.0, s.size)  # nothing is kept, so nothing is lost
    losing = np.sort(s[lost])
    cut = float(losing[allowed - 1]) if losing.size >= allowed else float("inf")
    below = s[s < cut]
    if np.isfinite(cut) and below.size:
        cut = (cut + float(below.max())) / 2  # the same prompts go, and others like them are not near the edge
    kept = int((lost & (s < cut)).sum())
    return Certified(cut, float((s >= cut).mean()), float(bounds[kept]), s.size)


def certify_floor(
    scores: "Scores",
    weak_right: "Scores",
    strong_right: "Scores",
    floor: float,
    delta: float = 0.05,
    cuts: int = CUTS,
) -> Certified | Infeasible:
    """Promise: the mix of both is right on at least `floor` of the prompts. Exact Clopper-Pearson at `1 - delta`."""
    np = extra("numpy")
    s, weak, strong = (np.asarray(values, dtype=float) for values in (scores, weak_right, strong_right))

    def bound(cut: float) -> float:
        return exact_lower(int(np.where(s < cut, weak, strong).sum()), s.size, 1 - delta)

    if (best := bound(-np.inf)) < floor:
        return Infeasible(float(strong.mean()), best)
    return _walk(s, bound, lambda value: value >= floor, cuts)


def _walk(s: Any, bound: Callable[[float], float], holds: Callable[[float], bool], cuts: int) -> Certified:
    np = extra("numpy")
    ends = [*np.unique(np.quantile(s, np.linspace(0, 1, cuts + 1))[1:]), np.inf]
    kept = (-np.inf, bound(-np.inf))
    for cut in ends:
        value = bound(cut)
        if not holds(value):
            break
        kept = (float(cut), value)
    return Certified(kept[0], float((s >= kept[0]).mean()), kept[1], s.size)
