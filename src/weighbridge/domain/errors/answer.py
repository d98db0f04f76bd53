"""Models were called, and there is no answer to give."""

from collections.abc import Sequence

from weighbridge.domain.attempt import Attempt
from weighbridge.domain.errors.base import WeighbridgeError


class AnswerError(WeighbridgeError):
    """Models were called and no answer may be given."""

    status = 502
    code = "attempts_failed"

    def __init__(self, condition: str, *, advice: str, attempts: Sequence[Attempt] = ()) -> None:
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


class ConversationStateError(AnswerError):
    """A conversation is over its budget, and the model that keeps its state wrote nothing that can be used."""

    code = "conversation_state_failed"
    is_retryable = True


class NeedsReviewError(AnswerError):
    """A person has to decide on the answer; `review_id` says where to ask for what came of it.

    The native API answers 202 instead. A provider's dialect has no such ending, so there it is an error that its
    clients do not try again.
    """

    status = 422
    code = "needs_review"

    def __init__(
        self,
        condition: str,
        *,
        advice: str,
        attempts: Sequence[Attempt],
        review_id: str,
        deadline: str,
        is_undecided: bool = True,
    ) -> None:
        super().__init__(condition, advice=advice, attempts=attempts)
        self.review_id = review_id
        """The review item."""
        self.deadline = deadline
        """Until when people have time: UTC, RFC 3339."""
        self.is_undecided = is_undecided
        """There may still be an answer. False when the call waited, and the decision is that there is none."""
