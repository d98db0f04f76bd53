"""Metrics: one number over the scores of many samples, with what it proves."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from weighbridge.domain.gate import LABEL_METRICS, MACRO_F1, Floor, ScorerKind, ScorerRule
from weighbridge.domain.money import Money
from weighbridge.domain.proof import Figure
from weighbridge.domain.task import Contract
from weighbridge.evals.dataset import Sample
from weighbridge.evals.extra import extra
from weighbridge.evals.intervals import (
    LEVEL,
    betting_lower,
    betting_upper,
    bootstrap,
    exact_lower,
    exact_upper,
    quantile_lower,
    quantile_upper,
)
from weighbridge.evals.journal import Answer
from weighbridge.evals.scorers.case import Case
from weighbridge.evals.scorers.exact_match import plain
from weighbridge.evals.scorers.registry import IN_PARTS, rule_of, score

NO_CONTRACT = Contract()
Pair = tuple[Sample, Answer]


@dataclass(frozen=True)
class Results:
    """What one model answered, and how that is scored."""

    model: str
    """Portfolio name."""
    pairs: tuple[Pair, ...]
    """Sample and answer; repetitions of a sample are pairs of their own. No faults."""
    contract: Contract = NO_CONTRACT
    """The task's."""
    rules: Mapping[str, ScorerRule] = field(default_factory=dict)
    """Declared scorers."""
    judged: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """Scores by judges: (metric, `judged_key`) → 0, 0.5 or 1."""

    def of(self, tag: str | None) -> "Results":
        """The slice with a tag."""
        if tag is None:
            return self
        kept = tuple(pair for pair in self.pairs if tag in pair[0].tags)
        return replace(self, pairs=kept)

    def scores(self, metric: str) -> list[tuple[str, float]]:
        """Cluster and score of each answer that the metric applies to; an answer that is not valid scores 0."""
        rule = rule_of(metric, self.rules)
        if rule is None:
            return []
        applies = [pair for pair in self.pairs if _applies(rule.kind, pair[0])]
        return [(sample.cluster, self._score(metric, rule, sample, answer)) for sample, answer in applies]

    def _score(self, metric: str, rule: ScorerRule, sample: Sample, answer: Answer) -> float:
        if rule.kind is ScorerKind.REFUSAL:
            return float(answer.is_refusal == sample.refuses)
        if answer.text is None:
            return 0.0
        if rule.kind is ScorerKind.JUDGE:
            return self.judged[metric, judged_key(sample, answer.text)]
        return score(Case(sample, answer.text, self.contract), rule)

    @cached_property
    def labels(self) -> list[tuple[str, str, str]]:
        """Cluster, right label and given label; the given one is empty where there is no valid answer."""
        rows = [pair for pair in self.pairs if _applies(ScorerKind.LABEL, pair[0])]
        return [(sample.cluster, plain(sample.target or ""), plain(answer.text or "")) for sample, answer in rows]

    @property
    def cost(self) -> Money | None:
        """All answers together; `None` when one is unknown."""
        costs = [answer.cost for _, answer in self.pairs]
        known = [cost for cost in costs if cost is not None]
        return sum(known, Money(0)) if len(known) == len(costs) else None

    @property
    def valid(self) -> int:
        """Valid answers."""
        return sum(answer.text is not None for _, answer in self.pairs)


def judged_key(sample: Sample, text: str) -> str:
    """What a judge's score is kept under."""
    return f"{sample.id}\0{text}"


def _applies(kind: ScorerKind, sample: Sample) -> bool:
    if kind is ScorerKind.REFUSAL:
        return True
    if kind is ScorerKind.CITATIONS:
        return bool(sample.cites) or (bool(sample.sources) and not sample.refuses)
    return not sample.refuses and (sample.target is not None or kind in {ScorerKind.PYTHON, ScorerKind.SCHEMA})


@dataclass(frozen=True, slots=True)
class Side:
    """Which one-sided bound is wanted."""

    is_lower: bool
    """The lower one."""
    level: float = LEVEL
    """How often it holds."""

    @property
    def quantile(self) -> float:
        """Of a bootstrap distribution."""
        return 1 - self.level if self.is_lower else self.level


def figure(floor: Floor, results: Results) -> Figure:
    """The metric that a floor is about, with its 95 % bound on the floor's own side."""
    value, bound, n, method = measured(floor.metric, results.of(floor.tag), Side(floor.minimum is not None))
    return Figure(floor.metric, floor.tag, value, bound, n, method)


Measured = tuple[float | None, float | None, int, str]
"""Value, bound, independent units, how the bound was made."""


