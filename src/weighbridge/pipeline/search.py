"""A search in the documents that is no part of a request: what it asks of models has records of its own."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from weighbridge.domain.caller import Caller
from weighbridge.domain.errors import StoreError, WeighbridgeError
from weighbridge.domain.evidence import EvidenceRule
from weighbridge.domain.material import Source
from weighbridge.domain.request import Request
from weighbridge.domain.response import Response
from weighbridge.domain.search import Search
from weighbridge.domain.vectors import Near
from weighbridge.pipeline.house import House
from weighbridge.pipeline.near import near_of, question_request, vector_task
from weighbridge.pipeline.ranking import FEWEST, in_new_order, ranker_of, ranking_request
from weighbridge.pipeline.run import run

log = logging.getLogger("weighbridge.sources")


async def search(wanted: Search, caller: Caller, house: House, rule: EvidenceRule | None = None) -> Sequence[Source]:
    """Passages that hold something of what is asked, the most relevant first; ranked anew where `rule` says so. Where
    the question's vector or the ranking cannot be had it goes without, and the log says why. Raises StoreError."""
    near = await _near(wanted, caller, house)
    found = await house.sources.search(replace(wanted, near=near))
    return found if rule is None else await _ranked(found, wanted, caller, house, rule)


async def _near(wanted: Search, caller: Caller, house: House) -> Near | None:
    policy = house.in_force.policy
    task = vector_task(wanted.collections, policy)
    model = None if task is None else policy.models[task.primary_model]
    if task is None or model is None or model.vectors is None:
        return None
    try:
        return near_of(
            await _asked(question_request(wanted, task, model, model.vectors), caller, house), model, model.vectors
        )
    except StoreError:
        raise
    except WeighbridgeError as error:
        log.warning("searched by words alone: %s %s", error.condition, error.advice)
        return None


async def _ranked(
    found: Sequence[Source], wanted: Search, caller: Caller, house: House, rule: EvidenceRule
) -> Sequence[Source]:
    ranker = ranker_of(rule, house.in_force.policy)
    if ranker is None or len(found) < FEWEST:
        return found
    task, model, scale = ranker
    try:
        response = await _asked(ranking_request(wanted, found[: rule.most_ranked], task, model), caller, house)
        return in_new_order(found, response, scale, rule.most_ranked)
    except StoreError:
        raise
    except WeighbridgeError as error:
        log.warning("not ranked anew: %s %s", error.condition, error.advice)
        return found


async def _asked(request: Request, caller: Caller, house: House) -> Response:
    """A request of its own, in the caller's name, whatever tasks that may use otherwise."""
    return (await run(request, replace(caller, tasks=None, models=None), house)).response
