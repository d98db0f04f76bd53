"""Whether one model is better than another on the same samples: paired tests, corrected for many comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weighbridge.evals import words
from weighbridge.evals.extra import extra
from weighbridge.evals.intervals import TWO_SIDED, bootstrap


@dataclass(frozen=True, slots=True)
class Difference:
    """A candidate beside the incumbent, sample by sample."""

    candidate: str
    """Portfolio name."""
    incumbent: str
    """Portfolio name."""
    value: float
    """Mean score of the candidate minus that of the incumbent."""
    low: float | None
    """Lower end of the 95 % bootstrap interval of the difference."""
    high: float | None
    """Upper end."""
    p_value: float
    """Two-sided: how often chance alone would make such a difference."""
    adjusted_p: float
    """The same after Holm's correction for all candidates that were compared."""
    test: str
    """`mcnemar` for scores of right and wrong, `sign_flip` for the rest."""
    n: int
    """Samples that both were asked."""

    @property
    def told(self) -> str:
        """The difference with its interval."""
        return words.between(self.value, self.low, self.high, "+")

    @property
    def says(self) -> str:
        """In a few words."""
        if not self.is_told_apart:
            return "cannot be told apart"
        return "better" if self.value > 0 else "worse"

    @property
    def is_told_apart(self) -> bool:
        """The two differ, at 5 % over all comparisons together."""
        return self.adjusted_p < 0.05


def mcnemar(gains: int, losses: int) -> float:
    """Exact two-sided McNemar test (1947) on the samples where just one of the two was right."""
    return 1.0 if gains + losses == 0 else float(extra("scipy.stats").binomtest(gains, gains + losses).pvalue)


def sign_flip(differences: Sequence[float], seed: int = 0, rounds: int = 9_999) -> float:
    """Two-sided paired permutation test: the signs of the differences are flipped at random (Fisher 1935)."""
    np = extra("numpy")
    x = np.asarray(differences, dtype=float)
    draw, seen = np.random.default_rng(seed), abs(x.sum()) - 1e-12
    hits = sum(
        int((abs((draw.integers(0, 2, (block, x.size)) * 2 - 1) @ x) >= seen).sum())
        for block in (1_000,) * (rounds // 1_000) + (rounds % 1_000,)
    )
    return (hits + 1) / (rounds + 1)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values adjusted so that all of them together keep their level (Holm 1979)."""
    adjusted, worst = dict[str, float](), 0.0
    for rank, (name, value) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        worst = max(worst, min(1.0, value * (len(p_values) - rank)))
        adjusted[name] = worst
    return adjusted


def compare_paired(scores: Mapping[str, Mapping[str, float]], incumbent: str) -> list[Difference]:
    """Every other model against the incumbent. `scores`: model → sample → mean score over its repetitions."""
    raw = {name: _test(own, scores[incumbent]) for name, own in scores.items() if name != incumbent}
    adjusted = holm({name: found[1] for name, found in raw.items()})
    return [
        Difference(name, incumbent, *_interval(deltas), p_value, adjusted[name], test, len(deltas))
        for name, (deltas, p_value, test) in raw.items()
    ]


def _test(own: Mapping[str, float], other: Mapping[str, float]) -> tuple[list[float], float, str]:
    shared = sorted(set(own) & set(other))
    deltas = [own[key] - other[key] for key in shared]
    if all(score in {0.0, 1.0} for key in shared for score in (own[key], other[key])):
        return deltas, mcnemar(deltas.count(1.0), deltas.count(-1.0)), "mcnemar"
    return deltas, sign_flip(deltas), "sign_flip"


def _interval(deltas: list[float]) -> tuple[float, float | None, float | None]:
    if not deltas:
        return 0.0, None, None
    x = extra("numpy").asarray(deltas)
    found = bootstrap(len(deltas), lambda drawn: x[drawn].mean(), *TWO_SIDED)
    low, high = found or (None, None)
    return float(x.mean()), low, high
