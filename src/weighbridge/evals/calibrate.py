"""From which confidence on is the cheap model's answer good enough? Learned from an evaluation, with a guarantee."""

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from weighbridge.classify.signals import numbers_of
from weighbridge.config.sources import task_files
from weighbridge.domain.difficulty import DifficultyModel
from weighbridge.evals.difficulty import Learned, Outcome, learn
from weighbridge.evals.gather import draw
from weighbridge.evals.guarantee import certify_regret
from weighbridge.evals.metrics import Results
from weighbridge.evals.summary import unit_scores

_THRESHOLD = re.compile(r"((?:confidence|predicted_gain)\s*<\s*)([0-9.]+)")
_NARROWS = re.compile(r"\b(and|not|if)\b")
_WIDENS = re.compile(r"\b(or|not|if)\b")
FEWEST = 50
TO_LEARN = 0.5
"""Share of the prompts that a router is learned from; its threshold is chosen on the others."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """One prompt that both models answered."""

    text: str
    """What was asked."""
    confidence: float | None
    """Of the cheap model's valid answer; `None` when unknown or not valid, which always escalates."""
    weak: float
    """Score of the cheap model's answer."""
    strong: float
    """Score of the strong one's."""
    weak_usd: float | None
    """What the cheap call cost; `None` when unknown."""
    strong_usd: float | None
    """What the strong call cost; `None` when unknown."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A threshold, and what it does on prompts that it was not chosen on."""

    threshold: float
    """Answers with a lower confidence, or an unknown one, escalate: 1 or more, all do. Or prompts with at least this
    gain go to the fallback at once: 0, all do."""
    most_regret: float
    """What was promised: the share of prompts whose wrong cheap answer is kept although the strong one is right."""
    bound: float
    """Upper bound of that share, at the chosen level, on the prompts it was chosen on."""
    chosen_on: int
    """Prompts it was chosen on."""
    held_out: int
    """Prompts that the rest is measured on; none of them was chosen on."""
    regret: float | None
    """That share, there. `None` without held-out prompts, as all that follows."""
    escalated: float | None
    """Share of prompts that escalate."""
    precision: float | None
    """Of them, the share on which the cheap answer was wrong."""
    recall: float | None
    """Of the wrong cheap answers, the share that escalates."""
    quality: float | None
    """Mean score of the mix."""
    strong_quality: float | None
    """Mean score of asking the strong model always."""
    cost_ratio: float | None
    """Cost of the mix, cheap calls included, over the cost of asking the strong model always; `None` if unknown."""


def weigh(weak: Results, strong: Results, metric: str) -> list[Weighed]:
    """Bring both models' answers together, prompt by prompt."""
    scores, better = unit_scores(weak, metric), unit_scores(strong, metric)
    first = {sample.cluster: answer for sample, answer in reversed(weak.pairs)}
    asked = {sample.cluster: sample.input for sample, _ in reversed(weak.pairs)}
    other = {sample.cluster: answer for sample, answer in reversed(strong.pairs)}
    return [
        Weighed(
            asked[key],
            first[key].confidence if first[key].text is not None else None,
            scores[key],
            better[key],
            None if (cost := first[key].cost) is None else cost.pico / 1e12,
            None if (price := other[key].cost) is None else price.pico / 1e12,
        )
        for key in scores
        if key in better
    ]


def calibrate(
    chosen_on: Sequence[Weighed], held_out: Sequence[Weighed], most_regret: float, delta: float = 0.05
) -> Calibrated:
    """Choose the lowest threshold whose promise holds with probability `1 - delta`. Raises ValueError for too few."""
    if len(chosen_on) < FEWEST:
        raise ValueError(f"at least {FEWEST} prompts are needed to choose on, and there are {len(chosen_on)}")
    gains = [item.strong - item.weak for item in chosen_on]
    found = certify_regret([_doubt(item) for item in chosen_on], gains, most_regret, delta)
    threshold = 1.01 if found.cut == -math.inf else max(0.0, math.floor((1 - found.cut) * 1e4 + 1) / 1e4)
    if found.cut == math.inf:
        threshold = 0.0
    goes = [item.confidence is None or item.confidence < threshold for item in held_out]
    achieved = _achieved(held_out, goes, is_asked_first=True)
    return Calibrated(threshold, most_regret, found.bound, len(chosen_on), len(held_out), *achieved)


