"""One log line a request with the fields that its task declares, taken from the record and never from content."""

import logging
from collections.abc import Callable, Mapping

import orjson

from weighbridge.domain.record import Record

log = logging.getLogger("weighbridge.request")

Value = str | int | float | None


def write_log_line(record: Record) -> None:
    """Log the record's line as one JSON object, if its task wants one."""
    if record.log_fields and log.isEnabledFor(logging.INFO):
        log.info(orjson.dumps(log_line(record)).decode())


def log_line(record: Record) -> dict[str, Value]:
    """The record's id and the declared fields; what is unknown is null."""
    return {"record": record.id, **{name: FIELDS[name](record) for name in record.log_fields}}


def _route(record: Record) -> Value:
    return record.served_model


def _fallback_reason(record: Record) -> Value:
    """Why the answer is not the first attempt's: what the ladder said after it."""
    return record.attempts[0].step.reason if len(record.attempts) > 1 else None


def _validation_status(record: Record) -> Value:
    return record.attempts[-1].verdict.status.value if record.attempts else None


def _confidence(record: Record) -> Value:
    return record.attempts[-1].verdict.confidence if record.attempts else None


FIELDS: Mapping[str, Callable[[Record], Value]] = {
    "route": _route,
    "task": lambda record: record.classification.task if record.classification else None,
    "risk": lambda record: record.classification.risk.value if record.classification else None,
    "sensitivity": lambda record: record.classification.sensitivity.value if record.classification else None,
    "caller": lambda record: record.caller,
    "prompt_tokens": lambda record: record.usage.prompt_tokens if record.usage else None,
    "completion_tokens": lambda record: record.usage.output_tokens if record.usage else None,
    "validation_status": _validation_status,
    "fallback_reason": _fallback_reason,
    "confidence": _confidence,
    "cost_usd": lambda record: None if record.cost is None else str(record.cost),
    "duration_s": lambda record: round(record.duration_s, 6),
    "attempts": lambda record: len(record.attempts),
}
"""Field name → where it comes from; the names are those of `domain.record.LOG_FIELDS`."""
