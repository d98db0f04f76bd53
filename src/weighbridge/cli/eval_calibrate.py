"""`weighbridge eval calibrate TASK`: from which confidence on the cheap model's answer is good enough."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from weighbridge.cli.common import Config, Json, print_json, print_tables
from weighbridge.cli.eval_run import run_note
from weighbridge.cli.evaluation import Options, found_policy, held, require, wanted_by
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.evals import words
from weighbridge.evals.calibrate import Calibrated, Weighed, has_threshold, proposed_change, weigh
from weighbridge.evals.calibrate import calibrate as choose
from weighbridge.evals.metrics import Results
from weighbridge.evals.summary import is_scored


def calibrate(
    task: Annotated[str, Parameter(help="A task with a fallback model.")],
    *,
    options: Options = Options(),  # noqa: B008 (frozen)
    regret: Annotated[float, Parameter(help="Most prompts, as a share, whose wrong answer may be kept.")] = 0.05,
    choose_on: Annotated[str, Parameter(help="Split to choose on; all others measure what came of it.")] = "train",
    write: Annotated[bool, Parameter(negative=(), help="Write the threshold into the record.")] = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Choose the confidence below which the first fallback is asked, so that a promise holds in 95 of 100 cases."""
    policy, path = found_policy(config)
    require(task in policy.tasks, "task", f"There is no task {task!r}.")
    require(0 < regret < 1, "regret", "Regret lies between 0 and 1.")
    record = policy.tasks[task]
    require(bool(record.fallback_models), "task", f"Task {task!r} has no fallback to escalate to.")
    require(options.epochs == 1, "epochs", "A threshold is chosen on one answer a sample.")
    condition = "" if record.escalate_when is None else record.escalate_when.text
    expected = "of the form `confidence < x`, alone or with `or`: anything else could keep answers that it should not"
    require(has_threshold(condition), "task", f"Task {task!r} has no escalate_when {expected}.")
    pair = (record.primary_model, record.fallback_models[0])
    wanted = wanted_by(policy, path, task, replace(options, models=",".join(pair)))
    session = held(wanted, options)
    metric = wanted.metrics[0]
    require(is_scored(metric, session.results[0]), "metrics", f"{metric!r} says nothing of single answers.")
    chosen, rest = (_weighed(session.results, choose_on, metric, is_it=is_it) for is_it in (True, False))
    try:
        found = choose(chosen, rest, regret)
    except ValueError as error:
        advice = f"Give more samples the split {choose_on!r}, or --choose-on another."
        raise InvalidFieldError(f"{str(error).capitalize()}.", advice=advice, param="choose_on") from None
    change = None if path is None else proposed_change(path, condition, found.threshold)
    if write and change is not None:
        change[0].write_text(change[1], encoding="utf-8")
    if json:
        print_json(asdict(found) | {"task": task, "models": pair, "diff": None if change is None else change[2]})
    else:
        told = "The condition keeps as it is." if change is None else change[2]
        print_tables(_table(found), run_note(wanted, session), told)
    return 0 if not sum(session.unanswered.values()) else 1


def _weighed(results: Sequence[Results], split: str, metric: str, *, is_it: bool) -> list[Weighed]:
    weak, strong = (
        replace(item, pairs=tuple(pair for pair in item.pairs if (pair[0].split == split) is is_it)) for item in results
    )
    return weigh(weak, strong, metric)


def _table(found: Calibrated) -> Table:
    table = Table("figure", "value")
    rows = {
        "escalate when confidence is below": found.threshold,
        f"regret shown to be at most (over {found.chosen_on} prompts)": found.bound,
        f"regret on {found.held_out} other prompts": found.regret,
        "escalated": found.escalated,
        "of them wrong (precision)": found.precision,
        "of the wrong ones escalated (recall)": found.recall,
        "quality of the mix": found.quality,
        "quality of always asking the fallback": found.strong_quality,
        "cost beside always asking the fallback": found.cost_ratio,
    }
    for name, value in rows.items():
        table.add_row(name, words.figure(value))
    return table
