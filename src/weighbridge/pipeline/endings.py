"""How a request ends when it does not end with an answer."""

import asyncio
from contextlib import suppress

from weighbridge.domain.attempt import Attempt, Step
from weighbridge.domain.errors import (
    AnswerError,
    AttemptsFailedError,
    DeadlineExceededError,
    OverloadedError,
    StoreError,
    WeighbridgeError,
)
from weighbridge.domain.record import OutcomeStatus
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House
from weighbridge.pipeline.log_line import write_log_line


def give_up(draft: Draft, step: Step) -> AnswerError:
    """The error that names every attempt."""
    told = "; ".join(f"{number}. {_tell(item)}" for number, item in enumerate(draft.attempts, start=1))
    if step.reason == "deadline":
        return DeadlineExceededError(
            f"No valid answer came in time ({told}).",
            advice="Raise limits.deadline_s of the task, or try again.",
            attempts=draft.attempts,
        )
    return AttemptsFailedError(
        f"No model gave a valid answer ({told}).",
        advice=f"`weighbridge explain {draft.id}` shows each attempt and finding.",
        attempts=draft.attempts,
    )


def _tell(attempt: Attempt) -> str:
    if attempt.error_code:
        return f"{attempt.model}: {attempt.error_code}"
    return f"{attempt.model}: " + ", ".join(finding.code.value for finding in attempt.verdict.findings)


async def keep_failure(draft: Draft, error: BaseException, house: House) -> None:
    """Write the record of a request that got no answer, and tell the error its number.

    A store that fails here does not hide the first error: no answer was given, so no answer lacks its record.
    """
    record = draft.close(_status(error), now=house.clock.monotonic(), error_code=_code(error))
    with suppress(StoreError, OverloadedError):
        await house.records.append(record)
        write_log_line(record)
        if isinstance(error, WeighbridgeError):
            error.record_id = record.id


def _status(error: BaseException) -> OutcomeStatus:
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return OutcomeStatus.CANCELLED
    is_refusal = isinstance(error, WeighbridgeError) and not isinstance(error, AnswerError)
    return OutcomeStatus.REFUSED if is_refusal else OutcomeStatus.FAILED


def _code(error: BaseException) -> str:
    if isinstance(error, WeighbridgeError):
        return error.code
    return "cancelled" if _status(error) is OutcomeStatus.CANCELLED else "internal_error"
