"""One evaluation, from its options to what each model reached: ask, let judges judge, keep apart what failed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from weighbridge.domain.caller import EVALUATION
from weighbridge.domain.gate import ScorerKind, ScorerRule
from weighbridge.domain.policy import Policy
from weighbridge.evals.dataset import Dataset, Sample
from weighbridge.evals.evaluate import Bounds, Evaluation, Question, evaluate, for_evaluation
from weighbridge.evals.journal import Journal
from weighbridge.evals.judge import Agreement, agreement, judged_scores, pairs_of, questions_for, with_judges
from weighbridge.evals.metrics import Results, judged_key
from weighbridge.pipeline.gateway import Gateway


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to evaluate."""

    policy: Policy
    """As it serves; the session takes gates and people out of it."""
    task: str
    """The task."""
    dataset: Dataset
    """All samples."""
    samples: tuple[Sample, ...]
    """Those that are asked."""
    models: tuple[str, ...]
    """Portfolio names."""
    rules: Mapping[str, ScorerRule] = field(default_factory=dict)
    """Scorers that are declared."""
    metrics: tuple[str, ...] = ("exact_match",)
    """What is looked at."""
    epochs: int = 1
    """How often each sample is asked."""

    @property
    def questions(self) -> list[Question]:
        """Model by model, so that a cheap one is done when the money ends."""
        return [
            Question(self.task, name, sample, epoch)
            for name in self.models
            for epoch in range(self.epochs)
            for sample in self.samples
        ]

    @property
    def judges(self) -> dict[str, ScorerRule]:
        """Judges whose metric is looked at."""
        found = {name: self.rules[name] for name in self.metrics if name in self.rules}
        return {name: rule for name, rule in found.items() if rule.kind is ScorerKind.JUDGE}


@dataclass(frozen=True, slots=True)
class Session:
    """What came of it."""

    results: tuple[Results, ...]
    """For each model."""
    evaluation: Evaluation
    """Answers and money, judges' included."""
    unanswered: Mapping[str, int]
    """Model → questions that could not be asked, or not be judged."""
    agreements: Mapping[str, Agreement]
    """Judge's metric → how it does beside people."""


async def hold_session(
    wanted: Wanted, journal: Journal, bounds: Bounds, on_answer: Callable[[Evaluation], None]
) -> Session:
    """Ask everything that the journal does not hold yet, and close it. Raises ConfigError or CommandError."""
    policy = with_judges(for_evaluation(wanted.policy, wanted.task, bounds), wanted.task, wanted.judges)
    try:
        async with Gateway.on(policy, EVALUATION) as gateway:
            done = await evaluate(gateway, wanted.questions, journal, bounds, on_answer)
            results = tuple(_results(wanted, name, done) for name in wanted.models)
            judged, agreements = dict[tuple[str, str], float](), dict[str, Agreement]()
            labelled = [sample for sample in wanted.dataset.samples if sample.answer and sample.target]
            for metric, rule in wanted.judges.items():
                pairs = [pair for item in results for pair in pairs_of(item)]
                pairs += [(sample, sample.answer or "") for sample in labelled]
                said = await evaluate(gateway, questions_for(metric, rule, pairs), journal, bounds, on_answer, done)
                judged |= judged_scores(metric, rule, pairs, said.answers)
                known = [judged.get((metric, judged_key(sample, sample.answer or ""))) for sample in labelled]
                agreements[metric] = agreement(labelled, known)
    finally:
        journal.close()
    missing = {item.model: len(wanted.samples) * wanted.epochs - len(item.pairs) for item in results}
    finished = tuple(_judged(item, judged, wanted.judges) for item in results)
    for before, after in zip(results, finished, strict=True):
        missing[before.model] += len(before.pairs) - len(after.pairs)
    return Session(finished, done, missing, agreements)


def _results(wanted: Wanted, model: str, done: Evaluation) -> Results:
    heard = [
        (question.sample, answer)
        for question, answer in done.answers.items()
        if question.model == model and question.task == wanted.task and not answer.is_fault
    ]
    contract = wanted.policy.tasks[wanted.task].contract
    return Results(model, tuple(heard), contract, wanted.rules)


def _judged(results: Results, judged: Mapping[tuple[str, str], float], judges: Mapping[str, ScorerRule]) -> Results:
    """Without the answers that a judge could not be asked about."""
    wanted = {judged_key(sample, text) for sample, text in pairs_of(results)} if judges else set()
    kept = tuple(
        (sample, answer)
        for sample, answer in results.pairs
        if (key := judged_key(sample, answer.text or "")) not in wanted
        or all((metric, key) in judged for metric in judges)
    )
    return replace(results, pairs=kept, judged=judged)
