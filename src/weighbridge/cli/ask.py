"""`weighbridge ask PROMPT`: the first direct call: key from the environment, explicit limits, cost printed."""

import asyncio
import os
from collections.abc import Mapping
from typing import Annotated

from cyclopts import Parameter

from weighbridge.cli.common import Json, print_json, print_lines
from weighbridge.domain.levels import Risk, Sensitivity, Tier
from weighbridge.domain.money import Price
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.policy import Host, Policy, PortfolioModel, StoreSettings
from weighbridge.domain.secret import Secret
from weighbridge.domain.task import Limits, Task
from weighbridge.pipeline.gateway import Gateway

KEY_VARIABLE = "LLM_API_KEY"
USD = Annotated[str, Parameter(validator=lambda _, usd: Price.per_million(usd, usd))]
MOCK_ANSWER = "Transformers use attention to weigh relevant tokens in context before predicting the next token."
LIMITS = Limits(max_input_tokens=4_000, max_output_tokens=300, deadline_s=30.0, max_attempts=1)


def ask(
    prompt: Annotated[str, Parameter(help="The question.")],
    *,
    base_url: Annotated[str, Parameter(help="An OpenAI-compatible endpoint.")] = "https://api.openai.com/v1",
    model: Annotated[str, Parameter(help="The model's name at that endpoint.")] = "gpt-5-mini",
    input_price: Annotated[USD, Parameter(help="USD per million input tokens.")] = "0.10",
    output_price: Annotated[USD, Parameter(help="USD per million output tokens.")] = "0.30",
    store: Annotated[str, Parameter(help="Where its record goes.")] = "weighbridge.db",
    json: Json = False,
) -> None:
    """Ask one question. The key is read from LLM_API_KEY; without one a mock answers, so this always runs."""
    host = _host(os.environ, base_url)
    policy = _policy(host, model, Price.per_million(input_price, output_price), store)
    outcome = asyncio.run(_ask(policy, prompt))
    if json:
        cost = None if outcome.cost is None else str(outcome.cost)
        print_json({"provider": host.provider, "cost_usd": cost, "text": outcome.text, "record": outcome.record.id})
    else:
        print_lines(f"provider={host.provider}", f"cost={outcome.cost}", outcome.text)


async def _ask(policy: Policy, prompt: str) -> Outcome:
    async with Gateway.on(policy) as gateway:
        return await gateway.run(task="ask", input=prompt)


def _host(env: Mapping[str, str], base_url: str) -> Host:
    key = env.get(KEY_VARIABLE)
    if not key:
        return Host("mock", provider="mock-local", dialect="simulated", options={"answer": MOCK_ANSWER})
    secret = Secret(f"${{env:{KEY_VARIABLE}}}", key)
    return Host("hosted", provider="openai-compatible", dialect="openai_chat", base_url=base_url, credential=secret)


def _policy(host: Host, model: str, price: Price, store: str) -> Policy:
    row = PortfolioModel(
        name=model,
        host=host.name,
        upstream_name=model,
        price=price,
        context_window_tokens=8_000,
        max_output_tokens=LIMITS.max_output_tokens,
        tier=Tier.FRONTIER,
        cleared_for=Sensitivity.INTERNAL,
        tokenizer="words",
    )
    task = Task("ask", risk=Risk.LOW, primary_model=model, fallback_models=(), limits=LIMITS)
    return Policy(
        digest="ask",
        hosts={host.name: host},
        models={model: row},
        tasks={"ask": task},
        default_task="ask",
        store=StoreSettings(store),
    )
