"""`weighbridge eval run TASK`: how well models answer a dataset."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from weighbridge.cli.common import Config, Json, found_config, print_json, print_tables
from weighbridge.config.load import load_policy
from weighbridge.domain.errors import InvalidFieldError, NotFoundError
from weighbridge.domain.money import Money
from weighbridge.domain.policy import Policy
from weighbridge.evals.bounds import exact_bounds
from weighbridge.evals.dataset import Dataset, load_dataset
from weighbridge.evals.evaluate import Bounds, Evaluation, Question, evaluate, for_evaluation
from weighbridge.evals.journal import Journal
from weighbridge.evals.scorers import PROPORTIONS, SCORERS
from weighbridge.pipeline.gateway import Gateway
from weighbridge.pipeline.wire import derive_at

DEMO_DATASET = Path(__file__).parents[1] / "config" / "demo" / "evals" / "classify.yaml"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a model reached."""

    model: str
    """Portfolio name."""
    answered: int
    """Samples asked, repetitions included."""
    invalid: int
    """Samples without a valid answer; each scores 0."""
    score: float | None
    """Mean score; `None` when nothing was asked."""
    low: float | None
    """Lower end of the exact 95 % interval; `None` where the scorer gives parts or samples were repeated."""
    high: float | None
    """Its upper end."""


def run(
    task: Annotated[str, Parameter(help="A task of the config.")],
    *,
    dataset: Annotated[
        Path | None, Parameter(help="YAML, JSONL or CSV; else the task's quality gate names it.")
    ] = None,
    models: Annotated[str | None, Parameter(help="Comma-separated; the task's own models if not stated.")] = None,
    scorer: Annotated[str, Parameter(help=f"One of {', '.join(SCORERS)}.")] = "exact_match",
    epochs: Annotated[int, Parameter(help="How often each sample is asked.")] = 1,
    split: Annotated[str | None, Parameter(help="Only this part of the dataset.")] = None,
    max_cost: Annotated[str | None, Parameter(help="US dollars that new calls may cost together.")] = None,
    concurrency: Annotated[int, Parameter(help="Calls at the same time.")] = 16,
    journal: Annotated[Path, Parameter(help="Where answers are kept; a stopped run goes on from it.")] = Path(
        ".weighbridge/answers.jsonl"
    ),
    config: Config = None,
    json: Json = False,
) -> int:
    """Ask every sample with the model pinned, and score what comes. Exit 1 when the money ended first."""
    import asyncio

    path = found_config(config)
    policy = derive_at(load_policy(path, os.environ), path).policy
    _require(task in policy.tasks, "task", f"There is no task {task!r}.")
    _require(scorer in SCORERS, "scorer", f"There is no scorer {scorer!r}.")
    _require(epochs >= 1 and 1 <= concurrency <= 256, "epochs", "Epochs start at 1, concurrency lies in 1 to 256.")
    names = _models(policy, task, models)
    found = load_dataset(_dataset_path(policy, task, path, dataset))
    samples = found.part(split)
    _require(bool(samples), "split", f"No sample belongs to split {split!r}.")
    questions = [Question(task, name, item, epoch) for name in names for epoch in range(epochs) for item in samples]
    bounds = Bounds(concurrency, None if max_cost is None else _money(max_cost))
    done = asyncio.run(_evaluate(for_evaluation(policy, task, bounds), questions, journal, bounds))
    standings = [_standing(name, done, scorer, epochs) for name in names]
    _show(json, found, done, standings, len(questions))
    return 0 if len(done.answers) == len(questions) else 1


def _require(is_so: bool, param: str, condition: str) -> None:
    if not is_so:
        raise InvalidFieldError(condition, advice="`weighbridge eval run --help` says what is possible.", param=param)


def _money(text: str) -> Money:
    try:
        return Money.usd(text)
    except ValueError as error:
        raise InvalidFieldError(f"{error}.", advice="Write dollars, such as 0.50.", param="max_cost") from None


def _models(policy: Policy, task: str, stated: str | None) -> list[str]:
    record = policy.tasks[task]
    names = [record.primary_model, *record.fallback_models] if stated is None else stated.split(",")
    for name in names:
        if name not in policy.models:
            raise NotFoundError(
                f"There is no model {name!r}.", advice="`prices show` lists them.", code="unknown_model"
            )
    return list(dict.fromkeys(names))


def _dataset_path(policy: Policy, task: str, config: Path | None, stated: Path | None) -> Path:
    gate = policy.tasks[task].gate
    if stated is not None:
        return stated
    if gate is not None and config is not None:
        return config.parent / gate.dataset
    _require(config is None and task == "classify", "dataset", f"Task {task!r} names no dataset.")
    return DEMO_DATASET


async def _evaluate(policy: Policy, questions: list[Question], path: Path, bounds: Bounds) -> Evaluation:
    journal = Journal(path)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[spent]} USD"))
    console = Console(file=sys.stderr)
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            line = bar.add_task("eval", total=len(questions), spent="0")
            show: Callable[[Evaluation], None] = lambda so_far: bar.update(  # noqa: E731
                line, completed=len(so_far.answers), spent=str(so_far.spent)
            )
            async with Gateway.on(policy) as gateway:
                return await evaluate(gateway, questions, journal, bounds, show)
    finally:
        journal.close()


def _standing(model: str, done: Evaluation, scorer: str, epochs: int) -> Standing:
    pairs = [(question, answer) for question, answer in done.answers.items() if question.model == model]
    invalid = sum(answer.text is None for _, answer in pairs)
    scores = [
        0.0 if answer.text is None else SCORERS[scorer](answer.text, question.sample.target)
        for question, answer in pairs
    ]
    if not scores:
        return Standing(model, 0, 0, None, None, None)
    low, high = (None, None)
    if scorer in PROPORTIONS and epochs == 1:
        low, high = exact_bounds(int(sum(scores)), len(scores))
    return Standing(model, len(scores), invalid, sum(scores) / len(scores), low, high)


def _show(json: bool, dataset: Dataset, done: Evaluation, standings: list[Standing], wanted: int) -> None:
    if json:
        models = [{name: getattr(item, name) for name in Standing.__slots__} for item in standings]
        print_json(
            {
                "dataset_digest": dataset.digest,
                "wanted": wanted,
                "answered": len(done.answers),
                "asked_now": done.asked,
                "spent_usd": str(done.spent),
                "models": models,
            }
        )
        return
    table = Table("model", "answered", "no valid answer", "score", "95 % interval")
    for item in standings:
        interval = "" if item.low is None or item.high is None else f"{item.low:.3f} to {item.high:.3f}"
        score = "unknown" if item.score is None else f"{item.score:.3f}"
        table.add_row(item.model, str(item.answered), str(item.invalid), score, interval)
    print_tables(table, f"{len(done.answers)} of {wanted} answered, {done.asked} asked now for {done.spent} USD.")
