"""Models were called, and there is no answer to give."""

from collections.abc import Sequence

from weighbridge.domain.attempt import Attempt
from weighbridge.domain.errors.base import WeighbridgeError


class AnswerError(WeighbridgeError):
    """Models were called and no answer may be given."""

    status = 502
    code = "attempts_failed"

    def __init__(self, condition: str, *, advice: str, attempts: Sequence[Attempt]) -> None:
        super().__init__(condition, advice=advice)
        self.attempts = tuple(attempts)
        """What was tried, in order."""


class AttemptsFailedError(AnswerError):
    """Every allowed attempt failed or gave an invalid answer; the message names each."""


class DeadlineExceededError(AnswerError):
    """The task's time was used up before a valid answer came."""

    status = 504
    code = "deadline_exceeded"
    is_retryable = True