def measured(metric: str, part: Results, side: Side) -> Measured:
    """A metric of some results, with one bound."""
    if metric == "valid_share":
        found = [(sample.cluster, float(answer.text is not None)) for sample, answer in part.pairs]
        return share(found, side, is_binary=True)
    if metric.startswith("latency_"):
        return _latency(part, 0.95 if "p95" in metric else 0.5, side)
    if metric in {"cost_usd", "cost_per_valid_usd"}:
        return _cost(part, side, is_per_valid=metric == "cost_per_valid_usd")
    if metric == MACRO_F1 or metric.startswith(tuple(f"{name}_" for name in LABEL_METRICS)):
        return _label_metric(metric, part, side)
    rule = rule_of(metric, part.rules)
    return share(part.scores(metric), side, is_binary=rule is not None and rule.kind not in IN_PARTS)


def share(scores: Sequence[tuple[str, float]], side: Side, *, is_binary: bool) -> Measured:
    """Mean of scores from 0 to 1: exact binomial where each unit says right or wrong once, else by betting on the
    means of the units, which holds for any distribution."""
    means = list(unit_means(scores).values())
    n = len(means)
    if n == 0:
        return None, None, 0, "none"
    mean = sum(means) / n
    if is_binary and n == len(scores):
        exact = exact_lower if side.is_lower else exact_upper
        return mean, exact(round(sum(means)), n, side.level), n, "clopper_pearson"
    bet = betting_lower if side.is_lower else betting_upper
    return mean, bet(means, side.level), n, "betting"


def unit_means(scores: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Independent unit → mean of its scores."""
    units = defaultdict[str, list[float]](list)
    for cluster, value in scores:
        units[cluster].append(value)
    return {cluster: sum(values) / len(values) for cluster, values in units.items()}


def _latency(part: Results, quantile: float, side: Side) -> Measured:
    found = [answer.duration_s for _, answer in part.pairs if answer.duration_s is not None]
    if not found:
        return None, None, 0, "none"
    value = float(extra("numpy").quantile(found, quantile, method="inverted_cdf"))
    bound = (quantile_lower if side.is_lower else quantile_upper)(found, quantile, side.level)
    return value, bound, len(found), "order_statistics"


def _cost(part: Results, side: Side, *, is_per_valid: bool) -> Measured:
    np = extra("numpy")
    if part.cost is None or not part.pairs or (is_per_valid and not part.valid):
        return None, None, 0, "none"
    usd = np.array([answer.cost.pico / 1e12 for _, answer in part.pairs if answer.cost is not None])
    count = np.array([float(answer.text is not None) if is_per_valid else 1.0 for _, answer in part.pairs])
    rows_of, units = _resampling([sample.cluster for sample, _ in part.pairs])

    def ratio(drawn: Any) -> Any:
        rows = rows_of(drawn)
        valid = count[rows].sum()
        return usd[rows].sum() / valid if valid else float("nan")

    found = bootstrap(units, ratio, side.quantile)
    return float(usd.sum() / count.sum()), None if found is None else found[0], units, "bootstrap"


def _label_metric(metric: str, part: Results, side: Side) -> Measured:
    name, _, label = metric.partition("_")
    rows = part.labels
    if metric != MACRO_F1 and name in {"recall", "precision"}:
        column = 1 if name == "recall" else 2
        rows = [row for row in rows if row[column] == plain(label)]
        return share([(cluster, float(right == given)) for cluster, right, given in rows], side, is_binary=True)
    if not rows:
        return None, None, 0, "none"
    classes = sorted({right for _, right, _ in rows}) if metric == MACRO_F1 else [plain(label)]
    np = extra("numpy")
    codes = {name: at for at, name in enumerate(sorted({text for _, right, given in rows for text in (right, given)}))}
    cells = np.array([codes[right] * len(codes) + codes[given] for _, right, given in rows])
    at = [codes[name] for name in classes if name in codes]

    def mean_f1(drawn: Any) -> Any:
        counts = np.bincount(cells[drawn], minlength=len(codes) ** 2).reshape(len(codes), -1)
        both = counts.sum(axis=0) + counts.sum(axis=1)
        f1 = 2 * counts.diagonal() / np.maximum(both, 1)
        return f1[at].sum() / len(classes)

    rows_of, units = _resampling([row[0] for row in rows])
    found = bootstrap(units, lambda drawn: mean_f1(rows_of(drawn)), side.quantile)
    value = float(mean_f1(np.arange(len(rows))))
    return value, None if found is None else found[0], units, "bootstrap"


def _resampling(clusters: list[str]) -> tuple[Callable[[Any], Any], int]:
    """From drawn units to their rows, and how many units there are."""
    where = defaultdict[str, list[int]](list)
    for at, cluster in enumerate(clusters):
        where[cluster].append(at)
    if len(where) == len(clusters):
        return lambda drawn: drawn, len(clusters)
    np = extra("numpy")
    units = [np.array(places) for places in where.values()]
    return lambda drawn: np.concatenate([units[at] for at in drawn]), len(units)


def confusion(results: Results) -> Mapping[tuple[str, str], int]:
    """(right label, given label) → how often; the given one is empty where there was no valid answer."""
    return Counter((right, given) for _, right, given in results.labels)
