"""Mending the form of an answer, never its sense."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make import a_response
from weighbridge.domain.request import TEXT_OUTPUT, OutputFormat, ToolCall
from weighbridge.domain.response import Choice, FinishReason, Response
from weighbridge.domain.task import Contract
from weighbridge.domain.verdict import Tidying
from weighbridge.validation.tidy import tidy

LABELS = Contract(
    labels=("billing", "Password reset", "other"), synonyms=(("payment", "billing"), ("login", "Password reset"))
)
JSON = Contract(required_fields=("label",))


def tidied(
    text: str, contract: Contract = LABELS, output: OutputFormat = TEXT_OUTPUT
) -> tuple[str, tuple[Tidying, ...]]:
    response, done = tidy(a_response(text), contract, output)
    return response.text, done


@pytest.mark.parametrize(
    ("text", "label", "step"),
    [
        ("Label: billing.", "billing", Tidying.LABEL_FREED),
        ("**Billing**", "billing", Tidying.LABEL_FREED),
        ("The label is: “password  reset”", "Password reset", Tidying.LABEL_FREED),
        ("Answer - other!", "other", Tidying.LABEL_FREED),
        ("payment", "billing", Tidying.SYNONYM),
        ("Category: Login", "Password reset", Tidying.SYNONYM),
    ],
)
def test_a_label_is_freed_from_the_words_around_it(text: str, label: str, step: Tidying) -> None:
    assert tidied(text) == (label, (step,))


@pytest.mark.parametrize(
    "text",
    [
        "billing or other",
        "It is not billing.",
        "I think this could be billing, because of the invoice.",
        "billing\nother",
        "bill",
        "The customer says: billing",
        "maybe payment",
    ],
)
def test_a_label_that_could_be_meant_otherwise_is_left_alone(text: str) -> None:
    assert tidied(text) == (text, ())


@pytest.mark.parametrize(
    ("text", "value", "step"),
    [
        ('```json\n{"label": "a"}\n```', {"label": "a"}, Tidying.FENCE_REMOVED),
        ('Here you are:\n```\n{"label": "a"}\n```\nAnything else?', {"label": "a"}, Tidying.FENCE_REMOVED),
        ('The answer is {"label": "a"}. Bye.', {"label": "a"}, Tidying.JSON_EXTRACTED),
        ("{'label': 'a', 'sure': True,}", {"label": "a", "sure": True}, Tidying.JSON_REPAIRED),
        ('{"label": "a",}', {"label": "a"}, Tidying.JSON_REPAIRED),
    ],
)
def test_json_is_taken_out_and_mended(text: str, value: object, step: Tidying) -> None:
    repaired, done = tidied(text, JSON)
    assert (json.loads(repaired), done) == (value, (step,))


@pytest.mark.parametrize(
    "text",
    ['{"label": "a', '{"label": "a", "items": [1, 2', "no json at all", "", "{" + "x" * 30_000 + "}", "[" * 5_000],
)
def test_what_breaks_off_or_is_none_is_not_completed(text: str) -> None:
    assert tidied(text, JSON) == (text, ())


@pytest.mark.parametrize(
    "choice",
    [
        Choice('```\n{"label": "a"}\n```', FinishReason.LENGTH),
        Choice('```\n{"label": "a"}\n```', refusal="No."),
        Choice('```\n{"label": "a"}\n```', tool_calls=(ToolCall("1", "f", "{}"),)),
    ],
)
def test_cut_off_declined_and_calling_answers_are_left_alone(choice: Choice) -> None:
    response = Response("m", (choice,), None)
    assert tidy(response, JSON, TEXT_OUTPUT) == (response, ())


def test_a_host_s_own_bytes_do_not_go_with_a_changed_text() -> None:
    response = Response("m", (Choice("Label: billing"),), None, body={"choices": []})
    assert tidy(response, LABELS, TEXT_OUTPUT)[0].body is None


@given(st.text(max_size=200))
def test_whatever_a_model_says_tidying_gives_text_that_is_json_or_leaves_it(text: str) -> None:
    repaired, done = tidied(text, JSON)
    if done:
        json.loads(repaired)
    else:
        assert repaired == text
