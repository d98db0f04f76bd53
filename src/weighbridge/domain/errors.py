"""Every error of the gateway, in one tree.

    WeighbridgeError
    ├── RequestError                    the caller must change the request; nothing was called
    │   ├── MalformedBodyError          400  invalid_json, duplicate_key, nesting_too_deep, number_out_of_range, ...
    │   ├── UnsupportedMediaTypeError   415  unsupported_media_type
    │   ├── BodyTooLargeError           413  body_too_large
    │   ├── BodyTooSlowError            408  body_too_slow
    │   ├── InvalidFieldError           400  invalid_field
    │   ├── EmptyInputError             400  empty_input
    │   ├── InputTooLongError           400  input_too_long
    │   ├── NotFoundError               404  unknown_task, unknown_model, unknown_record, unknown_path
    │   └── MethodNotAllowedError       405  method_not_allowed
    ├── AccessError                     the caller may not do this
    │   ├── UnauthenticatedError        401  missing_key, invalid_key
    │   └── ForbiddenError              403  task_not_allowed, pinning_not_allowed
    ├── PolicyError                     the policy in force forbids it
    │   ├── NoCandidateError            422  no_candidate
    │   │   └── ModelsCoolingDownError  503  models_cooling_down
    │   └── BudgetExceededError         429  budget_exceeded
    ├── AnswerError                     models were called and no answer may be given
    │   ├── AttemptsFailedError         502  attempts_failed
    │   └── DeadlineExceededError       504  deadline_exceeded
    ├── ProviderError                   one attempt failed; the ladder decides, the caller sees AttemptsFailedError
    │   ├── ProviderRateLimitedError    429  provider_rate_limited
    │   ├── ProviderUnavailableError    503  provider_unavailable
    │   ├── ProviderTimeoutError        504  provider_timeout
    │   ├── ProviderRejectedError       400  provider_rejected
    │   ├── ProviderAuthError           401  provider_auth
    │   └── ProviderMalformedError      502  provider_malformed
    ├── OverloadedError                 503  overloaded
    ├── StoreError                      503  store_unavailable
    │   └── UnwritableRecordError   503  record_unwritable
    ├── ConfigError                     -    config_invalid
    └── CommandError                    -    command_misused

Every error carries a stable `code`, the HTTP `status` it maps to, whether trying the same thing again can help, the
condition (what is so) and the advice (what to do next). Messages never hold a secret or a provider's raw page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from weighbridge.domain.attempt import Attempt
from weighbridge.domain.decision import Decision


class WeighbridgeError(Exception):
    """The root. Catch it to catch everything the gateway raises on purpose."""

    status: ClassVar[int] = 500
    code: str = "internal_error"
    is_retryable: ClassVar[bool] = False

    def __init__(
        self,
        condition: str,
        *,
        advice: str,
        code: str | None = None,
        param: str | None = None,
        record_id: str | None = None,
    ) -> None:
        super().__init__(f"{condition} {advice}".strip())
        self.condition = condition
        """What is so, one sentence."""
        self.advice = advice
        """What to do next, one sentence."""
        self.code = code or type(self).code
        """Stable name for programs."""
        self.param = param
        """The request field or header at fault, if one is."""
        self.record_id = record_id
        """The record that tells the story, once there is one."""


class RequestError(WeighbridgeError):
    """The caller must change the request; no provider was called."""

    status = 400
    code = "invalid_request"


class MalformedBodyError(RequestError):
    """The body cannot be read as JSON text of sane depth, numbers and characters."""

    code = "invalid_json"


class UnsupportedMediaTypeError(RequestError):
    """The body is not declared as JSON."""

    status = 415
    code = "unsupported_media_type"


class BodyTooLargeError(RequestError):
    """The body is larger than the gateway reads."""

    status = 413
    code = "body_too_large"


class BodyTooSlowError(RequestError):
    """The body did not arrive in time."""

    status = 408
    code = "body_too_slow"


class InvalidFieldError(RequestError):
    """A field is missing, unknown or of the wrong type or value; `param` names it."""

    code = "invalid_field"


class EmptyInputError(RequestError):
    """There is nothing to send to a model."""

    code = "empty_input"


class InputTooLongError(RequestError):
    """The input has more tokens than allowed; the message holds the count and the limit."""

    code = "input_too_long"


class NotFoundError(RequestError):
    """A task, model, record or path that does not exist."""

    status = 404
    code = "not_found"


class MethodNotAllowedError(RequestError):
    """The path exists, the method does not."""

    status = 405
    code = "method_not_allowed"


class AccessError(WeighbridgeError):
    """The caller may not do this."""

    status = 403
    code = "forbidden"


class UnauthenticatedError(AccessError):
    """No key, or one that the gateway does not know."""

    status = 401
    code = "missing_key"


class ForbiddenError(AccessError):
    """A known key that does not allow this task or pinning a model."""


class PolicyError(WeighbridgeError):
    """The policy in force forbids the call; no provider was called."""

    status = 422
    code = "policy_refused"


class NoCandidateError(PolicyError):
    """Every model of the portfolio was dropped; `decision` holds the reason of each."""

    code = "no_candidate"

    def __init__(self, condition: str, *, advice: str, decision: Decision) -> None:
        super().__init__(condition, advice=advice)
        self.decision = decision


class ModelsCoolingDownError(NoCandidateError):
    """Models that may serve the request exist, and all of them are left alone for a while after failures."""

    status = 503
    code = "models_cooling_down"
    is_retryable = True


class BudgetExceededError(PolicyError):
    """The estimate does not fit into a budget that covers the request."""

    status = 429
    code = "budget_exceeded"


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


class ProviderError(WeighbridgeError):
    """One call failed. Internal to the ladder: callers see `AttemptsFailedError`."""

    status = 502
    code = "provider_error"

    def __init__(
        self,
        condition: str,
        *,
        advice: str = "",
        provider_status: int | None = None,
        retry_after_s: float | None = None,
        may_have_cost: bool | None = None,
    ) -> None:
        super().__init__(condition, advice=advice)
        self.provider_status = provider_status
        """The provider's HTTP status, if it got that far."""
        self.retry_after_s = retry_after_s
        """How long the provider asked us to wait."""
        self.may_have_cost = provider_status is None if may_have_cost is None else may_have_cost
        """False when nothing was sent or the provider answered with an error status, which nobody bills."""


