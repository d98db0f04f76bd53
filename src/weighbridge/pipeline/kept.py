"""Answers that are given again: to the very same request, under the same policy, never around it.

A hit comes after classification, evidence and routing: a request that the policy forbids has none. What decides an
answer is in the key: the policy's digest, whose it is, the model that would be asked first, what would be sent to it,
and every field of the caller's own body that is passed on. Of several equal requests at once one is made, and the
others wait.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from weighbridge.config.digest import digest_of
from weighbridge.domain.caller import EVALUATION
from weighbridge.domain.errors import OverloadedError, StoreError
from weighbridge.domain.kept import CacheHit, CacheRule, KeptAnswer
from weighbridge.domain.response import Choice, FinishReason, Response
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House
from weighbridge.pipeline.plan import Plan
from weighbridge.pipeline.review import HandOver

log = logging.getLogger("weighbridge.cache")

UNDECISIVE = frozenset(
    {"messages", "input", "model", "stream", "stream_options", "user", "safety_identifier", "metadata", "store"}
)
"""Fields of a body that decide nothing beside what the packed request holds already."""


@asynccontextmanager
async def kept_answer(draft: Draft, plan: Plan, house: House) -> AsyncIterator[Response | None]:
    """The answer that is kept for this request; `None` where one has to be made, for which others wait meanwhile.

    Raises StoreError.
    """
    rule = plan.task.cache
    if rule is None or not _is_cacheable(draft, plan):
        yield None
        return
    key = draft.cache_key = _key(draft, plan, rule)
    known = await house.cache.get(key, house.clock.now())
    other = house.flights.get(key)
    if known is None and other is not None:
        await _ended(other, plan, house)
        known = await house.cache.get(key, house.clock.now())
    if known is not None:
        draft.hit = CacheHit(known.record_id, known.model, known.cost)
        yield Response(known.model, (Choice(known.text),), known.usage)
        return
    flight = asyncio.Event()
    house.flights[key] = flight
    try:
        yield None
    finally:
        flight.set()
        if house.flights.get(key) is flight:
            del house.flights[key]


async def kept_or_made(
    draft: Draft, plan: Plan, house: House, make: Callable[[Draft, Plan, House], Awaitable[Response | HandOver]]
) -> Response | HandOver:
    """The answer of an equal request where the task allows that, else one that is made, and kept. Raises StoreError,
    and whatever `make` raises."""
    if plan.task.cache is None:
        return await make(draft, plan, house)
    async with kept_answer(draft, plan, house) as kept:
        ending = kept or await make(draft, plan, house)
        if not isinstance(ending, HandOver):
            await keep_answer(draft, plan, ending, house)
        return ending


async def keep_answer(draft: Draft, plan: Plan, response: Response, house: House) -> None:
    """Keep a valid answer in words, whole and by itself. A store that fails here costs no answer."""
    rule, choices = plan.task.cache, response.choices
    if rule is None or draft.cache_key is None or draft.hit is not None or not draft.attempts:
        return
    is_plain = len(choices) == 1 and not choices[0].tool_calls and choices[0].refusal is None
    last = draft.attempts[-1]
    if not is_plain or choices[0].finish_reason is not FinishReason.STOP or not last.verdict.is_valid:
        return
    now = house.clock.now()
    kept = KeptAnswer(response.text, last.model, draft.id, last.usage, draft.cost)
    try:
        await house.cache.put(draft.cache_key, kept, now, now + rule.keep_s)
    except (StoreError, OverloadedError) as error:  # the answer is given all the same, and made anew the next time
        log.warning("the answer of %s is not kept: %s", draft.id, error)


def _is_cacheable(draft: Draft, plan: Plan) -> bool:
    request = draft.request
    is_own = draft.shadows is not None or draft.caller == EVALUATION
    return not (is_own or request.tools or plan.offered or plan.is_for_numbers or request.choices > 1)


async def _ended(other: asyncio.Event, plan: Plan, house: House) -> None:
    try:
        async with asyncio.timeout(max(0.0, plan.deadline - house.clock.monotonic())):
            await other.wait()
    except TimeoutError:
        return


def _key(draft: Draft, plan: Plan, rule: CacheRule) -> str:
    first = draft.policy.models[plan.decision.order[0]]
    sent = plan.final_request(draft.request, first)
    body = draft.request.body or {}
    decisive = {
        "policy": draft.policy.digest,
        "tenant": None if rule.is_shared else draft.caller.name,
        "task": plan.task.name,
        "model": first.name,
        "messages": sent.messages,
        "output": sent.output,
        "limit": sent.max_output_tokens,
        "sampling": sent.sampling,
        "logprobs": draft.request.wants_logprobs,
        "dialect": draft.request.dialect if body else None,
        "body": {name: value for name, value in body.items() if name not in UNDECISIVE},
    }
    return digest_of(decisive)
