"""How well an order of prompts spends strong calls: APGR and CPT, with intervals.

Words: send the prompts to the strong model in the order of a score. The share of its quality gain that is recovered,
over the share of calls sent to it, is a curve; APGR is the area under it (0.5 by chance), CPT50 and CPT80 are the
shares of strong calls that recover 50 and 80 % of the gain (RouteLLM, arXiv 2406.18665).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weighbridge.evals.extra import extra
from weighbridge.evals.intervals import TWO_SIDED, bootstrap


@dataclass(frozen=True, slots=True)
class Apgr:
    """How well a score orders prompts."""

    value: float
    """Area under the curve. Above 1 where the weak model is right on prompts that the strong one gets wrong."""
    low: float | None
    """Lower end of the 95 % bootstrap interval over groups of prompts; `None` when it cannot be told."""
    high: float | None
    """Upper end."""
    cpt50: float
    """Share of strong calls that recovers half of the gain."""
    cpt80: float
    """The same for 80 %."""


def apgr(scores: Sequence[float], gains: Sequence[float], groups: Sequence[str], resamples: int = 500) -> Apgr:
    """Measure a score. `gains`: strong right minus weak right, -1 to 1. Raises ValueError where the strong model is
    not better over all: there is nothing to recover then."""
    np = extra("numpy")
    s, g = np.asarray(scores, dtype=float), np.asarray(gains, dtype=float)
    if g.sum() <= 0:
        raise ValueError("the strong model is not better than the weak one on these prompts")
    names, places = np.unique(np.asarray(groups), return_inverse=True)
    rows = np.split(np.argsort(places, kind="stable"), np.cumsum(np.bincount(places))[:-1])

    def drawn_area(drawn: Any) -> float:
        at = np.concatenate([rows[unit] for unit in drawn])
        return _area(s[at], g[at])

    found = bootstrap(len(names), drawn_area, *TWO_SIDED, resamples=resamples) if resamples else None
    low, high = found or (None, None)
    return Apgr(_area(s, g), low, high, *(_calls_for(s, g, share) for share in (0.5, 0.8)))


def _curve(scores: Any, gains: Any) -> Any:
    np = extra("numpy")
    gained = np.cumsum(gains[np.argsort(-scores, kind="stable")])
    return np.concatenate([[0.0], gained]) / gained[-1] if gained[-1] > 0 else np.full(gained.size + 1, np.nan)


def _area(scores: Any, gains: Any) -> float:
    np = extra("numpy")
    curve = _curve(scores, gains)
    return float(np.trapezoid(curve, np.linspace(0, 1, len(curve))))


def _calls_for(scores: Any, gains: Any, share: float) -> float:
    curve = _curve(scores, gains)
    return float(extra("numpy").argmax(curve >= share) / (curve.size - 1))
