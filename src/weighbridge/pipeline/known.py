"""The calls in our records, as a provider's bill is held against them."""

from collections.abc import Iterator
from datetime import UTC, datetime

from weighbridge.domain.attempt import Attempt
from weighbridge.domain.billed import Known
from weighbridge.domain.moment import rfc3339
from weighbridge.domain.policy import Policy
from weighbridge.domain.record import Record, RecordFilter
from weighbridge.pipeline.house import House

PAGE = 500


async def known_calls(house: House, begins: float, ends: float) -> list[Known]:
    """Every call of the requests that came in that time, failed and extra ones included. Raises StoreError."""
    since, until = (rfc3339(datetime.fromtimestamp(moment, UTC)) for moment in (begins, ends))
    calls: list[Known] = []
    before: str | None = None
    while page := await house.records.find(RecordFilter(since=since, before_id=before, limit=PAGE)):
        for record in page:
            if record.created_at < until:
                calls += _of(record, house.in_force.policy)
        before = page[-1].id
    return calls


def _of(record: Record, policy: Policy) -> Iterator[Known]:
    at = datetime.fromisoformat(record.created_at).timestamp()
    made = [*record.preparations, *(call for attempt in record.attempts for call in attempt.calls)]
    for call in made:
        if call.cost is not None and not call.cost.pico and call.usage is None:
            continue  # it was never billed
        usage = call.usage
        served_by = call.served_by if isinstance(call, Attempt) else None
        model = policy.models.get(call.model)
        yield Known(
            at,
            served_by or (model.upstream_name if model else call.model),
            record.caller,
            record.id,
            call.provider_id if isinstance(call, Attempt) else None,
            usage.prompt_tokens if usage else None,
            usage.output_tokens if usage else None,
            call.cost,
        )
