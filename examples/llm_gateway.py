"""A first multi-model gateway in plain functions, each a thin cover over the package that does the work.

Run it: `.venv/bin/python examples/llm_gateway.py`. The design note is `docs/explanation/routing-policy.md`.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from weighbridge.budget.tokens import count_tokens
from weighbridge.config.load import load_policy
from weighbridge.domain.hold import Estimate
from weighbridge.domain.levels import Risk, Sensitivity
from weighbridge.domain.money import Price
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.request import TEXT_OUTPUT, Request, Role, say
from weighbridge.domain.response import Choice, Response
from weighbridge.domain.signals import Basis, Classification
from weighbridge.domain.task import Contract
from weighbridge.providers.simulated import seed_answer
from weighbridge.routing.route import route
from weighbridge.routing.situation import Situation
from weighbridge.validation.validate import validate

TaskType = Literal["classify", "summarize", "reason"]
RiskLevel = Literal["low", "medium", "high"]

POLICY = load_policy(None, {})
ALLOWED_LABELS = frozenset(POLICY.tasks["classify"].contract.labels)
PRICE_TABLE = {
    model.name: (float((model.price.input * 1_000_000).as_usd), float((model.price.output * 1_000_000).as_usd))
    for model in POLICY.models.values()
    if model.price is not None
}


@dataclass
class GatewayRequest:
    """What an application asks: no provider detail in it."""

    task_type: TaskType
    risk_level: RiskLevel
    prompt: str
    max_output_tokens: int = 300


@dataclass
class GatewayRoute:
    """Which models, and why."""

    primary_model: str
    fallback_model: str
    reason: str


@dataclass
class GatewayResponse:
    """The answer with what it took."""

    model: str
    text: str
    prompt_tokens: int
    completion_tokens: int
    estimated_cost_usd: float
    fallback_used: bool
    route_reason: str


def estimate_tokens(text: str) -> int:
    """Words / 0.75, at least 1."""
    return count_tokens(text, "words").tokens


def estimate_cost(
    prompt_tokens: int, completion_tokens: int, input_per_million: float, output_per_million: float
) -> float:
    """Dollars to six decimals: enough for a lesson, too coarse for a ledger (the package keeps 1e-12)."""
    price = Price.per_million(str(input_per_million), str(output_per_million))
    return round(float((price.input * prompt_tokens + price.output * completion_tokens).as_usd), 6)


def choose_route(request: GatewayRequest) -> GatewayRoute:
    """The gateway's own decision for this task and risk: first and second of the order, and the reason."""
    known = Classification(
        task=request.task_type,
        task_basis=Basis.STATED,
        risk=Risk(request.risk_level),
        risk_basis=Basis.STATED,
        sensitivity=Sensitivity.INTERNAL,
        sensitivity_basis=Basis.DEFAULT,
        signals={},
        evidence="stated by the caller",
    )

    def estimate(model: PortfolioModel) -> Estimate:
        return Estimate(1, 1, model.price.input if model.price else None)

    asked = Request(messages=(say(Role.USER, request.prompt),))
    decision = route(asked, known, POLICY, estimate=estimate, situation=Situation(date.min))
    return GatewayRoute(decision.order[0], decision.order[1], decision.sentence)


def call_model(model: str, prompt: str, max_output_tokens: int) -> str:
    """What the simulated host answers."""
    return seed_answer(model, prompt)


def validate_response(request: GatewayRequest, text: str) -> bool:
    """The task's contract, with the request's own limit on the length of a summary."""
    contract = POLICY.tasks[request.task_type].contract
    if request.task_type == "summarize":
        contract = Contract(min_words=contract.min_words, max_words=request.max_output_tokens)
    answer = Response("any", (Choice(text),), usage=None)
    return validate(answer, contract, TEXT_OUTPUT, estimate_tokens).is_valid


def build_response(
    request: GatewayRequest, model: str, text: str, fallback_used: bool, route_reason: str
) -> GatewayResponse:
    """Price the accepted answer. (The attempts before it are not in this figure; in the package's records they are.)"""
    prompt_tokens, completion_tokens = estimate_tokens(request.prompt), estimate_tokens(text)
    cost = estimate_cost(prompt_tokens, completion_tokens, *PRICE_TABLE[model])
    return GatewayResponse(model, text, prompt_tokens, completion_tokens, cost, fallback_used, route_reason)


def handle_request(request: GatewayRequest) -> GatewayResponse:
    """Primary, check, fallback, check. Raises ValueError when both answers are invalid."""
    chosen = choose_route(request)
    for model in (chosen.primary_model, chosen.fallback_model):
        text = call_model(model, request.prompt, request.max_output_tokens)
        if validate_response(request, text):
            return build_response(request, model, text, model != chosen.primary_model, chosen.reason)
    raise ValueError("fallback model also failed validation")


def demo() -> None:
    """Three requests: the cheap path, the fallback, the high-risk route."""
    requests = [
        GatewayRequest("classify", "low", "Classify this vendor email: attached invoice for March."),
        GatewayRequest("classify", "low", "Classify this ambiguous vendor email about contract billing."),
        GatewayRequest("reason", "high", "Assess legal risk in this disputed contract clause."),
    ]
    for item in requests:
        response = handle_request(item)
        print("---")
        print(f"model={response.model}")
        print(f"fallback_used={response.fallback_used}")
        print(f"cost={response.estimated_cost_usd}")
        print(f"reason={response.route_reason}")
        print(f"text={response.text}")


if __name__ == "__main__":
    demo()
