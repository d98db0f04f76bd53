"""Builders of domain values with sensible defaults; tests state only what they are about."""

from weighbridge.domain.levels import Capability, Risk, Sensitivity, Tier
from weighbridge.domain.money import Price
from weighbridge.domain.policy import Host, Policy, PortfolioModel, Task
from weighbridge.domain.request import Message, Request, Role, say
from weighbridge.domain.response import Choice, FinishReason, Response
from weighbridge.domain.signals import Basis, Classification


def a_request(text: str = "Classify this email.", **changes: object) -> Request:
    fields: dict[str, object] = {"messages": (say(Role.USER, text),)}
    return Request(**(fields | changes))  # type: ignore[arg-type]


def a_conversation(*texts: str) -> tuple[Message, ...]:
    roles = (Role.USER, Role.ASSISTANT)
    return tuple(say(roles[index % 2], text) for index, text in enumerate(texts))


def a_model(name: str = "fast-small", **changes: object) -> PortfolioModel:
    fields: dict[str, object] = {
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
    return PortfolioModel(**(fields | changes))  # type: ignore[arg-type]


def a_task(name: str = "tag", **changes: object) -> Task:
    fields: dict[str, object] = {
        "name": name,
        "risk": Risk.LOW,
        "primary_model": "fast-small",
        "fallback_models": ("frontier-reasoning",),
    }
    return Task(**(fields | changes))  # type: ignore[arg-type]


def a_policy(*tasks: Task, **changes: object) -> Policy:
    models = (
        a_model(),
        a_model("frontier-reasoning", tier=Tier.FRONTIER, price=Price.per_million("3", "12")),
        a_model("frontier-backup", tier=Tier.FRONTIER, price=Price.per_million("3.5", "14")),
    )
    fields: dict[str, object] = {
        "digest": "0" * 64,
        "hosts": {"simulated": Host("simulated", provider="simulated", dialect="simulated")},
        "models": {model.name: model for model in models},
        "tasks": {task.name: task for task in tasks or (a_task(),)},
        "default_task": (tasks or (a_task(),))[0].name,
    }
    return Policy(**(fields | changes))  # type: ignore[arg-type]


def a_classification(task: str = "tag", **changes: object) -> Classification:
    fields: dict[str, object] = {
        "task": task,
        "task_basis": Basis.STATED,
        "risk": Risk.LOW,
        "risk_basis": Basis.STATED,
        "sensitivity": Sensitivity.INTERNAL,
        "sensitivity_basis": Basis.DEFAULT,
        "signals": {"input_tokens": 10},
        "evidence": "stated by the caller",
    }
    return Classification(**(fields | changes))  # type: ignore[arg-type]


def a_response(text: str = "invoice", **changes: object) -> Response:
    fields: dict[str, object] = {"model": "fast-small", "choices": (Choice(text, FinishReason.STOP),), "usage": None}
    return Response(**(fields | changes))  # type: ignore[arg-type]
