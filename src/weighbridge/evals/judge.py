"""A model as judge: is an answer at least as good as the sample's own, whichever of the two is shown first?"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from weighbridge.domain.gate import ScorerKind, ScorerRule
from weighbridge.domain.policy import Policy
from weighbridge.evals.dataset import Sample
from weighbridge.evals.evaluate import Question
from weighbridge.evals.extra import extra
from weighbridge.evals.intervals import bootstrap
from weighbridge.evals.journal import Answer
from weighbridge.evals.metrics import Results, judged_key
from weighbridge.validation.judging import FIRST, SECOND, judge_task, not_worse, pair_shown

FEWEST_LABELLED = 30
LOWEST_KAPPA = 0.4
"""Below it, agreement beyond chance is called fair at best (Landis and Koch 1977); such a judge may not gate."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a judge does beside people."""

    n: int
    """Answers that a person had judged."""
    share: float | None
    """Of them, the share on which both agree; `None` where there are none."""
    kappa: float | None
    """Cohen's kappa (1960): agreement beyond chance; `None` where it is not defined."""
    lower: float | None
    """Its one-sided 95 % bootstrap bound."""
    inconsistent: float | None
    """Share of answers on which the judge said otherwise when the two were swapped."""

    @property
    def may_gate(self) -> bool:
        """Enough people's judgements, and enough agreement with them."""
        return self.n >= FEWEST_LABELLED and self.lower is not None and self.lower >= LOWEST_KAPPA


def with_judges(policy: Policy, task: str, rules: Mapping[str, ScorerRule]) -> Policy:
    """The policy with one task for each judge, as protected as the task that is judged."""
    judges = [
        judge_task(name, rule, policy.tasks[task]) for name, rule in rules.items() if rule.kind is ScorerKind.JUDGE
    ]
    return replace(policy, tasks={**policy.tasks, **{judge.name: judge for judge in judges}})


def questions_for(metric: str, rule: ScorerRule, pairs: Sequence[tuple[Sample, str]]) -> list[Question]:
    """Two questions for each sample and answer: the answer first, then the sample's own first."""
    return [
        Question(f"_judge.{metric}", rule.model or "", _shown(sample, text, is_first=is_first), 0)
        for sample, text in dict.fromkeys(pairs)
        for is_first in (True, False)
    ]


def _shown(sample: Sample, text: str, *, is_first: bool) -> Sample:
    first, second = (text, sample.target) if is_first else (sample.target, text)
    return Sample(f"{sample.id}.{FIRST if is_first else SECOND}", pair_shown(sample.input, first, second), None)


def judged_scores(
    metric: str, rule: ScorerRule, pairs: Sequence[tuple[Sample, str]], said: Mapping[Question, Answer]
) -> dict[tuple[str, str], float]:
    """(metric, sample and answer) → share of the two orders in which the answer was not the worse one.

    A pair that the judge could not be asked about is left out.
    """
    scores = dict[tuple[str, str], float]()
    for sample, text in dict.fromkeys(pairs):
        answers = [said.get(question) for question in questions_for(metric, rule, [(sample, text)])]
        heard = [answer for answer in answers if answer is not None and not answer.is_fault]
        if len(heard) == 2:
            scores[metric, judged_key(sample, text)] = not_worse(heard[0].text, heard[1].text)
    return scores


def pairs_of(results: Results) -> list[tuple[Sample, str]]:
    """What a judge looks at: valid answers to samples with a target."""
    return [
        (sample, answer.text)
        for sample, answer in results.pairs
        if answer.text is not None and sample.target is not None and not sample.refuses
    ]


def agreement(labelled: Sequence[Sample], scores: Sequence[float | None]) -> Agreement:
    """Hold a judge against people: a person's `is_good` beside "not worse in both orders"."""
    known = [(bool(sample.is_good), found) for sample, found in zip(labelled, scores, strict=True) if found is not None]
    if not known:
        return Agreement(0, None, None, None, None)
    np, metrics = extra("numpy"), extra("sklearn.metrics")
    people = np.array([good for good, _ in known])
    judge = np.array([found == 1.0 for _, found in known])

    def kappa(drawn: object) -> float:
        told = people[drawn], judge[drawn]
        both = {bool(value) for part in told for value in part}
        return float(metrics.cohen_kappa_score(*told)) if len(both) == 2 else float("nan")

    found = bootstrap(len(known), kappa, 0.05, resamples=500)
    value = kappa(np.arange(len(known)))
    return Agreement(
        n=len(known),
        share=float((people == judge).mean()),
        kappa=None if math.isnan(value) else value,
        lower=None if found is None else found[0],
        inconsistent=sum(score == 0.5 for _, score in known) / len(known),
    )
