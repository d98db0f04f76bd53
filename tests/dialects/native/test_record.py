"""Records, answers and errors as the API shows them: exact money as text, unknown as null."""

import json
from dataclasses import fields

import pytest

from make import a_decision, a_record, a_response, an_attempt
from weighbridge.dialects.native.errors import render_problem
from weighbridge.dialects.native.record import render_explanation, render_record
from weighbridge.dialects.native.response import render_outcome
from weighbridge.domain.attempt import Step, StepKind
from weighbridge.domain.errors import AttemptsFailedError, InvalidFieldError, NoCandidateError
from weighbridge.domain.money import Money
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.packed import DroppedMessage
from weighbridge.domain.record import Content, OutcomeStatus, Record
from weighbridge.domain.usage import Usage
from weighbridge.domain.verdict import Finding, FindingCode, Verdict, VerdictStatus

REFUSED = a_record(
    status=OutcomeStatus.REFUSED,
    error_code="unknown_task",
    classification=None,
    decision=None,
    attempts=(),
    served_model=None,
    prompt_count=None,
    estimate=None,
    usage=None,
    cost=None,
)
INVALID = Verdict(
    VerdictStatus.INVALID, (Finding(FindingCode.LABEL_NOT_ALLOWED, "It is not a label.", "/label"),), confidence=0.5
)
FELL_BACK = a_record(
    attempts=(
        an_attempt(verdict=INVALID, step=Step(StepKind.NEXT_CANDIDATE, "label_not_allowed")),
        an_attempt("frontier-reasoning", cost=Money.usd("0.000123"), usage=Usage(8, 2, 2, reasoning_tokens=1)),
    ),
    served_model="frontier-reasoning",
    is_fallback=True,
    dropped_messages=(DroppedMessage(0, 40),),
    content=Content("user: hello", "invoice"),
)


def plain(value: object) -> object:
    """The value as JSON alone would hold it; fails on anything that is not plain JSON."""
    return json.loads(json.dumps(value, allow_nan=False))


@pytest.mark.parametrize("record", [a_record(), REFUSED, FELL_BACK], ids=["answered", "refused", "fell back"])
def test_a_record_is_plain_json_and_shows_every_field(record: Record) -> None:
    shown = render_record(record)
    assert plain(shown) == shown
    renamed = {"estimate": "estimate_usd", "cost": "cost_usd"}
    kept_inside = {"log_fields"}
    assert set(shown) == {renamed.get(item.name, item.name) for item in fields(Record)} - kept_inside


@pytest.mark.parametrize("record", [a_record(), REFUSED, FELL_BACK], ids=["answered", "refused", "fell back"])
def test_money_is_exact_text_and_never_pico(record: Record) -> None:
    text = json.dumps([render_record(record), render_explanation(record)])
    assert "pico" not in text
    assert render_record(record)["cost_usd"] == (None if record.cost is None else "0.0000016")


def test_an_explanation_lists_every_model_with_its_numbers() -> None:
    shown = render_explanation(FELL_BACK)
    assert plain(shown) == shown
    assert shown["reason"] == {"code": "primary", "sentence": "fast-small is the primary model of tag."}
    assert shown["candidates"] == [
        {
            "model": "fast-small",
            "is_kept": True,
            "rank": 1,
            "reason": None,
            "numbers": {},
            "estimate_usd": "0.0001",
            "proof": None,
            "proof_digest": None,
            "left_out": [],
        },
        {
            "model": "big",
            "is_kept": False,
            "rank": None,
            "reason": "context_window_too_small",
            "numbers": {"needed_tokens": 9000, "window_tokens": 8000},
            "estimate_usd": None,
            "proof": None,
            "proof_digest": None,
            "left_out": [],
        },
    ]


def test_an_explanation_of_a_refused_request_is_empty_not_wrong() -> None:
    shown = render_explanation(REFUSED)
    assert (shown["reason"], shown["candidates"], shown["attempts"]) == (None, [], [])
    assert shown["error_code"] == "unknown_task"


def test_an_attempt_shows_its_verdict_and_what_came_next() -> None:
    attempts = render_record(FELL_BACK)["attempts"]
    assert isinstance(attempts, list)
    assert attempts[0]["verdict"] == {
        "status": "invalid",
        "confidence": 0.5,
        "confidence_kind": None,
        "tidied": [],
        "findings": [{"code": "label_not_allowed", "message": "It is not a label.", "place": "/label"}],
    }
    assert attempts[0]["step"] == {"kind": "next_candidate", "reason": "label_not_allowed", "wait_s": 0.0}
    assert attempts[1]["usage"]["cache_read_tokens"] == 2


def test_an_outcome_leads_with_the_text_and_what_justifies_it() -> None:
    shown = json.loads(render_outcome(Outcome(a_response("invoice"), FELL_BACK)))
    assert (shown["id"], shown["text"], shown["model"]) == ("rec_1", "invoice", "frontier-reasoning")
    assert (shown["verdict"], shown["is_fallback"], shown["cost_usd"]) == ("valid", True, "0.0000016")
    assert shown["reason"]["code"] == "primary"
    assert shown["usage"]["output_tokens"] == 2
    assert [attempt["model"] for attempt in shown["attempts"]] == ["fast-small", "frontier-reasoning"]


def test_an_unknown_cost_is_null() -> None:
    shown = json.loads(render_outcome(Outcome(a_response(), a_record(cost=None, usage=None))))
    assert shown["cost_usd"] is None
    assert shown["usage"] is None


def test_a_problem_says_what_is_so_and_what_to_do() -> None:
    error = InvalidFieldError("`risk` is odd.", advice="Choose.", param="risk", record_id="rec_1")
    assert json.loads(render_problem(error)) == {
        "error": {
            "code": "invalid_field",
            "message": "`risk` is odd.",
            "advice": "Choose.",
            "param": "risk",
            "record": "rec_1",
        }
    }


def test_failed_attempts_are_listed() -> None:
    attempt = an_attempt(verdict=Verdict(VerdictStatus.UNCHECKED), error_code="provider_timeout", usage=None, cost=None)
    problem = json.loads(render_problem(AttemptsFailedError("All failed.", advice="Wait.", attempts=[attempt])))
    assert problem["error"]["attempts"][0]["error_code"] == "provider_timeout"
    assert problem["error"]["attempts"][0]["cost_usd"] is None


def test_every_candidate_that_lost_is_listed() -> None:
    error = NoCandidateError("None may serve.", advice="Change.", decision=a_decision(order=()))
    assert [item["reason"] for item in json.loads(render_problem(error))["error"]["candidates"]] == [
        None,
        "context_window_too_small",
    ]
