"""Every case of `examples/evaluation/cases.yaml`, through the whole gateway."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from weighbridge import Gateway, Outcome, WeighbridgeError
from weighbridge.domain.record import Record

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "examples" / "evaluation" / "cases.yaml").read_text()
)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
async def test_the_demo_policy_does_what_the_case_says(case: dict[str, Any], tmp_path: Path) -> None:
    async with Gateway.open(store=tmp_path / "records.db", env={}) as gateway:
        try:
            answer: Outcome | WeighbridgeError = await gateway.run(
                task=case["task"],
                risk=case["risk"],
                input=case["prompt"] * case.get("repeat", 1),
                metadata={"simulate": case["simulate"]} if "simulate" in case else None,
            )
        except WeighbridgeError as error:
            answer = error
        record = await _record_of(answer, gateway)
    expected = case["expect"]
    if "error" in expected:
        assert isinstance(answer, WeighbridgeError), answer
        assert answer.code == expected["error"]
    else:
        assert isinstance(answer, Outcome), answer
        _check_answer(answer, expected)
    if "dropped" in expected:
        assert record is not None
        _check_dropped(record, expected["dropped"])


async def _record_of(answer: Outcome | WeighbridgeError, gateway: Gateway) -> Record | None:
    if isinstance(answer, Outcome):
        return await gateway.record(answer.record.id)
    return None if answer.record_id is None else await gateway.record(answer.record_id)


def _check_answer(outcome: Outcome, expected: dict[str, Any]) -> None:
    record = outcome.record
    known, decision = record.classification, record.decision
    assert known is not None
    assert decision is not None
    assert outcome.cost is not None
    actual = {
        "model": outcome.model,
        "fallback": record.is_fallback,
        "text": outcome.text,
        "attempts": len(record.attempts),
        "cost_usd": str(outcome.cost),
        "reason": decision.reason.value,
        "sensitivity": known.sensitivity.value,
    }
    assert outcome.cost.as_usd >= 0
    assert {key: value for key, value in expected.items() if key in actual} == {
        key: actual[key] for key in expected if key in actual
    }
    if "cost_above_usd" in expected:
        assert outcome.cost.as_usd > Decimal(expected["cost_above_usd"])
    if "first_finding" in expected:
        assert record.attempts[0].verdict.findings[0].code.value == expected["first_finding"]


def _check_dropped(record: Record, expected: dict[str, str]) -> None:
    assert record.decision is not None
    reasons = {item.model: item.reason for item in record.decision.candidates}
    assert {model: reasons[model] for model in expected} == expected
