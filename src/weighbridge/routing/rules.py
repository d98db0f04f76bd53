"""The rules that drop a model from a route, in the order they are told: one small function for each reason.

Every rule gets the same `Case` and answers `None` (no objection) or the reason with the numbers behind it. The first
objection is the one that is recorded, so rules about who may see the content stand before rules about money and luck.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from weighbridge.domain.decision import DropReason
from weighbridge.domain.fit import Fit
from weighbridge.domain.gate import OnMissingProof
from weighbridge.domain.hold import Estimate
from weighbridge.domain.levels import Capability, Risk, Tier
from weighbridge.domain.policy import Host, PortfolioModel
from weighbridge.domain.proof import ProofState
from weighbridge.domain.request import Request
from weighbridge.domain.signals import Classification
from weighbridge.domain.task import Task
from weighbridge.routing.situation import Situation

Numbers = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Case:
    """One model before the court."""

    model: PortfolioModel
    host: Host
    task: Task
    request: Request
    classification: Classification
    estimate: Estimate
    situation: Situation
    pinned: str | None
    needs: frozenset[Capability]
    first_choice: PortfolioModel
    """The task's primary, whose vectors nobody else's may be mixed with."""
    fit: Callable[[PortfolioModel], Fit]
    """The request held against a model's host."""


@dataclass(frozen=True, slots=True)
class Objection:
    """Why the model may not serve."""

    reason: DropReason
    numbers: Numbers


def not_pinned(case: Case) -> Objection | None:
    """A pinned call is served by the pinned model or not at all."""
    if case.pinned is None or case.model.name == case.pinned:
        return None
    return Objection(DropReason.NOT_PINNED, {"pinned": case.pinned})


def key_not_allowed(case: Case) -> Objection | None:
    """The caller's key names the models that may serve it."""
    allowed = case.situation.allowed
    if allowed is None or case.model.name in allowed:
        return None
    return Objection(DropReason.KEY_NOT_ALLOWED, {"allowed": ", ".join(sorted(allowed))})


def not_in_selection_record(case: Case) -> Objection | None:
    """Only the models that the task's record justifies."""
    if case.pinned or case.model.name in case.task.models:
        return None
    return Objection(DropReason.NOT_IN_SELECTION_RECORD, {"task": case.task.name})


def not_drawn(case: Case) -> Objection | None:
    """The canary serves its share alone."""
    canary = case.task.canary
    if case.pinned or canary is None or case.model.name != canary.model or case.situation.draw < canary.share:
        return None
    return Objection(DropReason.NOT_DRAWN, {"share": f"{canary.share:.4g}", "draw": f"{case.situation.draw:.4g}"})


def other_vectors(case: Case) -> Objection | None:
    """Vectors and scores of different models cannot be compared: only another host of the same model may step in."""
    first = case.first_choice
    if not case.request.is_for_numbers or case.pinned or case.model.upstream_name == first.upstream_name:
        return None
    return Objection(DropReason.OTHER_VECTORS, {"primary": first.name})


def sensitivity_not_allowed(case: Case) -> Objection | None:
    """A model may see content up to its clearance, as first choice and as fallback alike."""
    level, clearance = case.classification.sensitivity, case.model.cleared_for
    if level.rank <= clearance.rank:
        return None
    return Objection(DropReason.SENSITIVITY_NOT_ALLOWED, {"sensitivity": level.value, "cleared_for": clearance.value})


def region_not_allowed(case: Case) -> Objection | None:
    """A host of unknown region is outside every list of allowed regions."""
    allowed = case.task.allowed_regions
    if allowed is None or case.host.region in allowed:
        return None
    return Objection(
        DropReason.REGION_NOT_ALLOWED,
        {"region": case.host.region or "unknown", "allowed": ", ".join(sorted(allowed))},
    )


def too_weak_for_risk(case: Case) -> Objection | None:
    """High risk is served by the strongest tier only: never by a cheap primary."""
    if case.request.is_for_numbers:  # no answer is given that could be wrong
        return None
    if case.classification.risk is not Risk.HIGH or case.model.tier is Tier.FRONTIER:
        return None
    return Objection(DropReason.TOO_WEAK_FOR_RISK, {"tier": case.model.tier.value, "needed": Tier.FRONTIER.value})


def capability_missing(case: Case) -> Objection | None:
    """The model lacks something the request cannot do without."""
    missing = case.needs - case.model.capabilities
    if not missing:
        return None
    return Objection(DropReason.CAPABILITY_MISSING, {"missing": ", ".join(sorted(missing))})


def cannot_carry(case: Case) -> Objection | None:
    """The format that the model's host speaks has no place for something the request cannot do without."""
    refusal = case.fit(case.model).refusal
    return None if refusal is None else Objection(DropReason.CANNOT_CARRY, {"param": refusal.param or "unknown"})


