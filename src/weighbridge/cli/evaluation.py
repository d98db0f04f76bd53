"""What the commands of `weighbridge eval` share: their options, the session with its progress bar, the table."""

import asyncio
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from weighbridge.cli.common import found_config
from weighbridge.config.load import load_policy
from weighbridge.domain.errors import InvalidFieldError, NotFoundError
from weighbridge.domain.gate import LABEL_METRICS, RUN_METRICS, QualityGate
from weighbridge.domain.money import Money
from weighbridge.domain.policy import Policy
from weighbridge.evals.dataset import Dataset, load_dataset
from weighbridge.evals.evaluate import Bounds, Evaluation
from weighbridge.evals.extra import extra
from weighbridge.evals.journal import Journal
from weighbridge.evals.scorers.registry import rule_of
from weighbridge.evals.session import Session, Wanted, hold_session
from weighbridge.evals.summary import Summary, known_metrics
from weighbridge.pipeline.wire import derive_at

DEMO_DATASET = Path(__file__).parents[1] / "config" / "demo" / "evals" / "classify.yaml"
TASKLESS = "classify"


@Parameter(name="*")
@dataclass(frozen=True)
class Options:
    """Options of every command that asks models."""

    dataset: Annotated[Path | None, Parameter(help="YAML, JSONL or CSV; else the task's quality gate names it.")] = None
    models: Annotated[str | None, Parameter(help="Comma-separated; the task's own models if not stated.")] = None
    metrics: Annotated[
        str | None, Parameter(help="Comma-separated; else those of the task's quality gate, or exact_match.")
    ] = None
    epochs: Annotated[int, Parameter(help="How often each sample is asked.")] = 1
    split: Annotated[str | None, Parameter(help="Only this part of the dataset.")] = None
    tag: Annotated[str | None, Parameter(help="Only samples with this tag.")] = None
    max_cost: Annotated[str | None, Parameter(help="US dollars that new calls may cost together.")] = None
    concurrency: Annotated[int, Parameter(help="Calls at the same time.")] = 16
    since: Annotated[
        str | None, Parameter(help="Ask again what was answered before this time (RFC 3339), say of a demotion.")
    ] = None
    journal: Annotated[Path, Parameter(help="Where answers are kept; a stopped run goes on from it.")] = Path(
        ".weighbridge/answers.jsonl"
    )


def found_policy(config: Path | None) -> tuple[Policy, Path | None]:
    """The checked policy and the file that it stands in; `None` for the demo."""
    path = found_config(config)
    return derive_at(load_policy(path, os.environ), path).policy, path


def wanted_by(policy: Policy, path: Path | None, task: str, options: Options) -> Wanted:
    """What the options ask for. Raises InvalidFieldError or NotFoundError with the option that is wrong."""
    require(task in policy.tasks, "task", f"There is no task {task!r}.")
    require(options.epochs >= 1, "epochs", "Epochs start at 1.")
    require(1 <= options.concurrency <= 256, "concurrency", "Concurrency lies in 1 to 256.")
    gate = policy.tasks[task].gate
    dataset = load_dataset(_dataset_path(policy, task, path, options.dataset))
    samples = dataset.part(options.split, options.tag)
    told = f"split {options.split!r} and tag {options.tag!r}"
    require(bool(samples), "split", f"No sample belongs to {told}; splits are {', '.join(dataset.splits)}.")
    rules = {} if gate is None else gate.scorers
    metrics = _metrics(options.metrics, gate)
    for metric in metrics:
        is_known = metric.startswith(tuple(f"{name}_" for name in LABEL_METRICS)) or metric in known_metrics()
        require(is_known or rule_of(metric, rules) is not None, "metrics", f"There is no metric {metric!r}.")
    models = _models(policy, task, options.models)
    return Wanted(policy, task, dataset, samples, models, rules, metrics, options.epochs)


def bounds_of(options: Options) -> Bounds:
    """The bounds on calls and money."""
    try:
        return Bounds(options.concurrency, None if options.max_cost is None else Money.usd(options.max_cost))
    except ValueError as error:
        raise InvalidFieldError(f"{error}.", advice="Write dollars, such as 0.50.", param="max_cost") from None


def require(is_so: bool, param: str, condition: str) -> None:
    """Raise InvalidFieldError for an option that cannot be."""
    if not is_so:
        raise InvalidFieldError(condition, advice="`--help` says what is possible.", param=param)


def held(wanted: Wanted, options: Options) -> Session:
    """Hold the session, with a progress bar on a terminal. Raises CommandError before anything is paid for."""
    extra("scipy.stats")
    return asyncio.run(_held(wanted, options))


async def _held(wanted: Wanted, options: Options) -> Session:
    bounds, since = bounds_of(options), _moment(options.since)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[spent]} USD"))
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        count = len(wanted.questions)
        line = bar.add_task("eval", total=count, spent="0")

        def show(so_far: Evaluation) -> None:
            total = max(count, len(so_far.answers))  # judges ask further questions
            bar.update(line, completed=len(so_far.answers), total=total, spent=str(so_far.spent))

        return await hold_session(wanted, Journal(options.journal, since), bounds, show)


def _moment(since: str | None) -> datetime | None:
    try:
        moment = None if since is None else datetime.fromisoformat(since)
    except ValueError:
        raise InvalidFieldError(
            f"{since!r} is no time.", advice="Write it like 2026-11-25T00:00:00Z.", param="since"
        ) from None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _metrics(stated: str | None, gate: QualityGate | None) -> tuple[str, ...]:
    if stated is not None:
        return tuple(dict.fromkeys(stated.split(",")))
    own = () if gate is None else tuple(floor.metric for floor in gate.floors)
    scored = [metric for metric in dict.fromkeys(own) if metric not in RUN_METRICS]
    return tuple(scored) or ("exact_match",)


def _models(policy: Policy, task: str, stated: str | None) -> tuple[str, ...]:
    record = policy.tasks[task]
    names = list(record.models) if stated is None else stated.split(",")
    for name in names:
        if name not in policy.models:
            raise NotFoundError(
                f"There is no model {name!r}.", advice="`prices show` lists them.", code="unknown_model"
            )
    return tuple(dict.fromkeys(names))


def _dataset_path(policy: Policy, task: str, config: Path | None, stated: Path | None) -> Path:
    gate = policy.tasks[task].gate
    if stated is not None:
        return stated
    if gate is not None and config is not None:
        return config.parent / gate.dataset
    require(config is None and task == TASKLESS, "dataset", f"Task {task!r} names no dataset.")
    return DEMO_DATASET


def summary_table(rows: list[Summary]) -> Table:
    """Quality with its intervals."""
    table = Table("model", "answered", "no valid answer")
    for metric in rows[0].quality:
        table.add_column(f"{metric.metric} (95 % interval)")
    for row in rows:
        table.add_row(row.model, str(row.asked), str(row.invalid), *(metric.told for metric in row.quality))
    return table


def dataset_note(dataset: Dataset, asked: int) -> str:
    """Which samples these figures are of."""
    return f"{asked} of {len(dataset.samples)} samples, dataset {dataset.digest[:12]}"
