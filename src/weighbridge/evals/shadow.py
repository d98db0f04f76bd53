"""What shadow traffic shows: a challenger beside the answers that callers got."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from weighbridge.domain.money import Money
from weighbridge.domain.record import OutcomeStatus, Record
from weighbridge.evals import words
from weighbridge.evals.intervals import exact_interval


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, with a two-sided 95 % interval."""

    hits: int
    """How many."""
    n: int
    """Of how many."""

    @property
    def told(self) -> str:
        """With its interval."""
        if self.n == 0:
            return "unknown"
        low, high = exact_interval(self.hits, self.n)
        return words.between(self.hits / self.n, low, high)


@dataclass(frozen=True, slots=True)
class Beside:
    """A challenger beside what was served."""

    model: str
    """Portfolio name of the challenger."""
    valid: Share
    """Its valid answers, of the requests that it was called for; every served one was valid."""
    agrees: Share
    """Of its valid answers, those that say what the served one says."""
    served_score: float | None
    """Mean of the judge's scores of the served answers: 1 where none was worse; `None` where no judge was asked."""
    judged: int
    """Answers that it compared."""
    latency_s: tuple[float | None, float | None]
    """Median seconds: the challenger's, then those of what was served."""
    cost_usd: tuple[float | None, float | None]
    """Mean dollars a request, the same way; `None` where one is unknown."""


def beside(pairs: Sequence[tuple[Record, Record]], scores: Mapping[str, float]) -> list[Beside]:
    """One row a challenger, from its records and those of the requests that it answered again."""
    models = dict.fromkeys(record.requested_model for record, _ in pairs)
    return [_row(model, [pair for pair in pairs if pair[0].requested_model == model], scores) for model in models]


def _row(model: str, pairs: Sequence[tuple[Record, Record]], scores: Mapping[str, float]) -> Beside:
    called = [(own, served) for own, served in pairs if own.attempts]
    answered = [own for own, _ in called if own.status is OutcomeStatus.ANSWERED]
    known = [scores[served.id] for _, served in called if served.id in scores]
    return Beside(
        model,
        Share(len(answered), len(called)),
        Share(sum(own.shadow is not None and own.shadow.agrees is True for own in answered), len(answered)),
        fmean(known) if known else None,
        len(known),
        (_median([own.duration_s for own in answered]), _median([served.duration_s for _, served in called])),
        (_mean([own.cost for own, _ in called]), _mean([served.cost for _, served in called])),
    )


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _mean(costs: Sequence[Money | None]) -> float | None:
    known = [float(str(cost)) for cost in costs if cost is not None]
    return fmean(known) if known and len(known) == len(costs) else None
