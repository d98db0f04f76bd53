"""`weighbridge eval drift [TASK]`: what traffic has shown of proved models since their proofs."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from weighbridge.cli.common import Config, Json, print_json, print_tables, with_gateway
from weighbridge.cli.evaluation import require
from weighbridge.domain.drift import Demotion, DriftRule, Gauge, Monitor, Watched
from weighbridge.domain.policy import Policy
from weighbridge.pipeline.gateway import Gateway
from weighbridge.pipeline.watch import rules_of
from weighbridge.routing.drift import threshold, told


@dataclass(frozen=True, slots=True)
class Line:
    """One model on one task, as its rule and its state say."""

    state: Watched
    rule: DriftRule
    readings: dict[Monitor, dict[str, str | int]]
    """What each monitor shows; a limit without an observation has only its limit."""


def drift(
    task: Annotated[str | None, Parameter(help="Only this task.")] = None,
    *,
    config: Config = None,
    json: Json = False,
) -> int:
    """Show each watched model with its monitors and how near each is to ending the proof. Exit 1 when any is over."""

    async def work(gateway: Gateway) -> tuple[Policy, list[Watched]]:
        return gateway.policy, await gateway.watched()

    policy, states = with_gateway(config, work)
    require(task is None or task in policy.tasks, "task", f"There is no task {task!r}.")
    lines = _lines(policy, [state for state in states if task in {None, state.task}])
    if json:
        print_json([_row(line) for line in lines])
    elif lines:
        print_tables(_table(lines), *(_advice(line.state.demotion) for line in lines if line.state.demotion))
    else:
        print_tables("Nothing is watched: no proved model serves a task whose quality_gate has `drift`.")
    return 1 if any(line.state.demotion for line in lines) else 0


def _lines(policy: Policy, states: list[Watched]) -> list[Line]:
    rules, lines = rules_of(policy), list[Line]()
    for state in states:
        found = rules.get((state.task, state.model))
        if found is not None:
            proof, rule = found
            readings = {
                monitor: told(state.gauges.get(monitor, Gauge()), monitor, limit, proof.sketches.get(monitor))
                for monitor, limit in rule.limits.items()
            }
            lines.append(Line(state, rule, readings))
    return lines


def _row(line: Line) -> dict[str, object]:
    demotion = line.state.demotion
    return {
        "task": line.state.task,
        "model": line.state.model,
        "is_demoted": demotion is not None,
        "demotion": demotion,
        "review_id": line.state.review_id,
        "monitors": {
            monitor.value: {**reading, "evidence": _evidence(line, monitor), "ends_at": threshold(monitor, line.rule)}
            for monitor, reading in line.readings.items()
        },
    }


def _evidence(line: Line, monitor: Monitor) -> float:
    return line.state.gauges.get(monitor, Gauge()).detector.evidence


def _table(lines: list[Line]) -> Table:
    table = Table("task", "model", "monitor", "limit", "observations", "shown", "evidence", "ends the proof at")
    for line in lines:
        table.add_row(line.state.task, line.state.model, "demoted" if line.state.demotion else "watched")
        for monitor, reading in line.readings.items():
            shown = ", ".join(f"{name} {value}" for name, value in reading.items() if name not in _OWN_COLUMNS)
            table.add_row(
                "",
                "",
                monitor.value,
                str(reading["limit"]),
                str(reading["observations"]),
                shown,
                f"{_evidence(line, monitor):.2g}",
                f"{threshold(monitor, line.rule):.0f}",
            )
    return table


_OWN_COLUMNS = {"limit", "observations"}


def _advice(demotion: Demotion) -> str:
    again = f"weighbridge eval gate {demotion.task} --models {demotion.model} --since {demotion.at}"
    return f"{demotion.sentence} Seen at {demotion.at}, after {demotion.record_id}. A new proof: `{again}`."
