"""`weighbridge eval calibrate TASK`: when is the cheap model good enough? After its answer, or before it is asked."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.table import Table

from weighbridge.cli.common import Config, Json, print_json, print_tables
from weighbridge.cli.eval_run import run_note
from weighbridge.cli.evaluation import Options, found_policy, held, require, wanted_by
from weighbridge.config.routers import router_bindings, to_json
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.policy import Policy
from weighbridge.domain.task import Task
from weighbridge.evals import words
from weighbridge.evals.calibrate import (
    Calibrated,
    Weighed,
    calibrate_router,
    has_gain_threshold,
    has_threshold,
    proposed_change,
    weigh,
)
from weighbridge.evals.calibrate import (
    calibrate as choose,
)
from weighbridge.evals.difficulty import Learned
from weighbridge.evals.metrics import Results
from weighbridge.evals.summary import is_scored

By = Literal["confidence", "predicted_gain"]


@dataclass(frozen=True, slots=True)
class Found:
    """What was chosen."""

    calibrated: Calibrated
    """The threshold, and what it does."""
    learned: Learned | None = None
    """The router, where it is a predicted gain that is cut."""


def calibrate(
    task: Annotated[str, Parameter(help="A task with a fallback model.")],
    *,
    by: Annotated[By, Parameter(help="Cut the answer's confidence, or the gain that a learned router predicts.")] = (
        "confidence"
    ),
    options: Options = Options(),  # noqa: B008 (frozen)
    regret: Annotated[float, Parameter(help="Most prompts, as a share, whose wrong answer may be kept.")] = 0.05,
    choose_on: Annotated[str, Parameter(help="Split to choose on; all others measure what came of it.")] = "train",
    write: Annotated[bool, Parameter(negative=(), help="Write the threshold into the record, and the router.")] = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Choose when the first fallback is asked, so that a promise on what is lost holds in 95 of 100 cases."""
    policy, path = found_policy(config)
    require(task in policy.tasks, "task", f"There is no task {task!r}.")
    require(0 < regret < 1, "regret", "Regret lies between 0 and 1.")
    record = policy.tasks[task]
    require(bool(record.fallback_models), "task", f"Task {task!r} has no fallback to escalate to.")
    require(options.epochs == 1, "epochs", "A threshold is chosen on one answer a sample.")
    condition = _condition(record, by)
    pair = (record.primary_model, record.fallback_models[0])
    wanted = wanted_by(policy, path, task, replace(options, models=",".join(pair)))
    session = held(wanted, options)
    metric = wanted.metrics[0]
    require(is_scored(metric, session.results[0]), "metrics", f"{metric!r} says nothing of single answers.")
    chosen, rest = (_weighed(session.results, choose_on, metric, is_it=is_it) for is_it in (True, False))
    found = _found(policy, record, by, chosen, rest, regret, choose_on)
    change = None if path is None else proposed_change(path, condition, found.calibrated.threshold)
    artefact = None if record.router is None or path is None else path.parent / record.router.path
    if write:
        _write(found, change, artefact)
    if json:
        print_json(_json(task, pair, found, change))
    else:
        told = "The condition keeps as it is." if change is None else change[2]
        kept = [f"Router: {artefact}"] if write and found.learned is not None else []
        print_tables(_table(found, by), run_note(wanted, session), told, *kept)
    return 0 if not sum(session.unanswered.values()) else 1


def _condition(record: Task, by: By) -> str:
    """The condition whose number is to be chosen. Raises InvalidFieldError where the promise could not hold for it."""
    if by == "confidence":
        text = "" if record.escalate_when is None else record.escalate_when.text
        expected = "escalate_when of the form `confidence < x`, alone or with `or`"
        is_fit = has_threshold(text)
    else:
        text = "" if record.use_primary_when is None else record.use_primary_when.text
        expected = "use_primary_when of the form `predicted_gain < x`, alone or with `and`, with a `router` beside it"
        is_fit = has_gain_threshold(text) and record.router is not None
    more = "anything else could keep answers that it should not"
    require(is_fit, "task", f"Task {record.name!r} has no {expected}: {more}.")
    return text


def _found(  # noqa: PLR0917 (what a choice rests on)
    policy: Policy,
    record: Task,
    by: By,
    chosen: list[Weighed],
    rest: list[Weighed],
    regret: float,
    choose_on: str,
) -> Found:
    try:
        if by == "confidence":
            return Found(choose(chosen, rest, regret))
        return Found(*calibrate_router(chosen, rest, router_bindings(policy, record.name), regret))
    except ValueError as error:
        advice = f"Give more samples the split {choose_on!r}, or --choose-on another."
        raise InvalidFieldError(f"{str(error).capitalize()}.", advice=advice, param="choose_on") from None


def _write(found: Found, change: tuple[Path, str, str] | None, artefact: Path | None) -> None:
    if found.learned is not None and artefact is not None:
        artefact.parent.mkdir(parents=True, exist_ok=True)
        artefact.write_bytes(to_json(found.learned.model))
    if change is not None:
        change[0].write_text(change[1], encoding="utf-8")


def _weighed(results: Sequence[Results], split: str, metric: str, *, is_it: bool) -> list[Weighed]:
    weak, strong = (
        replace(item, pairs=tuple(pair for pair in item.pairs if (pair[0].split == split) is is_it)) for item in results
    )
    return weigh(weak, strong, metric)


def _json(task: str, pair: tuple[str, str], found: Found, change: tuple[Path, str, str] | None) -> dict[str, object]:
    learned = found.learned
    router = None if learned is None else {"calibration_error": learned.calibration_error, "brier": learned.brier}
    diff = None if change is None else change[2]
    return asdict(found.calibrated) | {"task": task, "models": pair, "diff": diff, "router": router}


def _table(found: Found, by: By) -> Table:
    what = found.calibrated
    before = "escalate when confidence is below" if by == "confidence" else "ask the fallback at once from this gain on"
    rows = {
        before: what.threshold,
        f"regret shown to be at most (over {what.chosen_on} prompts)": what.bound,
        f"regret on {what.held_out} other prompts": what.regret,
        "asked of the fallback": what.escalated,
        "of them wrong by the primary (precision)": what.precision,
        "of the primary's wrong ones asked of the fallback (recall)": what.recall,
        "quality of the mix": what.quality,
        "quality of always asking the fallback": what.strong_quality,
        "cost beside always asking the fallback": what.cost_ratio,
    }
    if found.learned is not None:
        rows["router: expected calibration error"] = found.learned.calibration_error
        rows["router: Brier score"] = found.learned.brier
    table = Table("figure", "value")
    for name, value in rows.items():
        table.add_row(name, words.figure(value))
    return table
