"""Every error of the gateway, in one tree.

    WeighbridgeError
    ├── RequestError                    the caller must change the request; nothing was called
    │   ├── MalformedBodyError          400  invalid_json, duplicate_key, nesting_too_deep, number_out_of_range, ...
    │   ├── UnsupportedMediaTypeError   415  unsupported_media_type
    │   ├── BodyTooLargeError           413  body_too_large
    │   ├── BodyTooSlowError            408  body_too_slow
    │   ├── InvalidFieldError           400  invalid_field
    │   │   └── UnknownParameterError   400  unknown_parameter
    │   ├── EmptyInputError             400  empty_input
    │   ├── InputTooLongError           400  input_too_long
    │   ├── NotFoundError               404  unknown_task, unknown_model, unknown_record, ...
    │   ├── MethodNotAllowedError       405  method_not_allowed
    │   ├── ReviewConflictError         409  review_conflict
    │   ├── KeyExistsError              409  key_exists
    │   ├── InvalidCorrectionError      422  invalid_correction
    │   └── UnreadableDocumentError     422  unreadable_document
    ├── AccessError                     the caller may not do this
    │   ├── UnauthenticatedError        401  missing_key, invalid_key
    │   └── ForbiddenError              403  task_not_allowed, pinning_not_allowed, ...
    ├── PolicyError                     the policy in force forbids it
    │   ├── NoCandidateError            422  no_candidate
    │   │   └── ModelsCoolingDownError  503  models_cooling_down
    │   ├── NoEvidenceError             422  no_evidence
    │   ├── RateLimitedError            429  rate_limited
    │   └── BudgetExceededError         429  budget_exceeded
    ├── AnswerError                     models were called and no answer may be given
    │   ├── AttemptsFailedError         502  attempts_failed
    │   ├── DeadlineExceededError       504  deadline_exceeded
    │   ├── ConversationStateError      502  conversation_state_failed
    │   └── NeedsReviewError            422  needs_review
    ├── ProviderError                   one attempt failed; the ladder decides, the caller sees AttemptsFailedError
    │   ├── ProviderRateLimitedError    429  provider_rate_limited
    │   ├── ProviderUnavailableError    503  provider_unavailable
    │   │   ├── ProviderOverloadedError 503  provider_overloaded
    │   │   └── HostUnreachableError    503  host_unreachable
    │   ├── HostBusyError               503  host_busy
    │   ├── ModelRestsError             503  cooling_down
    │   ├── ProviderTimeoutError        504  provider_timeout
    │   ├── ProviderRejectedError       400  provider_rejected
    │   │   ├── ContextTooLongError     400  context_too_long
    │   │   └── ContentPolicyError      400  content_policy
    │   ├── ProviderAuthError           401  provider_auth
    │   ├── ProviderQuotaError          402  provider_quota
    │   └── ProviderMalformedError      502  provider_malformed
    ├── OverloadedError                 503  overloaded
    ├── CountersAwayError               503  counters_unavailable
    ├── StoreError                      503  store_unavailable
    │   └── UnwritableRecordError   503  record_unwritable
    ├── ConfigError                     -    config_invalid
    └── CommandError                    -    command_misused

Every error carries a stable `code`, the HTTP `status` it maps to, whether trying the same thing again can help, the
condition (what is so) and the advice (what to do next). Messages never hold a secret or a provider's raw page.
"""

from weighbridge.domain.errors.answer import (
    AnswerError,
    AttemptsFailedError,
    ConversationStateError,
    DeadlineExceededError,
    NeedsReviewError,
)
from weighbridge.domain.errors.base import (
    CommandError,
    CountersAwayError,
    OverloadedError,
    StoreError,
    UnwritableRecordError,
    WeighbridgeError,
)
from weighbridge.domain.errors.config import (
    ConfigError,
    ConfigProblem,
)
from weighbridge.domain.errors.policy import (
    BudgetExceededError,
    ModelsCoolingDownError,
    NoCandidateError,
    NoEvidenceError,
    PolicyError,
    RateLimitedError,
)
from weighbridge.domain.errors.provider import (
    Blame,
    ContentPolicyError,
    ContextTooLongError,
    HostBusyError,
    HostUnreachableError,
    ModelRestsError,
    ProviderAuthError,
    ProviderError,
    ProviderMalformedError,
    ProviderOverloadedError,
    ProviderQuotaError,
    ProviderRateLimitedError,
    ProviderRejectedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from weighbridge.domain.errors.request import (
    AccessError,
    BodyTooLargeError,
    BodyTooSlowError,
    EmptyInputError,
    ForbiddenError,
    InputTooLongError,
    InvalidCorrectionError,
    InvalidFieldError,
    KeyExistsError,
    MalformedBodyError,
    MethodNotAllowedError,
    NotFoundError,
    RequestError,
    ReviewConflictError,
    UnauthenticatedError,
    UnknownParameterError,
    UnreadableDocumentError,
    UnsupportedMediaTypeError,
)

__all__ = [
    "AccessError",
    "AnswerError",
    "AttemptsFailedError",
    "Blame",
    "BodyTooLargeError",
    "BodyTooSlowError",
    "BudgetExceededError",
    "CommandError",
    "ConfigError",
    "ConfigProblem",
    "ContentPolicyError",
    "ContextTooLongError",
    "ConversationStateError",
    "CountersAwayError",
    "DeadlineExceededError",
    "EmptyInputError",
    "ForbiddenError",
    "HostBusyError",
    "HostUnreachableError",
    "InputTooLongError",
    "InvalidCorrectionError",
    "InvalidFieldError",
    "KeyExistsError",
    "MalformedBodyError",
    "MethodNotAllowedError",
    "ModelRestsError",
    "ModelsCoolingDownError",
    "NeedsReviewError",
    "NoCandidateError",
    "NoEvidenceError",
    "NotFoundError",
    "OverloadedError",
    "PolicyError",
    "ProviderAuthError",
    "ProviderError",
    "ProviderMalformedError",
    "ProviderOverloadedError",
    "ProviderQuotaError",
    "ProviderRateLimitedError",
    "ProviderRejectedError",
    "ProviderTimeoutError",
    "ProviderUnavailableError",
    "RateLimitedError",
    "RequestError",
    "ReviewConflictError",
    "StoreError",
    "UnauthenticatedError",
    "UnknownParameterError",
    "UnreadableDocumentError",
    "UnsupportedMediaTypeError",
    "UnwritableRecordError",
    "WeighbridgeError",
]
