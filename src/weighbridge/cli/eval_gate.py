"""`weighbridge eval gate TASK`: may these models serve the task? For people, and for CI."""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from weighbridge.cli.common import Config, Json, print_json, print_tables
from weighbridge.cli.eval_run import run_note
from weighbridge.cli.evaluation import Options, found_policy, held, require, wanted_by
from weighbridge.config.proofs import write_proof
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.gate import QualityGate
from weighbridge.evals import words
from weighbridge.evals.junit import junit
from weighbridge.evals.metrics import Results
from weighbridge.evals.prove import GateResult, GateState, judge_floors, make_proof
from weighbridge.evals.session import Session, Wanted


def gate(
    task: Annotated[str, Parameter(help="A task with a quality gate.")],
    *,
    options: Options = Options(),  # noqa: B008 (frozen)
    junit_xml: Annotated[Path | None, Parameter(name="--junit", help="Write the result as JUnit XML, too.")] = None,
    dry_run: Annotated[bool, Parameter(negative=(), help="Write no proofs.")] = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Measure on the held-out split, hold it against the floors, and write the proof. Exit 1 when any model fails."""
    policy, path = found_policy(config)
    require(task in policy.tasks, "task", f"There is no task {task!r}.")
    own = policy.tasks[task].gate
    if own is None or path is None:
        raise InvalidFieldError(f"Task {task!r} has no quality gate.", advice="Add `quality_gate` to it.", param="task")
    for name, stated in (("dataset", options.dataset), ("split", options.split), ("tag", options.tag)):
        require(stated is None, name, f"The gate itself says which {name} counts.")
    wanted = wanted_by(policy, path, task, _for_gate(options, own))
    session = held(wanted, options)
    results = [_result(wanted, session, item, own) for item in session.results]
    written = [] if dry_run else [write_proof(item.proof, path.parent) for item in results if item.proof is not None]
    if junit_xml is not None:
        junit_xml.write_bytes(junit(task, results))
    if json:
        print_json(_json(task, results, session))
    else:
        print_tables(_table(results), run_note(wanted, session), *(f"Proof: {file}" for file in written))
    return 0 if all(item.state is GateState.PASSED for item in results) else 1


def _for_gate(options: Options, own: QualityGate) -> Options:
    metrics = dict.fromkeys(floor.metric for floor in own.floors)
    return replace(options, split=own.split, metrics=",".join(metrics))


def _result(wanted: Wanted, session: Session, results: Results, own: QualityGate) -> GateResult:
    unanswered = session.unanswered[results.model]
    state, floors = judge_floors(results, own, unanswered, session.agreements)
    made_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    is_silent = state is GateState.INCOMPLETE
    proof = None if is_silent else make_proof(wanted.policy, wanted.task, results, floors, made_at)
    return GateResult(results.model, state, floors, unanswered, proof)


def _table(results: list[GateResult]) -> Table:
    table = Table("model", "gate", "floor", "measured", "bound", "samples", "says")
    for result in results:
        for at, item in enumerate(result.floors):
            head = (result.model, result.state.value) if at == 0 else ("", "")
            table.add_row(
                *head,
                item.floor.name,
                words.figure(item.figure.value),
                words.figure(item.figure.bound),
                str(item.figure.n),
                item.says,
            )
    return table


def _json(task: str, results: list[GateResult], session: Session) -> dict[str, object]:
    return {
        "task": task,
        "passed": all(item.state is GateState.PASSED for item in results),
        "spent_usd": str(session.evaluation.spent),
        "models": [
            {
                "model": item.model,
                "state": item.state.value,
                "unanswered": item.unanswered,
                "floors": [asdict(floor) | {"sentence": floor.sentence} for floor in item.floors],
            }
            for item in results
        ],
    }
