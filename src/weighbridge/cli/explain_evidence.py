"""What `weighbridge explain` tells of evidence: what was shown, what was left out, tools, and the conversation."""

from collections.abc import Callable, Mapping, Sequence

from rich.table import Table

from weighbridge.cli.common import visible
from weighbridge.domain.evidence import Evidence, LeftOutSource, ShownSource
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
    numbers = _numbers_of(evidence)
    table = Table(title=f"Evidence shown: {evidence.tokens} tokens{limit}", title_justify="left")
    for column in ("source", "authority", "state", *numbers, "tokens", "cited"):
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
            *(number(item) for number in numbers.values()),
            str(item.tokens),
            "yes" if item.id in cited else "",
        )
    return table


def _left_out(evidence: Evidence) -> Table:
    hidden = len(evidence.left_out) - MOST_LEFT_OUT_SHOWN
    more = f" (and {hidden} more: --json lists all)" if hidden > 0 else ""
    numbers = _numbers_of(evidence)
    table = Table(title=f"Evidence left out{more}", title_justify="left")
    for column in ("source", "reason", *numbers):
        table.add_column(column, overflow="fold")
    for item in evidence.left_out[:MOST_LEFT_OUT_SHOWN]:
        reason = item.reason.value.replace("_", " ")
        if item.because_of is not None:
            reason += f": {visible(item.because_of)}"
        table.add_row(visible(item.id), reason, *(number(item) for number in numbers.values()))
    return table


Found = ShownSource | LeftOutSource


def _numbers_of(evidence: Evidence) -> Mapping[str, Callable[[Found], str]]:
    """The columns that say why a source stands where it does: similarity and score only where there are any."""
    found: Sequence[Found] = (*evidence.shown, *evidence.left_out)
    columns: dict[str, Callable[[Found], str]] = {"relevance": lambda item: _number(item.relevance, 2)}
    if any(item.similarity is not None for item in found):
        columns["similarity"] = lambda item: _number(item.similarity, 3)
    if any(item.score is not None for item in found):
        columns["score"] = lambda item: _number(item.score, 3)
    return columns


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
