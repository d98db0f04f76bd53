"""Which answers a challenger is held against."""

from weighbridge.domain.caller import EVALUATION
from weighbridge.domain.record import OutcomeStatus, Record
from weighbridge.domain.response import Response
from weighbridge.domain.shadow import Served
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House


def offer_shadow(draft: Draft, record: Record, response: Response, house: House) -> None:
    """Put a sample of the answers that models gave aside. The caller is not kept waiting, and nobody pays twice for
    what was never answered."""
    task = draft.task
    is_own = draft.shadows is not None or draft.caller.name == EVALUATION.name
    if task is None or task.shadow is None or is_own or draft.request.is_for_numbers:
        return
    is_sampled = record.served_model != task.shadow.model and house.chance() < task.shadow.share
    if record.status is OutcomeStatus.ANSWERED and is_sampled:
        house.shadowed.append(Served(record.id, task.name, draft.request, draft.caller, response.text))
