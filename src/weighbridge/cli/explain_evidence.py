"""What `weighbridge explain` tells of evidence: what was shown, what was left out, tools, and the conversation."""

from collections.abc import Sequence

from rich.table import Table

from weighbridge.cli.common import visible
from weighbridge.domain.evidence import Evidence
from weighbridge.domain.record import Record

MOST_LEFT_OUT_SHOWN = 12


def evidence_parts(record: Record) -> list[Table | str]:
    """Tables and lines, in the order in which things happened; empty for a request without any of it."""
    parts: list[Table | str] = [*_conversation(record)]
    evidence = record.evidence
    if evidence is None:
        return parts
    if evidence.tools:
        parts.append(_tools(evidence))
    if not evidence.shown:
        parts.append(f"Evidence: none was shown, of {len(evidence.left_out)} passages found.")
    else:
        parts.append(_shown(evidence, record.cited))
    if evidence.left_out:
        parts.append(_left_out(evidence))
    return parts


def _conversation(record: Record) -> list[str]:
    lines = []
    if record.state is not None:
        paid = "an earlier request paid for it" if record.state.is_reused else "made for this request"
        lines.append(
            f"conversation: the first {record.state.covered} messages stand as a state of "
            f"{record.state.tokens} tokens, {paid}"
        )
    if record.latest_customer_message_used is False:
        lines.append("conversation: the newest customer message did not reach the model")
    return lines


def _tools(evidence: Evidence) -> Table:
    table = Table(title="Tools", title_justify="left")
    for column in ("tool", "asked by", "at", "seconds", "gave"):
        table.add_column(column)
    for run in evidence.tools:
        asked_by = "model" if run.is_asked_by_model else "task"
        gave = "a result" if run.error is None else f"nothing: {visible(run.error)}"
        table.add_row(visible(run.tool), asked_by, run.asked_at, f"{run.latency_s:.3f}", gave)
    return table


def _shown(evidence: Evidence, cited: Sequence[str]) -> Table:
    limit = "" if evidence.limit_tokens is None else f" of at most {evidence.limit_tokens}"
    table = Table(title=f"Evidence shown: {evidence.tokens} tokens{limit}", title_justify="left")
    for column in ("source", "authority", "state", "relevance", "similarity", "tokens", "cited"):
        table.add_column(column, overflow="fold")
    for item in evidence.shown:
        state = item.status.value.replace("_", " ")
        if item.because_of is not None:
            state += f" by {visible(item.because_of)}"
        if item.is_suspicious:
            state += ", reads like instructions"
        table.add_row(
            visible(item.id),
            item.authority.value,
            state,
            _relevance(item.relevance),
            _similarity(item.similarity),
            str(item.tokens),
            "yes" if item.id in cited else "",
        )
    return table


def _left_out(evidence: Evidence) -> Table:
    hidden = len(evidence.left_out) - MOST_LEFT_OUT_SHOWN
    more = f" (and {hidden} more: --json lists all)" if hidden > 0 else ""
    table = Table(title=f"Evidence left out{more}", title_justify="left")
    for column in ("source", "reason", "relevance", "similarity"):
        table.add_column(column, overflow="fold")
    for item in evidence.left_out[:MOST_LEFT_OUT_SHOWN]:
        reason = item.reason.value.replace("_", " ")
        if item.because_of is not None:
            reason += f": {visible(item.because_of)}"
        table.add_row(visible(item.id), reason, _relevance(item.relevance), _similarity(item.similarity))
    return table


def _relevance(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _similarity(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