def calibrate_router(
    chosen_on: Sequence[Weighed],
    held_out: Sequence[Weighed],
    bindings: Mapping[str, str],
    most_regret: float,
    delta: float = 0.05,
) -> tuple[Calibrated, Learned]:
    """Learn a router on one half of the prompts, and choose on the other, which it has not seen, the highest predicted
    gain up to which the cheap model is asked, with the same promise. Raises ValueError for too few."""
    learned = learn([_outcome(item) for item in chosen_on if draw(item.text) < TO_LEARN], bindings)
    unseen = [item for item in chosen_on if draw(item.text) >= TO_LEARN]
    if len(unseen) < FEWEST:
        raise ValueError(f"at least {FEWEST} more prompts are needed to choose on, and there are {len(unseen)}")
    predicted = [_gain(learned.model, item.text) for item in unseen]
    found = certify_regret(predicted, [item.strong - item.weak for item in unseen], most_regret, delta)
    threshold = 1.01 if found.cut == math.inf else math.floor(max(0.0, found.cut) * 1e4) / 1e4
    goes = [_gain(learned.model, item.text) >= threshold for item in held_out]
    achieved = _achieved(held_out, goes, is_asked_first=False)
    return Calibrated(threshold, most_regret, found.bound, len(unseen), len(held_out), *achieved), learned


def _gain(model: DifficultyModel, text: str) -> float:
    """As `classify` computes it."""
    return model.expected_gain(text, None, numbers_of(text))


def _outcome(item: Weighed) -> Outcome:
    return Outcome(item.text, None, numbers_of(item.text), item.weak, item.strong, item.text)


def _doubt(item: Weighed) -> float:
    return 2.0 if item.confidence is None else 1 - item.confidence


def _achieved(rows: Sequence[Weighed], goes: Sequence[bool], *, is_asked_first: bool) -> tuple[float | None, ...]:
    if not rows:
        return (None,) * 7
    wrong = [item.weak < 1 for item in rows]
    n, up, bad = len(rows), sum(goes), sum(wrong)
    caught = sum(both for both in map(min, goes, wrong))
    kept_badly = sum(not leaves and item.strong > item.weak for leaves, item in zip(goes, rows, strict=True))
    quality = sum(item.strong if leaves else item.weak for leaves, item in zip(goes, rows, strict=True)) / n
    return (
        kept_badly / n,
        up / n,
        caught / up if up else None,
        caught / bad if bad else None,
        quality,
        sum(item.strong for item in rows) / n,
        _cost_ratio(rows, goes, is_asked_first=is_asked_first),
    )


def _cost_ratio(rows: Sequence[Weighed], goes: Sequence[bool], *, is_asked_first: bool) -> float | None:
    """Where the cheap model is asked first its calls are paid for even where the strong one is asked after it."""
    weak = [item.weak_usd for item in rows if item.weak_usd is not None]
    strong = [item.strong_usd for item in rows if item.strong_usd is not None]
    if len(weak) < len(rows) or len(strong) < len(rows) or not sum(strong):
        return None
    kept = sum(cost for cost, leaves in zip(weak, goes, strict=True) if is_asked_first or not leaves)
    return (kept + sum(cost for cost, leaves in zip(strong, goes, strict=True) if leaves)) / sum(strong)


def has_threshold(condition: str) -> bool:
    """The condition escalates at least where confidence is below one number: further parts only add to that."""
    return len(_THRESHOLD.findall(condition)) == 1 and not _NARROWS.search(condition)


def has_gain_threshold(condition: str) -> bool:
    """The condition lets the cheap model answer at most where the predicted gain is below one number."""
    is_alone = len(_THRESHOLD.findall(condition)) == 1 and "predicted_gain" in condition
    return is_alone and not _WIDENS.search(condition)


def proposed_change(config: Path, condition: str, threshold: float) -> tuple[Path, str, str] | None:
    """The file with the condition, its new text, and the difference to review; `None` where nothing changes, or the
    condition does not stand in the files just once, as it is."""
    new = _THRESHOLD.sub(lambda match: f"{match[1]}{threshold:g}", condition)
    texts = {file: file.read_text(encoding="utf-8") for file in (config, *task_files(config))}
    files = [file for file, text in texts.items() for _ in range(text.count(condition))]
    if new == condition or len(files) != 1:
        return None
    old_text = texts[files[0]]
    new_text = old_text.replace(condition, new)
    lines = difflib.unified_diff(
        old_text.splitlines(keepends=True), new_text.splitlines(keepends=True), f"a/{files[0]}", f"b/{files[0]}"
    )
    return files[0], new_text, "".join(lines)
