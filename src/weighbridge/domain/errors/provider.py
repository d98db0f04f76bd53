"""How one call to a provider can fail. The ladder decides on these; callers never see them."""

from weighbridge.domain.errors.base import WeighbridgeError


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
