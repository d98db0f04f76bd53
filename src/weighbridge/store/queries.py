"""What the reading store is asked."""

from collections.abc import Sequence
from datetime import UTC, datetime

from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.record import OutcomeStatus, Record, RecordFilter
from weighbridge.store.codec import decode
from weighbridge.store.session import Dialect, Session


def get(store: Session, record_id: str) -> Record | None:
    """The record with this identifier."""
    row = store.execute("SELECT body FROM records WHERE id = ?", (record_id,)).fetchone()
    return None if row is None else decode(row[0])


def find(store: Session, wanted: RecordFilter) -> list[Record]:
    """Newest first."""
    conditions, values = _conditions(wanted)
    where = " AND ".join(conditions) or "true"
    query = f"SELECT body FROM records WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 (our own conditions)
    return [decode(body) for (body,) in store.execute(query, (*values, max(wanted.limit, 0)))]


_LENGTH = {
    Dialect.SQLITE: "json_extract(body, '$.attempts[#-1].usage.output_tokens')",
    Dialect.POSTGRESQL: "CAST(CAST(body AS JSON) -> 'attempts' -> -1 -> 'usage' ->> 'output_tokens' AS BIGINT)",
}
"""Of the attempt that answered."""


def output_lengths(store: Session, tasks: Sequence[str], newest: int) -> dict[str, list[int]]:
    """By task the output tokens of the newest answers, oldest first."""
    query = f"""
        SELECT {_LENGTH[store.dialect]} FROM (
            SELECT id, status, body FROM records WHERE task = ? ORDER BY id DESC LIMIT ?
        ) AS newest WHERE status = 'answered' ORDER BY id
    """  # noqa: S608 (our own)
    rows = {task: store.execute(query, (task, newest)).fetchall() for task in tasks}
    return {task: [length for (length,) in found if length is not None] for task, found in rows.items()}


def _conditions(wanted: RecordFilter) -> tuple[list[str], list[str]]:
    since = None if wanted.since is None else moment_of(wanted.since)
    compared = {
        "task = ?": wanted.task,
        "served_model = ?": wanted.model,
        "status = ?": wanted.status,
        "caller = ?": wanted.caller,
        "created_at >= ?": since,
        "id < ?": wanted.before_id,
    }
    stated = {condition: value for condition, value in compared.items() if value is not None}
    conditions = list(stated)
    if wanted.status not in {None, OutcomeStatus.ANSWERED.value}:
        conditions.append("status <> 'answered'")  # said as well, so that its partial index can serve
    if wanted.is_fallback is not None:
        conditions.append(f"is_fallback = {int(wanted.is_fallback)}")  # a literal, so that its partial index can serve
    return conditions, list(stated.values())


def rfc3339(moment: datetime) -> str:
    """The one spelling of a moment in the database, whose order as text is the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment_of(text: str) -> str:
    """A moment that somebody wrote, in the database's spelling. Raises InvalidFieldError when it is none."""
    try:
        moment = datetime.fromisoformat(text)
        return rfc3339(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):  # an offset may lead out of the years 1 to 9999
        raise InvalidFieldError(
            f"`since` is no time: {text[:40]!r}.", advice="Write it like 2026-11-25T00:00:00Z.", param="since"
        ) from None
