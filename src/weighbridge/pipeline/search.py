"""A search in the documents that is no part of a request: its vector is a call with a record of its own."""

import logging
from dataclasses import replace

from weighbridge.domain.caller import Caller
from weighbridge.domain.errors import StoreError, WeighbridgeError
from weighbridge.domain.material import Source
from weighbridge.domain.search import Search
from weighbridge.domain.vectors import Near
from weighbridge.pipeline.house import House
from weighbridge.pipeline.near import near_of, question_request, vector_task
from weighbridge.pipeline.run import run

log = logging.getLogger("weighbridge.sources")


async def search(wanted: Search, caller: Caller, house: House) -> list[Source]:
    """Passages that hold something of what is asked, the most relevant first. Where the question's vector cannot be had
    they are found by its words alone, and the log says why. Raises StoreError."""
    return await house.sources.search(replace(wanted, near=await _near(wanted, caller, house)))


async def _near(wanted: Search, caller: Caller, house: House) -> Near | None:
    policy = house.in_force.policy
    task = vector_task(wanted.collections, policy)
    model = None if task is None else policy.models[task.primary_model]
    if task is None or model is None or model.vectors is None:
        return None
    try:
        request = question_request(wanted, task, model.vectors)
        outcome = await run(request, replace(caller, tasks=None, models=None), house)
        return near_of(outcome.response, model, model.vectors)
    except StoreError:
        raise
    except WeighbridgeError as error:
        log.warning("searched by words alone: %s %s", error.condition, error.advice)
        return None
