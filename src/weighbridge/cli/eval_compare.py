"""`weighbridge eval compare TASK`: models side by side, and which of them can be told apart."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from weighbridge.cli.common import Config, Json, print_json, print_tables
from weighbridge.cli.eval_run import run_json, run_note
from weighbridge.cli.evaluation import Options, dataset_note, found_policy, held, require, summary_table, wanted_by
from weighbridge.evals.html_report import html_report
from weighbridge.evals.paired import Difference
from weighbridge.evals.summary import BESIDE, Summary, differences, is_scored, summarise


def compare(
    task: Annotated[str, Parameter(help="A task of the config.")],
    *,
    options: Options = Options(),  # noqa: B008 (frozen)
    incumbent: Annotated[
        str | None, Parameter(help="The model that the others are held against; else the first.")
    ] = None,
    html: Annotated[Path | None, Parameter(help="Write a report with charts into this file, too.")] = None,
    config: Config = None,
    json: Json = False,
) -> int:
    """Ask what is not answered yet, then compare. Exit 1 when some questions were left without an answer."""
    policy, path = found_policy(config)
    wanted = wanted_by(policy, path, task, options)
    against = incumbent or wanted.models[0]
    require(against in wanted.models, "incumbent", f"{against!r} is not among the models that are compared.")
    session = held(wanted, options)
    metric = wanted.metrics[0]
    rows = summarise(session.results, wanted.metrics, dict(session.unanswered))
    deltas = differences(session.results, metric, against) if is_scored(metric, session.results[0]) else []
    if html is not None:
        notes = [dataset_note(wanted.dataset, len(wanted.samples)), run_note(wanted, session)]
        html.write_text(html_report(f"Models for {task}", notes, rows, deltas, session.results), encoding="utf-8")
    if json:
        print_json(run_json(wanted, session, rows) | {"differences": [_delta_json(item) for item in deltas]})
    else:
        tables = [summary_table(rows), _cost_table(rows), *([_delta_table(metric, deltas)] if deltas else [])]
        print_tables(*tables, run_note(wanted, session), *([f"Report: {html}"] if html else []))
    return 0 if not sum(session.unanswered.values()) else 1


def _cost_table(rows: list[Summary]) -> Table:
    table = Table("model", *BESIDE, "on the front")
    for row in rows:
        table.add_row(row.model, *row.beside, "yes" if row.is_on_front else "")
    return table


def _delta_table(metric: str, deltas: list[Difference]) -> Table:
    table = Table("model", f"{metric} beside {deltas[0].incumbent} (95 % interval)", "p (Holm)", "says")
    for item in deltas:
        table.add_row(item.candidate, item.told, f"{item.adjusted_p:.3g}", item.says)
    return table


def _delta_json(item: Difference) -> dict[str, object]:
    return asdict(item) | {"is_told_apart": item.is_told_apart}
