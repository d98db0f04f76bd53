"""How one call to a provider can fail. The ladder decides on these; callers never see them."""

from enum import StrEnum
from typing import ClassVar

from weighbridge.domain.errors.base import WeighbridgeError


class Blame(StrEnum):
    """Whose fault a failed call is, and so who is left alone for a while."""

    MODEL = "model"
    """This model on this host."""
    HOST = "host"
    """The host, with all its models."""
    REQUEST = "request"
    """What was asked: nobody is left alone."""
    GATEWAY = "gateway"
    """Our own limits: nobody is left alone."""


class ProviderError(WeighbridgeError):
    """One call failed. Internal to the ladder: callers see `AttemptsFailedError`."""

    status = 502
    code = "provider_error"
    blame: ClassVar[Blame] = Blame.MODEL

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
        self.can_switch_credential = False
        """The host has another credential, which is not resting: the same call may go out at once."""


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


class ProviderOverloadedError(ProviderUnavailableError):
    """The provider has too much to do (503, 529)."""

    code = "provider_overloaded"


class HostUnreachableError(ProviderUnavailableError):
    """No connection could be made."""

    code = "host_unreachable"
    blame = Blame.HOST


class HostBusyError(ProviderError):
    """Our own limit on calls to this host is reached, and the queue for it is full or too slow; nothing was sent."""

    status = 503
    code = "host_busy"
    is_retryable = True
    blame = Blame.GATEWAY


class ModelRestsError(ProviderError):
    """The model failed since the plan was made and is left alone for now; nothing was sent."""

    status = 503
    code = "cooling_down"
    blame = Blame.GATEWAY


class ProviderTimeoutError(ProviderError):
    """No answer in time."""

    status = 504
    code = "provider_timeout"
    is_retryable = True


class ProviderRejectedError(ProviderError):
    """The provider found the request itself invalid (4xx): the same call would fail again."""

    status = 400
    code = "provider_rejected"
    blame = Blame.REQUEST


class ContextTooLongError(ProviderRejectedError):
    """The provider finds the input too long for this model; a larger window may take it."""

    code = "context_too_long"


class ContentPolicyError(ProviderRejectedError):
    """The provider's content filter refused the request."""

    code = "content_policy"


class ProviderAuthError(ProviderError):
    """The provider refused our credential."""

    status = 401
    code = "provider_auth"
    blame = Blame.HOST


class ProviderQuotaError(ProviderError):
    """The account behind the credential has no credit left."""

    status = 402
    code = "provider_quota"
    blame = Blame.HOST


class ProviderMalformedError(ProviderError):
    """The provider's bytes are not what its dialect promises."""

    code = "provider_malformed"
    is_retryable = True
