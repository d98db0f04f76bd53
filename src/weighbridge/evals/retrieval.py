"""Retrieval by itself: does a question find the passages that answer it, and nothing where nothing does?

Recall@k is the share of a question's expected passages among the first k; the reciprocal rank is 1 over the place of
the first of them (Voorhees, TREC-8, 1999); nDCG@k weighs each by its place (Järvelin & Kekäläinen, TOIS 20, 2002).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from weighbridge.context.pack import pack
from weighbridge.domain.errors import CommandError
from weighbridge.domain.evidence import EvidenceRule, SourceStatus
from weighbridge.domain.material import Source
from weighbridge.evals.extra import extra
from weighbridge.evals.intervals import TWO_SIDED, bootstrap, exact_interval

MOST_SAMPLES = 100_000


@dataclass(frozen=True, slots=True)
class RetrievalSample:
    """A question and the passages that answer it."""

    question: str
    """As people ask it."""
    expects: tuple[str, ...]
    """Ids of passages or of whole documents, with or without their collection; empty: nothing answers it."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What came of one question."""

    sample: RetrievalSample
    """The question."""
    ranks: tuple[int | None, ...]
    """For each expected passage its place among those found, from 1; `None`: not found."""
    shown: tuple[str, ...]
    """Ids of what would be shown as current."""
    is_shown: bool
    """All that is expected would be shown as current; for a question that nothing answers: nothing would be."""
    similarity: float | None = None
    """Of the nearest expected passage, or for a question that nothing answers of the nearest of all; `None` where no
    vectors were compared."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its two-sided 95 % confidence interval."""

    name: str
    """Such as `recall@5`."""
    value: float
    """The mean over the questions."""
    low: float | None
    """`None` where there are too few questions to say."""
    high: float | None
    """The same."""
    n: int
    """Questions that it stands on."""


def read_questions(path: Path) -> list[RetrievalSample]:
    """The questions of a file: YAML with a list `samples`. Raises CommandError."""
    try:
        stated = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        raise CommandError(f"{path} cannot be read as YAML.", advice="Check its path and its indentation.") from None
    rows = stated.get("samples") if isinstance(stated, dict) else None
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_SAMPLES:
        raise CommandError(f"{path} has no list `samples`.", advice="Give it `samples: [{question, expects}]`.")
    return [_sample(row, number, path) for number, row in enumerate(rows, 1)]


def _sample(row: object, number: int, path: Path) -> RetrievalSample:
    question = row.get("question") if isinstance(row, dict) else None
    expects = row.get("expects") if isinstance(row, dict) else None
    if not isinstance(question, str) or not question.strip() or not isinstance(expects, list):
        raise CommandError(
            f"Sample {number} of {path} is no question.",
            advice="Give it `question` and `expects`, a list of ids that may be empty.",
        )
    return RetrievalSample(question, tuple(map(str, expects)))


def judge_retrieval(
    sample: RetrievalSample, found: Sequence[Source], rule: EvidenceRule, count: Callable[[str], int], today: date
) -> Retrieved:
    """Hold what a search found, and what of it would be shown, against what was expected."""
    ranks = tuple(
        next((rank for rank, source in enumerate(found, 1) if _is(source, name)), None) for name in sample.expects
    )
    packed = pack(found, rule, count, rule.max_tokens, today)
    current = [
        source
        for source, shown in zip(packed.sources, packed.evidence.shown, strict=True)
        if shown.status is SourceStatus.CURRENT
    ]
    is_shown = (
        all(any(_is(source, name) for source in current) for name in sample.expects) if sample.expects else not current
    )
    near = [source for source in found if not sample.expects or any(_is(source, name) for name in sample.expects)]
    similarity = max((source.similarity for source in near if source.similarity is not None), default=None)
    return Retrieved(sample, ranks, tuple(source.id for source in current), is_shown, similarity)


def figures(results: Sequence[Retrieved], k: int) -> list[Figure]:
    """Recall, reciprocal rank and nDCG over questions that something answers, and what would be shown."""
    answerable = [item for item in results if item.sample.expects]
    unanswerable = [item for item in results if not item.sample.expects]
    found = [
        _mean("recall@1", [_recall(item, 1) for item in answerable]),
        _mean(f"recall@{k}", [_recall(item, k) for item in answerable]),
        _mean("MRR", [_reciprocal(item) for item in answerable]),
        _mean(f"nDCG@{k}", [_ndcg(item, k) for item in answerable]),
        _share("shown", [item.is_shown for item in answerable]),
        _share("nothing shown where nothing answers", [item.is_shown for item in unanswerable]),
    ]
    return [figure for figure in found if figure.n]


@dataclass(frozen=True, slots=True)
class Spread:
    """How similar questions and passages are: between `unrelated` and `related` of the model's row."""

    name: str
    """Of which passages."""
    low: float
    """A tenth of the questions is below."""
    median: float
    """Half of them is."""
    high: float
    """A tenth is above."""
    n: int
    """Questions."""


def spreads(results: Sequence[Retrieved]) -> list[Spread]:
    """Of what answers a question, and of the nearest passage where nothing does; none without vectors."""
    found = [
        ("what answers", [item.similarity for item in results if item.sample.expects]),
        ("the nearest where nothing answers", [item.similarity for item in results if not item.sample.expects]),
    ]
    known = [(name, [value for value in values if value is not None]) for name, values in found]
    return [_spread(name, values) for name, values in known if values]


def _spread(name: str, values: Sequence[float]) -> Spread:
    low, median, high = (float(extra("numpy").quantile(values, share)) for share in (0.1, 0.5, 0.9))
    return Spread(name, low, median, high, len(values))


def _is(source: Source, name: str) -> bool:
    own = [whole for whole in (source.id, source.document) if whole is not None]
    return any(name in {whole, whole.partition("/")[2]} for whole in own)


def _recall(item: Retrieved, k: int) -> float:
    return sum(rank is not None and rank <= k for rank in item.ranks) / len(item.ranks)


def _reciprocal(item: Retrieved) -> float:
    return max((1.0 / rank for rank in item.ranks if rank is not None), default=0.0)


def _ndcg(item: Retrieved, k: int) -> float:
    gained = sum(1.0 / math.log2(rank + 1) for rank in item.ranks if rank is not None and rank <= k)
    best = sum(1.0 / math.log2(place + 1) for place in range(1, min(k, len(item.ranks)) + 1))
    return gained / best


def _mean(name: str, values: Sequence[float]) -> Figure:
    if not values:
        return Figure(name, 0.0, None, None, 0)
    array = extra("numpy").asarray(values)
    bounds = bootstrap(len(values), lambda drawn: array[drawn].mean(), *TWO_SIDED)
    low, high = bounds if bounds is not None else (None, None)
    return Figure(name, float(array.mean()), low, high, len(values))


def _share(name: str, held: Sequence[bool]) -> Figure:
    if not held:
        return Figure(name, 0.0, None, None, 0)
    return Figure(name, sum(held) / len(held), *exact_interval(sum(held), len(held)), len(held))
