"""Builders of domain values with sensible defaults; tests state only what they are about."""

from typing import Any

from weighbridge.domain.attempt import Attempt, Step, StepKind
from weighbridge.domain.decision import Candidate, Decision, DropReason, RouteReason
from weighbridge.domain.levels import Capability, Risk, Sensitivity, Tier
from weighbridge.domain.money import Money, Price
from weighbridge.domain.policy import Host, Policy, PortfolioModel
from weighbridge.domain.record import OutcomeStatus, Record
from weighbridge.domain.request import Message, Request, Role, say
from weighbridge.domain.response import Choice, FinishReason, Response
from weighbridge.domain.review import ReviewItem, ReviewReason, Turn
from weighbridge.domain.signals import Basis, Classification
from weighbridge.domain.task import Task
from weighbridge.domain.usage import TokenCount, Usage
from weighbridge.domain.verdict import Verdict, VerdictStatus


def a_request(text: str = "Classify this email.", **changes: Any) -> Request:
    fields: dict[str, Any] = {"messages": (say(Role.USER, text),)}
    return Request(**(fields | changes))


def a_conversation(*texts: str) -> tuple[Message, ...]:
    roles = (Role.USER, Role.ASSISTANT)
    return tuple(say(roles[index % 2], text) for index, text in enumerate(texts))


def a_model(name: str = "fast-small", **changes: Any) -> PortfolioModel:
    fields: dict[str, Any] = {
        "name": name,
        "host": "simulated",
        "upstream_name": name,
        "price": Price.per_million("0.10", "0.30"),
        "context_window_tokens": 8_000,
        "max_output_tokens": 2_000,
        "tier": Tier.SMALL,
        "cleared_for": Sensitivity.CONFIDENTIAL,
        "tokenizer": "words",
        "capabilities": frozenset(Capability),
    }
    return PortfolioModel(**(fields | changes))


def a_task(name: str = "tag", **changes: Any) -> Task:
    fields: dict[str, Any] = {
        "name": name,
        "risk": Risk.LOW,
        "primary_model": "fast-small",
        "fallback_models": ("frontier-reasoning",),
    }
    return Task(**(fields | changes))


def a_policy(*tasks: Task, **changes: Any) -> Policy:
    models = (
        a_model(),
        a_model("frontier-reasoning", tier=Tier.FRONTIER, price=Price.per_million("3", "12")),
        a_model("frontier-backup", tier=Tier.FRONTIER, price=Price.per_million("3.5", "14")),
    )
    fields: dict[str, Any] = {
        "digest": "0" * 64,
        "hosts": {"simulated": Host("simulated", provider="simulated", dialect="simulated")},
        "models": {model.name: model for model in models},
        "tasks": {task.name: task for task in tasks or (a_task(),)},
        "default_task": (tasks or (a_task(),))[0].name,
    }
    return Policy(**(fields | changes))


def a_classification(task: str = "tag", **changes: Any) -> Classification:
    fields: dict[str, Any] = {
        "task": task,
        "task_basis": Basis.STATED,
        "risk": Risk.LOW,
        "risk_basis": Basis.STATED,
        "sensitivity": Sensitivity.INTERNAL,
        "sensitivity_basis": Basis.DEFAULT,
        "signals": {"input_tokens": 10},
        "evidence": "stated by the caller",
    }
    return Classification(**(fields | changes))


def a_response(text: str = "invoice", **changes: Any) -> Response:
    fields: dict[str, Any] = {"model": "fast-small", "choices": (Choice(text, FinishReason.STOP),), "usage": None}
    return Response(**(fields | changes))


def an_attempt(model: str = "fast-small", **changes: Any) -> Attempt:
    fields: dict[str, Any] = {
        "model": model,
        "host": "simulated",
        "verdict": Verdict(VerdictStatus.VALID),
        "step": Step(StepKind.ACCEPT, "valid"),
        "latency_s": 0.25,
        "usage": Usage(10, 2),
        "cost": Money.usd("0.0000016"),
    }
    return Attempt(**(fields | changes))


def a_decision(**changes: Any) -> Decision:
    fields: dict[str, Any] = {
        "candidates": (
            Candidate("fast-small", None, rank=1, estimate=Money.usd("0.0001")),
            Candidate("big", DropReason.CONTEXT_WINDOW_TOO_SMALL, {"needed_tokens": 9000, "window_tokens": 8000}),
        ),
        "order": ("fast-small",),
        "reason": RouteReason.PRIMARY,
        "sentence": "fast-small is the primary model of tag.",
    }
    return Decision(**(fields | changes))


def a_record(id: str = "rec_1", **changes: Any) -> Record:  # noqa: A002 (the field's own name)
    fields: dict[str, Any] = {
        "id": id,
        "created_at": "2026-11-25T00:00:00.000000Z",
        "expires_at": "2026-12-25T00:00:00.000000Z",
        "policy_digest": "0" * 64,
        "caller": "anonymous",
        "dialect": "native",
        "requested_model": "task/tag",
        "is_stream": False,
        "input_digest": "1" * 64,
        "status": OutcomeStatus.ANSWERED,
        "error_code": None,
        "classification": a_classification(),
        "decision": a_decision(),
        "attempts": (an_attempt(),),
        "served_model": "fast-small",
        "is_fallback": False,
        "prompt_count": TokenCount(10, "words"),
        "dropped_messages": (),
        "estimate": Money.usd("0.0001"),
        "usage": Usage(10, 2),
        "cost": Money.usd("0.0000016"),
        "duration_s": 0.3,
    }
    return Record(**(fields | changes))


def a_review(**changes: Any) -> ReviewItem:
    fields: dict[str, Any] = {
        "id": "rev_01M88RJB6QXA5J14KWPT71SWHP",
        "record_id": "rec_01M88RJB6QXA5J14KWPT71SWHP",
        "created_at": "2026-11-25T00:00:00.000000Z",
        "deadline": "2026-11-26T00:00:00.000000Z",
        "task": "tag",
        "risk": Risk.LOW,
        "caller": "anonymous",
        "reason": ReviewReason.NO_VALID_ANSWER,
        "fault": "label_not_allowed",
        "conversation": (Turn("user", "Classify this email."),),
        "proposed": "invoice",
        "findings": (),
    }
    return ReviewItem(**(fields | changes))
