"""What the policy in force forbids before any call."""

from weighbridge.domain.budget import Budget
from weighbridge.domain.decision import Decision
from weighbridge.domain.errors.base import WeighbridgeError


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

    def __init__(self, condition: str, *, advice: str, decision: Decision, wait_s: float) -> None:
        super().__init__(condition, advice=advice, decision=decision)
        self.wait_s = wait_s
        """Seconds until the first of them may be tried again."""


class BudgetExceededError(PolicyError):
    """The estimate does not fit into a budget that covers the request."""

    status = 429
    code = "budget_exceeded"

    def __init__(
        self,
        condition: str,
        *,
        advice: str,
        budget: Budget | None = None,
        retry_after_s: float | None = None,
        is_for_good: bool = False,
    ) -> None:
        super().__init__(condition, advice=advice)
        self.budget = budget
        """Which has no room."""
        self.retry_after_s = retry_after_s
        """Seconds after which there is room at the latest; `None`: nobody knows."""
        self.is_for_good = is_for_good
        """Running calls cannot give back enough: there is no use in waiting for them."""


class RateLimitedError(PolicyError):
    """The caller comes faster than the policy allows, or with too much at once; nothing was called."""

    status = 429
    code = "rate_limited"
    is_retryable = True

    def __init__(self, condition: str, *, advice: str, retry_after_s: float) -> None:
        super().__init__(condition, advice=advice)
        self.retry_after_s = retry_after_s
        """Seconds after which it may come again."""


class NoEvidenceError(PolicyError):
    """No source that is in force answers the question, and the task does not answer without one."""

    code = "no_evidence"
