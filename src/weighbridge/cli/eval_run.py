"""`weighbridge eval run TASK`: how well models answer a dataset."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from weighbridge.cli.common import Config, Json, print_json, print_tables
from weighbridge.cli.eval_retrieval import run_retrieval
from weighbridge.cli.evaluation import Options, found_policy, held, summary_table, wanted_by
from weighbridge.evals.session import Session, Wanted
from weighbridge.evals.summary import Summary, summarise


def run(
    task: Annotated[str, Parameter(help="A task of the config.")],
    *,
    options: Options = Options(),  # noqa: B008 (frozen)
    retrieval: Annotated[
        Path | None, Parameter(help="Only search: a file of questions with the passages that answer them.")
    ] = None,
    k: Annotated[int, Parameter(help="With --retrieval: so many passages count.", validator=Number(gte=1, lte=40))] = 5,
    min_recall: Annotated[float | None, Parameter(help="With --retrieval: exit 1 below this recall@k.")] = None,
    config: Config = None,
    json: Json = False,
) -> int:
    """Ask every sample with the model pinned, and score what comes. Exit 1 when some were left without an answer.

    With --retrieval no model is asked: each question is searched for, and what is found is held against the file.
    """
    if retrieval is not None:
        return run_retrieval(task, retrieval, k, min_recall, config, json)
    policy, path = found_policy(config)
    wanted = wanted_by(policy, path, task, options)
    session = held(wanted, options)
    rows = summarise(session.results, wanted.metrics, dict(session.unanswered))
    if json:
        print_json(run_json(wanted, session, rows))
    else:
        print_tables(summary_table(rows), run_note(wanted, session))
    return 0 if not sum(session.unanswered.values()) else 1


def run_json(wanted: Wanted, session: Session, rows: list[Summary]) -> dict[str, object]:
    """For machines."""
    return {
        "task": wanted.task,
        "dataset_digest": wanted.dataset.digest,
        "samples": len(wanted.samples),
        "epochs": wanted.epochs,
        "wanted": len(wanted.questions),
        "unanswered": sum(session.unanswered.values()),
        "asked_now": session.evaluation.asked,
        "spent_usd": str(session.evaluation.spent),
        "judges": {name: asdict(found) | {"may_gate": found.may_gate} for name, found in session.agreements.items()},
        "models": [summary_json(row) for row in rows],
    }


def summary_json(row: Summary) -> dict[str, object]:
    """One model for machines; money as exact text."""
    return asdict(row) | {"cost": None if row.cost is None else str(row.cost)}


def run_note(wanted: Wanted, session: Session) -> str:
    """What was asked, what it cost, what is missing and how far judges can be trusted."""
    missing, done = sum(session.unanswered.values()), session.evaluation
    total = len(wanted.questions)
    lines = [f"{total - missing} of {total} answered, {done.asked} asked now for {done.spent} USD."]
    if missing:
        lines.append(
            f"{missing} without an answer: the host failed or the money ended. Run the command again to go on."
        )
    for name, found in session.agreements.items():
        share = "unknown" if found.share is None else f"{found.share:.2f}"
        kappa = "unknown" if found.kappa is None else f"{found.kappa:.2f}"
        verdict = "it may gate" if found.may_gate else "not enough to gate (30 judged answers, kappa surely above 0.4)"
        lines.append(f"Judge {name}: agrees with people on {share} of {found.n}, kappa {kappa}; {verdict}.")
    return "\n".join(lines)
