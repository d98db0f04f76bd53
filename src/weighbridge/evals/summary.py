"""Models side by side: quality, speed, money and how sure each figure is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from weighbridge.domain.gate import LABEL_METRICS, MACRO_F1, RUN_METRICS, ScorerKind
from weighbridge.domain.money import Money
from weighbridge.evals import words
from weighbridge.evals.extra import extra
from weighbridge.evals.intervals import TWO_SIDED, bootstrap, wilson_interval
from weighbridge.evals.metrics import Results, Side, measured, unit_means
from weighbridge.evals.paired import Difference, compare_paired
from weighbridge.evals.scorers.registry import rule_of

ENDS = 0.975
"""Level of each end, so that both together hold in 95 %."""


@dataclass(frozen=True, slots=True)
class Reached:
    """One metric of one model, with its two-sided 95 % interval."""

    metric: str
    """Its name."""
    value: float | None
    """`None` when nothing was measured."""
    low: float | None = None
    """Lower end; `None` when it cannot be told."""
    high: float | None = None
    """Upper end."""
    wilson: tuple[float, float] | None = None
    """Wilson's interval, for shares of independent samples: nearer to its level on average."""

    @property
    def told(self) -> str:
        """The value with its interval."""
        return words.between(self.value, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Summary:
    """What one model reached."""

    model: str
    """Portfolio name."""
    asked: int
    """Answers, repetitions included."""
    invalid: int
    """Of them, without a valid answer; they score 0."""
    unanswered: int
    """Questions that could not be asked; they count nowhere."""
    quality: tuple[Reached, ...]
    """Each metric that was looked at; the first one is what models are compared by."""
    latency_p50_s: float | None
    """Half of the answers were ready by then."""
    latency_p95_s: float | None
    """19 of 20 were."""
    retry_rate: float | None
    """Share that took more than one attempt."""
    failure_rate: float | None
    """Share whose first attempt was not valid."""
    input_tokens: float | None
    """Mean over all attempts of a request; `None` when some are unknown."""
    output_tokens: float | None
    """The same for the answer."""
    cost: Money | None
    """All of it; `None` when some is unknown."""
    cost_usd: float | None
    """Mean for a request."""
    cost_per_valid_usd: float | None
    """All of it over the valid answers: what one usable answer costs."""
    is_on_front: bool = False
    """No other model is better in the first metric and no dearer per valid answer (Pareto front)."""

    @property
    def beside(self) -> tuple[str, ...]:
        """Speed and money for a table with the heads `BESIDE`."""
        return (
            f"{words.rough(self.latency_p50_s)} / {words.rough(self.latency_p95_s)}",
            words.percent(self.retry_rate),
            words.percent(self.failure_rate),
            f"{words.rough(self.input_tokens)} / {words.rough(self.output_tokens)}",
            words.rough(self.cost_usd),
            words.rough(self.cost_per_valid_usd),
        )


BESIDE = ("p50 / p95 s", "tried again", "first not valid", "tokens in / out", "USD a request", "USD a valid answer")


def summarise(results: Sequence[Results], metrics: Sequence[str], unanswered: dict[str, int]) -> list[Summary]:
    """A row for each model, in their order."""
    rows = [_summary(item, metrics, unanswered.get(item.model, 0)) for item in results]
    return [_on_front(row, rows) for row in rows]


def differences(results: Sequence[Results], metric: str, incumbent: str) -> list[Difference]:
    """Each model beside the incumbent, on the samples that both were asked."""
    return compare_paired({item.model: unit_scores(item, metric) for item in results}, incumbent)


def unit_scores(results: Results, metric: str) -> dict[str, float]:
    """Independent unit → mean of its scores."""
    return unit_means(results.scores(metric))


def is_scored(metric: str, results: Results) -> bool:
    """The metric is the mean of a scorer's scores, so that samples can be compared one by one."""
    return rule_of(metric, results.rules) is not None


def known_metrics() -> list[str]:
    """Names that may be asked for without declaring a scorer."""
    plain = [
        kind.value for kind in ScorerKind if kind not in {ScorerKind.JSON_FIELD, ScorerKind.JUDGE, ScorerKind.PYTHON}
    ]
    return [*plain, MACRO_F1, *(f"{name}_<label>" for name in LABEL_METRICS), *RUN_METRICS]


def reached(metric: str, results: Results) -> Reached:
    """A metric with its interval: exact for shares of independent samples, else by the bootstrap over units."""
    value, low, n, method = measured(metric, results, Side(is_lower=True, level=ENDS))
    _, high, _, _ = measured(metric, results, Side(is_lower=False, level=ENDS))
    if method == "clopper_pearson" and value is not None:
        return Reached(metric, value, low, high, wilson_interval(round(value * n), n))
    if method != "betting":
        return Reached(metric, value, low, high)
    x = extra("numpy").array(list(unit_scores(results, metric).values()))
    drawn = bootstrap(len(x), lambda at: x[at].mean(), *TWO_SIDED)
    return Reached(metric, value, *(drawn or (None, None)))


def _summary(results: Results, metrics: Sequence[str], unanswered: int) -> Summary:
    answers = [answer for _, answer in results.pairs]
    value = {name: measured(name, results, Side(is_lower=False))[0] for name in RUN_METRICS}
    return Summary(
        model=results.model,
        asked=len(answers),
        invalid=len(answers) - results.valid,
        unanswered=unanswered,
        quality=tuple(reached(metric, results) for metric in metrics),
        latency_p50_s=value["latency_p50_s"],
        latency_p95_s=value["latency_p95_s"],
        retry_rate=_mean([float(answer.calls > 1) for answer in answers]),
        failure_rate=_mean([float(not answer.is_first_valid) for answer in answers]),
        input_tokens=_mean([answer.input_tokens for answer in answers]),
        output_tokens=_mean([answer.output_tokens for answer in answers]),
        cost=results.cost,
        cost_usd=value["cost_usd"],
        cost_per_valid_usd=value["cost_per_valid_usd"],
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _on_front(row: Summary, rows: Sequence[Summary]) -> Summary:
    mine, price = _quality(row), row.cost_per_valid_usd
    if mine is None or price is None:
        return row
    others = [(_quality(other), other.cost_per_valid_usd) for other in rows if other is not row]
    known = [(quality, cost) for quality, cost in others if quality is not None and cost is not None]
    is_beaten = any(quality >= mine and cost <= price and (quality, cost) != (mine, price) for quality, cost in known)
    return replace(row, is_on_front=not is_beaten)


def _quality(row: Summary) -> float | None:
    return row.quality[0].value if row.quality else None
