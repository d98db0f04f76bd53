"""`weighbridge explain ID`: why a request went the way it went, as tables."""

from collections.abc import Mapping
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from weighbridge.cli.common import Config, Json, print_json, print_tables, visible, with_gateway
from weighbridge.cli.explain_evidence import evidence_parts
from weighbridge.dialects.native.record import render_explanation
from weighbridge.dialects.native.review import render_feedback, render_review
from weighbridge.domain.attempt import Step, StepKind
from weighbridge.domain.errors import NotFoundError
from weighbridge.domain.feedback import Feedback
from weighbridge.domain.record import OutcomeStatus, Record
from weighbridge.domain.review import ReviewItem
from weighbridge.pipeline.gateway import Gateway


def explain(
    id: Annotated[str, Parameter(help="A record's id, or `last`.")],  # noqa: A002
    *,
    config: Config = None,
    json: Json = False,
) -> None:
    """Print what was shown as evidence, why each model was kept or dropped, every attempt, and what it cost."""

    async def work(gateway: Gateway) -> tuple[Record, ReviewItem | None, list[Feedback]]:
        record = await found(gateway, id)
        item = None if record.review_id is None else await gateway.review(record.review_id)
        return record, item, await gateway.feedback(record.id)

    record, item, said = with_gateway(config, work)
    if json:
        print_json(
            {
                **render_explanation(record),
                "review": None if item is None else render_review(item),
                "feedback": [render_feedback(one) for one in said],
            }
        )
        return
    print_tables(
        _headline(record),
        *evidence_parts(record),
        *([_preparations(record)] if record.preparations else []),
        *([_candidates(record)] if record.decision else []),
        *([_attempts(record)] if record.attempts else []),
        *_afterwards(item, said),
    )


async def found(gateway: Gateway, record_id: str) -> Record:
    """The record, `last` being the newest. Raises NotFoundError."""
    if record_id == "last":
        newest = await gateway.records()
        record = newest[0] if newest else None
    else:
        record = await gateway.record(record_id)
    if record is None:
        raise NotFoundError(
            f"There is no record {record_id!r}.",
            advice="`weighbridge records` lists what is kept; give the --config whose store holds it.",
            code="unknown_record",
        )
    return record


def _headline(record: Record) -> str:
    lines = [f"{record.id}  {record.created_at}  {record.status}"]
    known = record.classification
    if known is not None:
        lines.append(
            f"task {known.task} ({known.task_basis}), risk {known.risk} ({known.risk_basis}), "
            f"sensitivity {known.sensitivity} ({known.sensitivity_basis}); {known.evidence}"
        )
    if record.decision is not None:
        lines.append(f"reason: {record.decision.sentence}")
    if record.cache_hit is not None:
        lines.append(f"answer: kept from {record.cache_hit.of}, which cost {_usd(record.cache_hit.saved)}")
    if record.error_code is not None:
        lines.append(f"{'error' if record.status is not OutcomeStatus.DEGRADED else 'because'}: {record.error_code}")
    if record.left_out:
        lines.append(f"not told to the host: {', '.join(map(visible, record.left_out))}")
    if record.unknown_parameters:
        lines.append(f"fields that nobody knows: {', '.join(map(visible, record.unknown_parameters))}")
    if record.prompt_count is not None:
        lines.append(f"input {record.prompt_count.tokens} tokens, counted by {record.prompt_count.method}")
    lines.append(f"policy {record.policy_digest[:12]}, held {_usd(record.estimate)}, cost {_usd(record.cost)}")
    return "\n".join(lines)


def _afterwards(item: ReviewItem | None, said: list[Feedback]) -> list[str]:
    lines = []
    if item is not None:
        who = ", ".join(dict.fromkeys(done.reviewer for done in item.acts)) or "nobody yet"
        lines.append(
            f"review {item.id}: {item.state}, by {who}" + ("" if item.answer is None else f": {visible(item.answer)}")
        )
    for one in said:
        told = [
            one.thumbs and f"thumbs {one.thumbs}",
            one.label and f"label {one.label!r}",
            one.text and visible(one.text),
        ]
        lines.append(f"feedback of {one.caller}: " + ", ".join(part for part in told if part))
    return lines


def _usd(amount: object) -> str:
    return "unknown" if amount is None else f"{amount} USD"


def _candidates(record: Record) -> Table:
    table = Table(title="Candidates", title_justify="left")
    for column in ("rank", "model", "kept", "reason", "numbers", "estimate USD"):
        table.add_column(column)
    for item in record.decision.candidates if record.decision else ():
        table.add_row(
            str(item.rank or ""),
            item.model,
            "yes" if item.is_kept else "no",
            item.reason.value if item.reason else "",
            _pairs(item.numbers),
            "unknown" if item.estimate is None else str(item.estimate),
        )
    return table


def _pairs(numbers: Mapping[str, str | int]) -> str:
    return ", ".join(f"{name}={value}" for name, value in numbers.items())


def _told(step: Step, found: list[str]) -> str:
    """The step, with its reason where the findings do not tell it already."""
    is_told = step.reason in found or step.kind is StepKind.ACCEPT
    kind = step.kind.value.replace("_", " ")
    told = kind if is_told else f"{kind}: {step.reason}"
    return f"{told} after {step.wait_s:.2f} s" if step.wait_s else told


def _preparations(record: Record) -> Table:
    table = Table(title="Calls before the answer's", title_justify="left")
    for column in ("for", "model", "gave", "cost USD", "seconds"):
        table.add_column(column)
    for item in record.preparations:
        table.add_row(
            item.kind.value,
            item.model,
            "nothing: " + item.error_code if item.error_code else "what was asked for",
            "unknown" if item.cost is None else str(item.cost),
            f"{item.latency_s:.3f}",
        )
    return table


def _attempts(record: Record) -> Table:
    table = Table(title="Attempts", title_justify="left")
    for column in ("model", "verdict", "findings", "next step", "tokens in/out", "cost USD", "seconds"):
        table.add_column(column)
    for item in record.attempts:
        found = [item.error_code] if item.error_code else [finding.code.value for finding in item.verdict.findings]
        found += [f"tidied: {step.value}" for step in item.verdict.tidied]
        table.add_row(
            item.model,
            item.verdict.status.value,
            ", ".join(found),
            _told(item.step, found),
            f"{item.usage.prompt_tokens}/{item.usage.output_tokens}" if item.usage else "unknown",
            "unknown" if item.cost is None else str(item.cost),
            f"{item.latency_s:.3f}",
        )
    return table