class ProviderRateLimitedError(ProviderError):
    """The provider asked us to slow down."""

    status = 429
    code = "provider_rate_limited"
    is_retryable = True


class ProviderUnavailableError(ProviderError):
    """No connection, a broken one, or a 5xx."""

    status = 503
    code = "provider_unavailable"
    is_retryable = True


class ProviderTimeoutError(ProviderError):
    """No answer in time."""

    status = 504
    code = "provider_timeout"
    is_retryable = True


class ProviderRejectedError(ProviderError):
    """The provider found the request itself invalid (4xx): the same call would fail again."""

    status = 400
    code = "provider_rejected"


class ProviderAuthError(ProviderError):
    """The provider refused our credential."""

    status = 401
    code = "provider_auth"


class ProviderMalformedError(ProviderError):
    """The provider's bytes are not what its dialect promises."""

    code = "provider_malformed"
    is_retryable = True


class OverloadedError(WeighbridgeError):
    """A bounded queue is full; nothing was called."""

    status = 503
    code = "overloaded"
    is_retryable = True


class StoreError(WeighbridgeError):
    """The record could not be written, so the answer is withheld."""

    status = 503
    code = "store_unavailable"
    is_retryable = True


class UnwritableRecordError(StoreError):
    """This one record cannot be written, whatever the disk does; other requests are not affected."""

    code = "record_unwritable"


class CommandError(WeighbridgeError):
    """A command was asked for something that cannot be had, such as an address that is taken."""

    code = "command_misused"


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing wrong in a config file."""

    file: str
    """Path as the operator gave it."""
    line: int
    """From 1."""
    column: int
    """From 1."""
    key: str
    """Dotted path of the key, such as `tasks.tag.limits.max_cost`."""
    expected: str
    """What belongs there."""
    nearest: str | None = None
    """The closest valid name, when the problem is a name."""

    def __str__(self) -> str:
        hint = f" Did you mean {self.nearest!r}?" if self.nearest else ""
        return f"{self.file}:{self.line}:{self.column}: {self.key}: expected {self.expected}.{hint}"


class ConfigError(WeighbridgeError):
    """The config cannot be used; `problems` lists everything wrong with it at once."""

    code = "config_invalid"

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        listing = "\n".join(str(problem) for problem in problems)
        condition = f"The config has {len(problems)} problem{'s' if len(problems) != 1 else ''}:\n{listing}"
        super().__init__(condition, advice="Correct the file and run `weighbridge check`.")
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return f"{self.condition}\n{self.advice}"
