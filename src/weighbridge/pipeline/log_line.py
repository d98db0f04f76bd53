"""One log line a request with the fields that its task declares, taken from the record and never from content."""

import logging
from collections.abc import Callable, Mapping

import orjson

from weighbridge.domain.money import Money
from weighbridge.domain.record import Record

log = logging.getLogger("weighbridge.request")

Value = str | int | float | None


def write_log_line(record: Record) -> None:
    """Log the record's line as one JSON object, if its task wants one."""
    if record.log_fields and log.isEnabledFor(logging.INFO):
        log.info(orjson.dumps(log_line(record)).decode())


def log_line(record: Record) -> dict[str, Value]:
    """The declared fields in their order; what is unknown is null."""
    return {name: FIELDS[name](record) for name in record.log_fields}


def _known(name: str) -> Callable[[Record], Value]:
    return lambda record: None if record.classification is None else str(getattr(record.classification, name))


def _usd(amount: Money | None) -> Value:
    return None if amount is None else str(amount)


def _route(record: Record) -> Value:
    return " > ".join(record.decision.order) if record.decision else None


def _fallback_reason(record: Record) -> Value:
    """Why the answer is not the first attempt's: what the ladder said after it."""
    return record.attempts[0].step.reason if len(record.attempts) > 1 else None


def _validation_status(record: Record) -> Value:
    return record.attempts[-1].verdict.status.value if record.attempts else None


def _confidence(record: Record) -> Value:
    return record.attempts[-1].verdict.confidence if record.attempts else None


FIELDS: Mapping[str, Callable[[Record], Value]] = {
    "record_id": lambda record: record.id,
    "created_at": lambda record: record.created_at,
    "task": _known("task"),
    "risk": _known("risk"),
    "sensitivity": _known("sensitivity"),
    "caller": lambda record: record.caller,
    "route": _route,
    "route_reason": lambda record: record.decision.reason.value if record.decision else None,
    "model": lambda record: record.served_model,
    "attempts": lambda record: len(record.attempts),
    "status": lambda record: record.status.value,
    "validation_status": _validation_status,
    "fallback_reason": _fallback_reason,
    "error_code": lambda record: record.error_code,
    "confidence": _confidence,
    "prompt_tokens": lambda record: record.usage.prompt_tokens if record.usage else None,
    "completion_tokens": lambda record: record.usage.output_tokens if record.usage else None,
    "estimate_usd": lambda record: _usd(record.estimate),
    "cost_usd": lambda record: _usd(record.cost),
    "duration_s": lambda record: round(record.duration_s, 6),
    "policy_digest": lambda record: record.policy_digest,
    "source_ids": lambda record: ", ".join(item.id for item in record.evidence.shown) if record.evidence else None,
    "source_count": lambda record: len(record.evidence.shown) if record.evidence else None,
    "best_relevance": lambda record: record.evidence.best_relevance if record.evidence else None,
}
"""Field name → where it comes from; the names are those of `domain.record.LOG_FIELDS`."""
