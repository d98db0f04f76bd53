"""The exercise's functions give the exercise's exact results."""

from dataclasses import is_dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_gateway import (
    ALLOWED_LABELS,
    PRICE_TABLE,
    GatewayRequest,
    GatewayResponse,
    GatewayRoute,
    RiskLevel,
    TaskType,
    call_model,
    choose_route,
    demo,
    estimate_cost,
    estimate_tokens,
    handle_request,
    validate_response,
)

HIGH = "high-risk request requires strongest reasoning and conservative fallback"
NARROW = "classification is narrow enough for a cheaper primary model"
BALANCED = "summarization benefits from balanced quality, latency, and cost"
OPEN_ENDED = "open-ended reasoning needs the strongest available route"

DEMO_OUTPUT = """---
model=fast-small
fallback_used=False
cost=1e-06
reason=classification is narrow enough for a cheaper primary model
text=invoice
---
model=frontier-reasoning
fallback_used=True
cost=4.2e-05
reason=classification is narrow enough for a cheaper primary model
text=legal
---
model=frontier-reasoning
fallback_used=False
cost=4.2e-05
reason=high-risk request requires strongest reasoning and conservative fallback
text=legal
"""


def test_the_three_nouns_are_dataclasses() -> None:
    assert all(is_dataclass(noun) for noun in (GatewayRequest, GatewayRoute, GatewayResponse))
    assert GatewayRequest("classify", "low", "x").max_output_tokens == 300


@given(st.text())
def test_tokens_are_words_over_three_quarters(text: str) -> None:
    assert estimate_tokens(text) == max(1, int(len(text.split()) / 0.75))


@given(st.integers(0, 10**6), st.integers(0, 10**5), st.sampled_from(sorted(PRICE_TABLE.values())))
def test_cost_agrees_with_the_float_formula_to_a_millionth(
    prompt: int, completion: int, prices: tuple[float, float]
) -> None:
    expected = prompt / 1_000_000 * prices[0] + completion / 1_000_000 * prices[1]
    assert abs(estimate_cost(prompt, completion, *prices) - round(expected, 6)) < 1.5e-6


def test_the_prices_are_the_exercise_s() -> None:
    assert PRICE_TABLE == {
        "fast-small": (0.10, 0.30),
        "balanced-summary": (0.60, 1.80),
        "frontier-reasoning": (3.00, 12.00),
        "frontier-backup": (3.50, 14.00),
    }
    assert {"invoice", "renewal", "tax", "legal", "other"} == ALLOWED_LABELS


@pytest.mark.parametrize(
    ("task", "risk", "expected"),
    [
        ("classify", "low", GatewayRoute("fast-small", "frontier-reasoning", NARROW)),
        ("classify", "medium", GatewayRoute("fast-small", "frontier-reasoning", NARROW)),
        ("classify", "high", GatewayRoute("frontier-reasoning", "frontier-backup", HIGH)),
        ("summarize", "low", GatewayRoute("balanced-summary", "frontier-reasoning", BALANCED)),
        ("summarize", "high", GatewayRoute("frontier-reasoning", "frontier-backup", HIGH)),
        ("reason", "low", GatewayRoute("frontier-reasoning", "frontier-backup", OPEN_ENDED)),
        ("reason", "high", GatewayRoute("frontier-reasoning", "frontier-backup", HIGH)),
    ],
)
def test_each_task_and_risk_has_its_route(task: TaskType, risk: RiskLevel, expected: GatewayRoute) -> None:
    assert choose_route(GatewayRequest(task, risk, "any")) == expected


@pytest.mark.parametrize(
    ("model", "prompt", "text"),
    [
        ("fast-small", "An AMBIGUOUS mail", "maybe billing or legal"),
        ("fast-small", "A clear mail", "invoice"),
        (
            "balanced-summary",
            "any",
            "The thread concerns a renewal blocker, a frustrated customer, and a needed account-owner follow-up.",
        ),
        ("frontier-reasoning", "ambiguous", "legal"),
        ("frontier-backup", "any", "legal"),
    ],
)
def test_the_mock_models_answer_as_scripted(model: str, prompt: str, text: str) -> None:
    assert call_model(model, prompt, 300) == text


@pytest.mark.parametrize(
    ("task", "text", "is_valid"),
    [
        ("classify", " Invoice \n", True),
        ("classify", "maybe billing or legal", False),
        ("summarize", "one two three four five six seven eight nine ten", True),
        ("summarize", "too short", False),
        ("summarize", "word " * 301, False),
        ("reason", "anything", True),
        ("reason", "  ", False),
    ],
)
def test_answers_are_validated_by_task(task: TaskType, text: str, is_valid: bool) -> None:
    assert validate_response(GatewayRequest(task, "low", "any"), text) is is_valid


def test_two_invalid_answers_are_an_error() -> None:
    with pytest.raises(ValueError, match="fallback model also failed validation"):
        handle_request(GatewayRequest("summarize", "high", "Summarize this."))


def test_the_demo_prints_the_three_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    demo()
    assert capsys.readouterr().out == DEMO_OUTPUT
