"""Learn from an evaluation's outcomes which prompts gain from the strong model: on the CPU, in seconds, no pickle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from weighbridge.domain.difficulty import DifficultyModel
from weighbridge.evals.extra import extra

FOLDS = 5
RIDGE = 10.0
CATEGORY_SCALE, NUMBER_SCALE = 3.0, 0.3
"""How freely categories and numbers may weigh beside words, whose vectors have length 1."""
MOST_WORDS = 40_000
FEWEST_FOR_ISOTONIC = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """One prompt that both models answered."""

    text: str
    """What was asked."""
    category: str | None
    """The task label, or any other class that is known before the call."""
    numbers: Mapping[str, float | None]
    """Signals; after the weak answer, those of the answer as well. `None` where unknown."""
    weak_right: float
    """Score of the weak model, 0 to 1."""
    strong_right: float
    """Score of the strong one."""
    group: str
    """Prompts of one group never stand on both sides of a split."""

    @property
    def gain(self) -> float:
        """What asking the strong model would have won."""
        return self.strong_right - self.weak_right


@dataclass(frozen=True, slots=True)
class Learned:
    """A router with what it is worth on prompts that it was not fitted on."""

    model: DifficultyModel
    """Fitted on all outcomes."""
    held_out: tuple[float, ...]
    """For each outcome, the sum that a model gave it which had not seen its group."""
    probabilities: tuple[float, ...]
    """The same after calibration by yet other folds."""
    calibration_error: float
    """Expected calibration error over ten equal bins of those probabilities (Naeini et al. 2015)."""
    brier: float
    """Mean squared error of those probabilities (Brier 1950)."""


def learn(outcomes: Sequence[Outcome], bindings: Mapping[str, str], seed: int = 0) -> Learned:
    """Ridge regression of the gain on TF-IDF, category and numbers; isotonic calibration on out-of-fold sums, or two
    parameters (Platt) with fewer than 500 prompts. Raises ValueError for fewer than 50 prompts or groups than folds."""
    if len(outcomes) < 50 or len({item.group for item in outcomes}) < 2 * FOLDS:
        raise ValueError("at least 50 prompts in 10 groups are needed to learn from")
    np = extra("numpy")
    gains = np.array([item.gain for item in outcomes])
    won = (gains > 0).astype(float)
    held_out = np.empty(len(outcomes))
    for train, test in _folds(outcomes, seed):
        fitted = _fit([outcomes[at] for at in train], gains[train])
        held_out[test] = [_raw(fitted, outcomes[at]) for at in test]
    probabilities = np.empty(len(outcomes))
    for train, test in _folds(outcomes, seed + 1):
        probabilities[test] = _apply(_calibrate(held_out[train], won[train]), held_out[test])
    model = replace(_fit(outcomes, gains), knots=_calibrate(held_out, won), bindings=dict(bindings))
    error = calibration_error(probabilities.tolist(), won.tolist())
    brier = float(((probabilities - won) ** 2).mean())
    return Learned(model, tuple(held_out.tolist()), tuple(probabilities.tolist()), error, brier)


def calibration_error(probabilities: Sequence[float], happened: Sequence[float], bins: int = 10) -> float:
    """Distance of stated and seen frequency, weighted over bins of equal width from 0 to 1 (Naeini et al. 2015)."""
    np = extra("numpy")
    p, y = np.asarray(probabilities), np.asarray(happened)
    at = np.minimum((p * bins).astype(int), bins - 1)
    parts = [at == number for number in range(bins)]
    return float(sum(part.sum() * abs(p[part].mean() - y[part].mean()) for part in parts if part.any()) / p.size)


def _folds(outcomes: Sequence[Outcome], seed: int) -> Any:
    groups = [item.group for item in outcomes]
    folds = extra("sklearn.model_selection").GroupKFold(FOLDS, shuffle=True, random_state=seed)
    return folds.split(outcomes, groups=groups)


def _fit(outcomes: Sequence[Outcome], gains: Any) -> DifficultyModel:
    np, sparse = extra("numpy"), extra("scipy.sparse")
    words, terms = _words([item.text for item in outcomes])
    categories = sorted({item.category for item in outcomes if item.category is not None})
    numbers = sorted({name for item in outcomes for name in item.numbers})
    one_hot = np.array([[CATEGORY_SCALE * (item.category == name) for name in categories] for item in outcomes])
    scales = {name: _scale([item.numbers.get(name) for item in outcomes]) for name in numbers}
    rest = np.array([[*_scaled(item, scales)] for item in outcomes])
    table = sparse.hstack([words, one_hot.reshape(len(outcomes), -1), rest.reshape(len(outcomes), -1)], format="csr")
    fitted = extra("sklearn.linear_model").Ridge(alpha=RIDGE, solver="sparse_cg", tol=1e-6).fit(table, gains)
    weights = iter(fitted.coef_.tolist())
    return DifficultyModel(
        words={term: (idf, next(weights)) for term, idf in terms},
        categories={name: CATEGORY_SCALE * next(weights) for name in categories},
        numbers={
            name: (mean, spread, NUMBER_SCALE * next(weights), next(weights)) for name, (mean, spread) in scales.items()
        },
        bias=float(fitted.intercept_),
        knots=((0.0, 0.0),),
        bindings={},
    )


def _words(texts: Sequence[str]) -> tuple[Any, list[tuple[str, float]]]:
    """TF-IDF of words and pairs of neighbours, as `DifficultyModel` computes it, with each term's frequency."""
    vectors = extra("sklearn.feature_extraction.text").TfidfVectorizer(
        ngram_range=(1, 2), min_df=min(3, max(1, len(texts) // 200)), sublinear_tf=True, max_features=MOST_WORDS
    )
    try:
        table = vectors.fit_transform(texts)
    except ValueError:  # no text holds a word
        return extra("scipy.sparse").csr_matrix((len(texts), 0)), []
    return table, list(zip(vectors.get_feature_names_out().tolist(), vectors.idf_.tolist(), strict=True))


def _scale(values: Sequence[float | None]) -> tuple[float, float]:
    np = extra("numpy")
    known = [value for value in values if value is not None]
    return (float(np.mean(known)), float(np.std(known)) or 1.0) if known else (0.0, 1.0)


def _scaled(item: Outcome, scales: Mapping[str, tuple[float, float]]) -> Any:
    for name, (mean, spread) in scales.items():
        value = item.numbers.get(name)
        yield 0.0 if value is None else NUMBER_SCALE * (value - mean) / spread
        yield float(value is None)


def _raw(model: DifficultyModel, item: Outcome) -> float:
    return model.raw(item.text, item.category, item.numbers)


def _calibrate(sums: Any, won: Any) -> tuple[tuple[float, float], ...]:
    np = extra("numpy")
    if len(sums) < FEWEST_FOR_ISOTONIC:
        line = extra("sklearn.linear_model").LogisticRegression(C=1e6).fit(sums.reshape(-1, 1), won > 0)
        at = np.linspace(sums.min(), sums.max(), 50)
        chances = line.predict_proba(at.reshape(-1, 1))[:, 1]
        return tuple(zip(at.tolist(), chances.tolist(), strict=True))
    fitted = extra("sklearn.isotonic").IsotonicRegression(out_of_bounds="clip").fit(sums, won)
    return tuple(zip(fitted.X_thresholds_.tolist(), fitted.y_thresholds_.tolist(), strict=True))


def _apply(knots: tuple[tuple[float, float], ...], sums: Any) -> Any:
    return extra("numpy").interp(sums, [at for at, _ in knots], [chance for _, chance in knots])
