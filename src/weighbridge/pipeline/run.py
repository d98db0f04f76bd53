"""The table of contents: one request, step by step, from classification to its record."""

from typing import Never

from weighbridge.domain.caller import Caller
from weighbridge.domain.errors import ModelsCoolingDownError, NoEvidenceError
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.record import OutcomeStatus
from weighbridge.domain.request import Request
from weighbridge.domain.response import Response
from weighbridge.pipeline.attempt import attempt
from weighbridge.pipeline.cited import with_citations
from weighbridge.pipeline.climb import DECLARED, Climb, ending_without_models
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.endings import keep_failure
from weighbridge.pipeline.house import House
from weighbridge.pipeline.kept import kept_or_made
from weighbridge.pipeline.log_line import write_log_line
from weighbridge.pipeline.plan import Plan, make_plan
from weighbridge.pipeline.review import HandOver, hand_over
from weighbridge.pipeline.shadowed import offer_shadow


async def run(request: Request, caller: Caller, house: House) -> Outcome:
    """Answer one request, or raise the typed error that says why not.

    One record tells the story. An answer is returned only after its record is on disk; a record that cannot be written
    withholds the answer (StoreError).
    """
    return await walk(Draft.open(request, caller, house, house.in_force.policy), house)


async def walk(draft: Draft, house: House) -> Outcome:
    """The steps of one request. Raises the typed error that says why there is no answer."""
    in_force = house.in_force
    try:
        plan = await make_plan(draft, house, in_force)  # classify, assemble, route
        ending = await kept_or_made(draft, plan, house, answer)  # hold, call, validate, next_step, settle
    except (ModelsCoolingDownError, NoEvidenceError) as error:
        ending = await ending_without_models(draft, error, house)
    except BaseException as error:  # a cancelled request may have spent money too: it gets its record
        await keep_failure(draft, error, house)
        raise
    return await conclude(draft, ending, house)  # record, or hand over to a person


async def answer(draft: Draft, plan: Plan, house: House) -> Response | HandOver:
    """Attempt after attempt until the ladder ends. Raises AnswerError or BudgetExceededError."""
    async with Climb[Never](draft, plan, house, lambda plan, name: attempt(draft, plan, name, house)) as climb:
        while True:
            result = await climb.call()
            ending = await climb.ending_after(result)
            if ending is not None:
                return ending


async def conclude(draft: Draft, ending: Response | HandOver, house: House) -> Outcome:
    """Write the record; only then is there an outcome to give away. Raises NeedsReviewError when a person decides."""
    if isinstance(ending, HandOver):
        return await hand_over(draft, ending, house)
    return await record(draft, ending, house)


async def record(draft: Draft, response: Response, house: House) -> Outcome:
    """Write the record of an answer."""
    status = OutcomeStatus.DEGRADED if response.model == DECLARED else OutcomeStatus.ANSWERED
    response = with_citations(response, draft)
    cited = tuple(dict.fromkeys(item.source.id for item in response.choices[0].citations))
    finished = draft.close(status, now=house.clock.monotonic(), answer=response.text, cited=cited)
    await house.records.append(finished)
    write_log_line(finished)
    offer_shadow(draft, finished, response, house)
    return Outcome(response, finished, draft.rates)
