"""What a route depends on beside request and policy."""

import hashlib
from datetime import UTC, datetime

from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House, InForce
from weighbridge.routing.situation import Situation


def situation_of(draft: Draft, house: House, in_force: InForce) -> Situation:
    """What a route depends on beside request and policy, at this moment."""
    resting = house.health.cooling_down(in_force.policy.models.values())
    today = datetime.fromtimestamp(house.clock.now(), UTC).date()
    return Situation(today, draw_of(draft.id), draft.caller.models, resting, in_force.proofs, house.demotions)


def draw_of(record_id: str) -> float:
    """A number from 0 to 1 that looks drawn and is always the same for a record."""
    return int.from_bytes(hashlib.sha256(record_id.encode()).digest()[:8]) / 2**64