def deprecated(case: Case) -> Objection | None:
    """No traffic from the day of retirement on."""
    day = case.model.retires_on
    if day is None or case.situation.today < day:
        return None
    return Objection(DropReason.DEPRECATED, {"retires_on": day.isoformat()})


def condition_not_met(case: Case) -> Objection | None:
    """`use_primary_when` guards the primary, and the canary in its place; a signal it cannot read counts as not met."""
    condition = case.task.use_primary_when
    first_choices = {case.task.primary_model, case.task.canary and case.task.canary.model}
    if case.pinned or condition is None or case.model.name not in first_choices:
        return None
    signals = case.classification.signals
    if condition.test(signals):
        return None
    values = {name: _plain(signals.get(name)) for name in sorted(condition.names)}
    return Objection(DropReason.CONDITION_NOT_MET, {"condition": condition.text, **values})


def _plain(value: object) -> str | int:
    if value is None:
        return "unknown"
    return value if isinstance(value, int) and not isinstance(value, bool) else str(value).lower()


def not_proved(case: Case) -> Objection | None:
    """A gate lets only models with a valid, fresh proof through; `fallback` asks it of the primary alone."""
    gate, model = case.task.gate, case.model.name
    if gate is None or gate.on_missing is OnMissingProof.WARN:
        return None
    if gate.on_missing is OnMissingProof.FALLBACK and model in case.task.fallback_models:
        return None
    standing = case.situation.proof(case.task.name, model)
    state = standing.on(case.situation.today)
    if state is ProofState.PROVED:
        return None
    return Objection(_UNPROVED.get(state, DropReason.NOT_PROVED), {"dataset": gate.dataset, **standing.numbers})


_UNPROVED = {
    ProofState.STALE: DropReason.PROOF_STALE,
    ProofState.MISMATCH: DropReason.PROOF_MISMATCH,
    ProofState.DEMOTED: DropReason.DEMOTED,
}


def context_window_too_small(case: Case) -> Objection | None:
    """Input and the longest possible answer must fit together."""
    needed = case.estimate.input_tokens + case.estimate.output_tokens
    if case.request.is_for_numbers:  # the window is for each text by itself, and the estimate is of all
        return None
    if needed <= case.model.context_window_tokens:
        return None
    return Objection(
        DropReason.CONTEXT_WINDOW_TOO_SMALL,
        {"needed_tokens": needed, "window_tokens": case.model.context_window_tokens},
    )


def output_limit_too_small(case: Case) -> Objection | None:
    """The caller asks for a longer answer than the model can give."""
    wanted = case.request.max_output_tokens
    if wanted is None or wanted <= case.model.max_output_tokens:
        return None
    return Objection(
        DropReason.OUTPUT_LIMIT_TOO_SMALL,
        {"wanted_tokens": wanted, "limit_tokens": case.model.max_output_tokens},
    )


def price_unknown(case: Case) -> Objection | None:
    """Unknown is not zero: such a model serves only tasks that accept it."""
    if case.estimate.cost is not None or case.task.allows_unknown_price:
        return None
    return Objection(DropReason.PRICE_UNKNOWN, {})


def over_price_cap(case: Case) -> Objection | None:
    """One attempt's upper estimate is above the task's cap for an attempt or for the whole request."""
    limits, cost = case.task.limits, case.estimate.cost
    cap = min((most for most in (limits.max_cost, limits.max_request_cost) if most is not None), default=None)
    if cap is None or cost is None or cost <= cap:
        return None
    return Objection(DropReason.OVER_PRICE_CAP, {"estimate_usd": str(cost), "cap_usd": str(cap)})


def cooling_down(case: Case) -> Objection | None:
    """The model failed lately and is left alone for a while."""
    left_s = case.situation.cooling_down.get(case.model.name)
    return None if left_s is None else Objection(DropReason.COOLING_DOWN, {"seconds_left": round(left_s)})


Rules = tuple[Callable[[Case], Objection | None], ...]

RULES: Rules = (
    not_pinned,
    key_not_allowed,
    not_in_selection_record,
    not_drawn,
    other_vectors,
    sensitivity_not_allowed,
    region_not_allowed,
    too_weak_for_risk,
    capability_missing,
    cannot_carry,
    deprecated,
    condition_not_met,
    not_proved,
    context_window_too_small,
    output_limit_too_small,
    price_unknown,
    over_price_cap,
    cooling_down,
)

VERIFIER_RULES: Rules = (
    sensitivity_not_allowed,
    region_not_allowed,
    deprecated,
    price_unknown,
    cooling_down,
)
"""A verifier reads the whole request and its answer, so who may see those holds for it too."""
