"""What routing decided, and why every other model lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from weighbridge.domain.money import Money
from weighbridge.domain.proof import ProofState


class DropReason(StrEnum):
    """Why a model of the portfolio cannot serve this request."""

    NOT_IN_SELECTION_RECORD = "not_in_selection_record"
    OTHER_VECTORS = "other_vectors"
    NOT_DRAWN = "not_drawn"
    NOT_PINNED = "not_pinned"
    KEY_NOT_ALLOWED = "key_not_allowed"
    TOO_WEAK_FOR_RISK = "too_weak_for_risk"
    CONDITION_NOT_MET = "condition_not_met"
    CONTEXT_WINDOW_TOO_SMALL = "context_window_too_small"
    OUTPUT_LIMIT_TOO_SMALL = "output_limit_too_small"
    SENSITIVITY_NOT_ALLOWED = "sensitivity_not_allowed"
    OVER_PRICE_CAP = "over_price_cap"
    PRICE_UNKNOWN = "price_unknown"
    REGION_NOT_ALLOWED = "region_not_allowed"
    CAPABILITY_MISSING = "capability_missing"
    NOT_PROVED = "not_proved"
    PROOF_STALE = "proof_stale"
    PROOF_MISMATCH = "proof_mismatch"
    DEMOTED = "demoted"
    COOLING_DOWN = "cooling_down"
    DEPRECATED = "deprecated"
    CANNOT_CARRY = "cannot_carry"


class RouteReason(StrEnum):
    """Why the first candidate is first."""

    PRIMARY = "primary"
    HIGH_RISK = "high_risk"
    CONDITION_NOT_MET = "condition_not_met"
    PRIMARY_DROPPED = "primary_dropped"
    PINNED = "pinned"
    CANARY = "canary"
    NO_CANDIDATE = "no_candidate"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model of the portfolio, judged for one request."""

    model: str
    """Its portfolio name."""
    reason: DropReason | None
    """Why it was dropped; `None` when kept."""
    numbers: Mapping[str, str | int] = field(default_factory=dict)
    """The figures behind the reason, such as `needed_tokens` and `window_tokens`."""
    rank: int | None = None
    """Place in the order, from 1; `None` when dropped."""
    estimate: Money | None = None
    """Upper estimate of one attempt's cost; `None` when the price is unknown."""
    proof: ProofState | None = None
    """What its evaluation says today; `None` where the task has no quality gate."""
    proof_digest: str | None = None
    """The proof that was looked at; `None` when there was none."""
    left_out: tuple[str, ...] = ()
    """Fields of the request that its host is not told."""

    @property
    def is_kept(self) -> bool:
        """May be called for this request."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of the route stage."""

    candidates: tuple[Candidate, ...]
    """Every model of the portfolio: kept ones first in order, then dropped ones in portfolio order."""
    order: tuple[str, ...]
    """The kept models, first choice first; empty when none may serve."""
    reason: RouteReason
    """Why the first is first."""
    sentence: str
    """The same in one plain English sentence."""

    def left_out(self, model: str) -> tuple[str, ...]:
        """What the host of `model` is not told."""
        return next((item.left_out for item in self.candidates if item.model == model), ())

    verifier: Candidate | None = None
    """The task's verifier, judged by whether it may see the request; `None` where the task has none."""
