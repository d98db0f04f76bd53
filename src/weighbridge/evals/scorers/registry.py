"""Scorers by name: the built-in ones, those that a gate declares, and those of entry points."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points

from weighbridge.domain.errors import CommandError
from weighbridge.domain.gate import ScorerKind, ScorerRule
from weighbridge.evals.scorers.case import Case, Scorer
from weighbridge.evals.scorers.citations import citations
from weighbridge.evals.scorers.contains import contains
from weighbridge.evals.scorers.exact_match import exact_match
from weighbridge.evals.scorers.json_field import json_field
from weighbridge.evals.scorers.numeric import numeric
from weighbridge.evals.scorers.overlap import rouge_l, token_f1
from weighbridge.evals.scorers.regex import regex
from weighbridge.evals.scorers.schema import schema

GROUP = "weighbridge.scorers"
"""Entry-point group of scorers in Python: functions of a `Case` that return a number from 0 to 1."""
SCORERS: Mapping[ScorerKind, Scorer] = {
    ScorerKind.EXACT_MATCH: exact_match,
    ScorerKind.LABEL: exact_match,
    ScorerKind.JSON_FIELD: json_field,
    ScorerKind.NUMERIC: numeric,
    ScorerKind.REGEX: regex,
    ScorerKind.CONTAINS: contains,
    ScorerKind.ROUGE_L: rouge_l,
    ScorerKind.TOKEN_F1: token_f1,
    ScorerKind.CITATIONS: citations,
    ScorerKind.SCHEMA: schema,
}
"""By kind. A refusal is seen from the outcome, a judge is asked: see `metrics.py` and `judge.py`."""
IN_PARTS = frozenset({ScorerKind.ROUGE_L, ScorerKind.TOKEN_F1, ScorerKind.JUDGE, ScorerKind.PYTHON})
"""Kinds that may say something between 0 and 1; the others say right or wrong, so that exact binomial bounds hold."""


def rule_of(metric: str, declared: Mapping[str, ScorerRule]) -> ScorerRule | None:
    """The scorer behind a metric's name; `None` when there is none of that name."""
    if metric in declared:
        return declared[metric]
    return ScorerRule(ScorerKind(metric)) if metric in {*ScorerKind} else None


def score(case: Case, rule: ScorerRule) -> float:
    """The score of a valid answer. Raises CommandError for a scorer that is not there or says no number from 0 to 1."""
    if rule.kind is not ScorerKind.PYTHON:
        return SCORERS[rule.kind](case, rule)
    name = rule.entry_point or ""
    value = load_scorer(name)(case)
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise CommandError(f"The scorer {name!r} returned no number from 0 to 1.", advice="Mend it.")
    return float(value)


@cache
def load_scorer(name: str) -> Callable[[Case], object]:
    """A scorer of the entry-point group. Raises CommandError when it is not installed."""
    for point in entry_points(group=GROUP, name=name):
        found: Callable[[Case], object] = point.load()
        return found
    raise CommandError(f"There is no scorer {name!r} in {GROUP}.", advice="Install the package that brings it.")
