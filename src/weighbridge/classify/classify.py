"""`classify`: the task, risk, sensitivity and signals of a request, each with the basis it rests on."""

from collections.abc import Callable, Iterable

from weighbridge.classify.detection import Detection
from weighbridge.classify.detectors import detect
from weighbridge.classify.reading import Reading
from weighbridge.classify.signals import declared, predicted, sizes
from weighbridge.classify.tasks import Claim, Nearest, claim_task
from weighbridge.domain.caller import Caller
from weighbridge.domain.levels import Risk, Sensitivity
from weighbridge.domain.policy import Policy
from weighbridge.domain.request import Request
from weighbridge.domain.signals import Basis, Classification
from weighbridge.domain.task import Task
from weighbridge.domain.usage import TokenCount

__all__ = ["Nearest", "classify"]

_RISK_RANK = {risk: rank for rank, risk in enumerate(Risk)}


def classify(
    request: Request, caller: Caller, policy: Policy, nearest: Nearest, count: Callable[[str], TokenCount]
) -> Classification:
    """Decide from the request alone. `count` gives the size of all messages by a tokenizer's name.

    Raises NotFoundError (`unknown_task`, `unknown_model`), ForbiddenError (`task_not_allowed`, `pinning_not_allowed`),
    or InvalidFieldError when nothing tells the task.
    """
    reading = Reading.of(request)
    claim = claim_task(request, reading, caller, policy, nearest)
    task = policy.tasks[claim.task]
    found = detect(reading.whole)
    risk, risk_basis = _risk(request.risk, task, claim)
    sensitivity, sensitivity_basis = _sensitivity(caller, task, found)
    signals = sizes(request, reading, count(policy.models[task.primary_model].tokenizer).tokens)
    signals |= {
        "task": task.name,
        "risk": risk.value,
        "sensitivity": sensitivity.value,
        "has_personal_data": any(not kind.is_secret for kind in found),
        "has_secrets": any(kind.is_secret for kind in found),
    }
    signals |= predicted(task, reading)
    signals |= declared(policy.signals, request, reading, signals)
    return Classification(
        task=task.name,
        task_basis=claim.basis,
        risk=risk,
        risk_basis=risk_basis,
        sensitivity=sensitivity,
        sensitivity_basis=sensitivity_basis,
        signals=signals,
        evidence=_evidence(claim, found),
    )


def _risk(stated: Risk | None, task: Task, claim: Claim) -> tuple[Risk, Basis]:
    """The stricter of the caller's and the task's. A task that is only the default says nothing: unknown is high."""
    if stated is None and claim.basis is Basis.DEFAULT:
        return Risk.HIGH, Basis.DEFAULT
    if stated is None or _RISK_RANK[task.risk] > _RISK_RANK[stated]:
        return task.risk, Basis.TASK
    return stated, Basis.STATED


def _sensitivity(caller: Caller, task: Task, found: Iterable[Detection]) -> tuple[Sensitivity, Basis]:
    """The strictest of the claims, the first of equals; `internal` when nobody claims anything."""
    claims = [
        (level, basis)
        for level, basis in (
            (caller.sensitivity, Basis.CALLER),
            (task.sensitivity, Basis.TASK),
            (_detected(found), Basis.DETECTOR),
        )
        if level is not None
    ]
    return max(claims, key=lambda claim: claim[0].rank, default=(Sensitivity.INTERNAL, Basis.DEFAULT))


def _detected(found: Iterable[Detection]) -> Sensitivity | None:
    levels = [Sensitivity.RESTRICTED if kind.is_secret else Sensitivity.CONFIDENTIAL for kind in found]
    return max(levels, key=lambda level: level.rank, default=None)


def _evidence(claim: Claim, found: Iterable[Detection]) -> str:
    kinds = ", ".join(sorted(found))
    return f"{claim.evidence}; found {kinds}" if kinds else claim.evidence
