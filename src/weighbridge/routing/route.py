"""`route`: judge every model of the portfolio for one request, and put those that may serve in order."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from weighbridge.domain.decision import Candidate, Decision, DropReason, RouteReason
from weighbridge.domain.fit import FITS, Fit
from weighbridge.domain.hold import Estimate
from weighbridge.domain.levels import Risk
from weighbridge.domain.policy import Policy, PortfolioModel
from weighbridge.domain.request import Request
from weighbridge.domain.signals import Classification
from weighbridge.domain.task import Task
from weighbridge.routing.rules import RULES, VERIFIER_RULES, Case, Objection, Rules
from weighbridge.routing.situation import Situation

HIGH_RISK_SENTENCE = "high-risk request requires strongest reasoning and conservative fallback"


def _fits(model: PortfolioModel) -> Fit:
    del model
    return FITS


def route(
    request: Request,
    classification: Classification,
    policy: Policy,
    *,
    estimate: Callable[[PortfolioModel], Estimate],
    situation: Situation,
    fit: Callable[[PortfolioModel], Fit] = _fits,
) -> Decision:
    """Decide who may serve `request`, first choice first.

    `estimate` gives a model's upper estimate for the packed input, `fit` what its host cannot be told. The order is the
    selection record's own: primary, then fallbacks as listed; a pinned call has one candidate. Two decisions on equal
    arguments are equal.
    """
    task = policy.tasks[classification.task]
    pinned = request.model if request.model in policy.models else None
    needs, first = request.needs, policy.models[task.primary_model]

    def judge(model: PortfolioModel, rules: Rules = RULES) -> Candidate:
        host = policy.hosts[model.host]
        case = Case(model, host, task, request, classification, estimate(model), situation, pinned, needs, first, fit)
        return _candidate(case, _first_objection(case, rules))

    judged = {name: judge(model) for name, model in policy.models.items()}
    verifier = task.confidence.verifier_model
    wanted = (pinned,) if pinned else _wanted(task, situation)
    order = tuple(name for name in wanted if judged[name].is_kept)
    reason, sentence = _explain(order, judged[task.primary_model], task, classification.risk, pinned)
    checker = None if verifier is None else judge(policy.models[verifier], VERIFIER_RULES)
    return Decision(_ranked(judged, order), order, reason, sentence, checker)


def judge_aside(
    model: PortfolioModel,
    classification: Classification,
    policy: Policy,
    *,
    request: Request,
    estimate: Estimate,
    situation: Situation,
) -> Candidate:
    """Whether a model may be asked about `request` beside the one that answers, as a verifier may."""
    task = policy.tasks[classification.task]
    first = policy.models[task.primary_model]
    host = policy.hosts[model.host]
    case = Case(model, host, task, request, classification, estimate, situation, None, frozenset(), first, _fits)
    return _candidate(case, _first_objection(case, VERIFIER_RULES))


def _wanted(task: Task, situation: Situation) -> tuple[str, ...]:
    models = (task.primary_model, *task.fallback_models)
    return (task.canary.model, *models) if task.canary and situation.draw < task.canary.share else models


def _first_objection(case: Case, rules: Rules) -> Objection | None:
    for rule in rules:
        objection = rule(case)
        if objection is not None:
            return objection
    return None


def _candidate(case: Case, objection: Objection | None) -> Candidate:
    candidate = Candidate(case.model.name, None, estimate=case.estimate.cost)
    if case.task.gate is not None:
        standing = case.situation.proof(case.task.name, case.model.name)
        candidate = replace(candidate, proof=standing.on(case.situation.today), proof_digest=standing.digest)
    if objection is None:
        left_out = case.fit(case.model).left_out
        return replace(candidate, left_out=left_out) if left_out else candidate
    return replace(candidate, reason=objection.reason, numbers=objection.numbers)


def _ranked(judged: Mapping[str, Candidate], order: tuple[str, ...]) -> tuple[Candidate, ...]:
    kept = tuple(replace(judged[name], rank=rank) for rank, name in enumerate(order, start=1))
    return kept + tuple(candidate for candidate in judged.values() if not candidate.is_kept)


def _explain(
    order: tuple[str, ...], primary: Candidate, task: Task, risk: Risk, pinned: str | None
) -> tuple[RouteReason, str]:
    if not order:
        return RouteReason.NO_CANDIDATE, f"no model of the portfolio may serve this {task.name} request"
    if pinned:
        return RouteReason.PINNED, f"the caller pinned {pinned}"
    if risk is Risk.HIGH:
        return RouteReason.HIGH_RISK, HIGH_RISK_SENTENCE
    if order[0] == task.primary_model:
        return RouteReason.PRIMARY, task.rationale or f"{order[0]} is the primary model of {task.name}"
    return _not_primary(order[0], primary, task)


def _not_primary(first: str, primary: Candidate, task: Task) -> tuple[RouteReason, str]:
    if task.canary is not None and first == task.canary.model:
        return RouteReason.CANARY, f"{first} is tried on {task.canary.share:.4g} of all {task.name} requests"
    if primary.reason is DropReason.CONDITION_NOT_MET:
        return RouteReason.CONDITION_NOT_MET, f"{first} serves because {_unmet(primary)}"
    told = f"{first} serves because the primary {task.primary_model} was dropped: {primary.reason}"
    return RouteReason.PRIMARY_DROPPED, told


def _unmet(primary: Candidate) -> str:
    values = ", ".join(f"{name} is {value}" for name, value in primary.numbers.items() if name != "condition")
    return f"`{primary.numbers['condition']}` does not hold: {values}"
