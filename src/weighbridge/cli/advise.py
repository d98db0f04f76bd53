"""`weighbridge advise`: which means fit a task, and a first draft of its selection record."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from weighbridge.cli.common import Config, Json, found_config, print_json, print_lines, print_tables, with_gateway
from weighbridge.domain.caller import OWN
from weighbridge.domain.errors import CommandError
from weighbridge.domain.levels import Tier
from weighbridge.domain.policy import Policy
from weighbridge.domain.proof import ProofState
from weighbridge.domain.record import Record, RecordFilter
from weighbridge.domain.verdict import VerdictStatus
from weighbridge.evals import words
from weighbridge.evals.advice import Evidence, Measured, Opinion, questions_left
from weighbridge.evals.advice import advise as advise_on
from weighbridge.evals.dataset import load_dataset
from weighbridge.evals.draft_record import draft_record
from weighbridge.evals.questionnaire import Questionnaire, interview, read_questionnaire, template
from weighbridge.pipeline.gateway import Gateway
from weighbridge.pipeline.wire import standings

LOOKED_AT = 1_000
"""Newest records of the task."""


def advise(
    *,
    answers: Annotated[Path | None, Parameter(help="A filled page; else you are asked.")] = None,
    questions: Annotated[bool, Parameter(negative=(), help="Print the page to fill.")] = False,
    out: Annotated[
        Path | None, Parameter(help="Write the draft of the record into this file, if there is none.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Walk the decision tables (prompting, retrieval, tools, smaller model, caching, fine-tuning, where to run it)."""
    if questions:
        print_lines(template().rstrip())
        return
    asked = _asked(answers)

    async def work(gateway: Gateway) -> tuple[Policy, list[Record]]:
        records = await gateway.records(RecordFilter(task=asked.task, limit=LOOKED_AT))
        return gateway.policy, [record for record in records if record.caller not in OWN]

    policy, records = with_gateway(config, work)
    evidence = _evidence(policy, asked, records, found_config(config))
    opinions, left = advise_on(asked, evidence), questions_left(asked, evidence)
    draft = draft_record(asked, opinions, policy)
    if out is not None:
        _write(draft, out)
    if json:
        print_json({"task": asked.task, "opinions": [asdict(item) for item in opinions], "todo": left, "record": draft})
    else:
        print_tables(_table(opinions), *(f"- {item}" for item in left), "", draft if out is None else f"Draft: {out}")


def _asked(answers: Path | None) -> Questionnaire:
    if answers is not None:
        return read_questionnaire(answers)
    if not sys.stdin.isatty():
        raise CommandError(
            "There is nobody to ask: standard input is no terminal.",
            advice="Fill what `weighbridge advise --questions` prints, and give it as --answers.",
        )
    with TemporaryDirectory() as folder:
        page = Path(folder) / "answers.yaml"
        page.write_text(interview(input))
        return read_questionnaire(page)


def _evidence(policy: Policy, asked: Questionnaire, records: Sequence[Record], config: Path | None) -> Evidence:
    task = policy.tasks.get(asked.task)
    first = [record.attempts[0] for record in records if record.attempts and not record.attempts[0].error_code]
    broken = [attempt.verdict.status is VerdictStatus.INVALID for attempt in first]
    samples = None
    if task is not None and task.gate is not None and config is not None and task.gate.dataset_digest is not None:
        samples = len(load_dataset(config.parent / task.gate.dataset).samples)
    inputs = [record.input_digest for record in records]
    return Evidence(
        samples,
        _measured(policy, asked.task),
        len(first),
        sum(broken) / len(broken) if broken else None,
        1 - len(set(inputs)) / len(inputs) if inputs else None,
    )


def _measured(policy: Policy, task: str) -> tuple[Measured, ...]:
    today, known = datetime.now(UTC).date(), standings(policy)
    return tuple(
        Measured(
            proof.model,
            policy.models[proof.model].tier is not Tier.FRONTIER,
            known[task, proof.model].on(today) is ProofState.PROVED,
            ", ".join(f"{item.metric} {words.figure(item.value)} over {item.n} samples" for item in proof.figures),
        )
        for proof in policy.proofs
        if proof.task == task and proof.model in policy.models
    )


def _write(draft: str, out: Path) -> None:
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(draft)
    except OSError as error:
        raise CommandError(f"{out} cannot be written: {error.strerror}.", advice="Name another file.") from None


def _table(opinions: Sequence[Opinion]) -> Table:
    table = Table("means", "advice", "because", "reconsider when")
    for item in opinions:
        table.add_row(item.means.value, item.stance.value, item.because, item.reconsider)
    return table
