import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make import a_response
from weighbridge.domain.request import TEXT_OUTPUT, OutputFormat, ToolCall
from weighbridge.domain.response import Choice, FinishReason, Response
from weighbridge.domain.task import Contract
from weighbridge.domain.verdict import FindingCode, Verdict, VerdictStatus
from weighbridge.validation.validate import validate

NO_CONTRACT = Contract()
LABELS = Contract(labels=("invoice", "renewal", "Tax"))
PERSON = json.dumps({"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]})


def count(text: str) -> int:
    return len(text) // 4


def judged(text: str, contract: Contract = NO_CONTRACT, output: OutputFormat = TEXT_OUTPUT) -> Verdict:
    return validate(a_response(text), contract, output, count)


def judged_choices(*choices: Choice, contract: Contract = LABELS) -> Verdict:
    return validate(Response("m", choices, None), contract, TEXT_OUTPUT, count)


def codes(verdict: Verdict) -> list[str]:
    return [finding.code.value for finding in verdict.findings]


def test_an_answer_that_keeps_its_contract_is_valid() -> None:
    assert judged("anything at all") == Verdict(VerdictStatus.VALID)


@pytest.mark.parametrize("text", ["invoice", " Invoice\n", "TAX"])
def test_labels_are_compared_without_case_and_surrounding_space(text: str) -> None:
    assert judged(text, LABELS).is_valid


def test_a_label_outside_the_set_is_invalid() -> None:
    verdict = judged("maybe billing or legal", LABELS)
    assert verdict.status is VerdictStatus.INVALID
    assert codes(verdict) == ["label_not_allowed"]
    assert verdict.findings[0].message == "“maybe billing or legal” is not one of the labels invoice, renewal, Tax."


def test_a_finding_quotes_only_the_beginning_of_a_long_answer() -> None:
    message = judged("secret " * 500, LABELS).findings[0].message
    assert len(message) < 120
    assert "…" in message


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_an_answer_without_text_is_empty(text: str) -> None:
    assert codes(judged(text)) == ["empty"]


@pytest.mark.parametrize(
    ("text", "contract", "code"),
    [
        ("one two", Contract(min_words=3), "too_short"),
        ("one two three", Contract(max_words=2), "too_long"),
        ("x" * 40, Contract(max_tokens=9), "too_long"),
    ],
)
def test_length_is_checked_in_words_and_tokens(text: str, contract: Contract, code: str) -> None:
    assert codes(judged(text, contract)) == [code]


def test_the_bounds_themselves_are_allowed() -> None:
    assert judged("one two", Contract(min_words=2, max_words=2)).is_valid
    assert judged("x" * 40, Contract(max_tokens=10)).is_valid


def test_a_pattern_must_occur_in_the_answer_without_its_surrounding_space() -> None:
    contract = Contract(pattern=r"^[A-Z]{3}-\d+$")
    assert judged("ABC-42\n", contract).is_valid
    assert codes(judged("see ABC-42", contract)) == ["pattern_mismatch"]


def test_a_pattern_that_cannot_be_used_makes_no_answer_valid() -> None:
    assert codes(judged("ab", Contract(pattern="(?=a)"))) == ["pattern_mismatch"]


def test_a_refusal_is_neither_valid_nor_invalid() -> None:
    verdict = judged_choices(Choice("", refusal="I cannot help with that."))
    assert verdict.status is VerdictStatus.REFUSED
    assert verdict.findings[0].message == "The model declined: “I cannot help with that.”."


def test_an_answer_stopped_by_a_content_filter_is_refused() -> None:
    verdict = judged_choices(Choice("invoi", FinishReason.CONTENT_FILTER))
    assert (verdict.status, codes(verdict)) == (VerdictStatus.REFUSED, ["refused"])


def test_a_cut_off_label_is_invalid_even_when_it_happens_to_be_one() -> None:
    verdict = judged_choices(Choice("invoice", FinishReason.LENGTH))
    assert (verdict.status, codes(verdict)) == (VerdictStatus.INVALID, ["truncated"])


def test_cut_off_plain_text_is_valid_with_a_note() -> None:
    verdict = judged_choices(Choice("Once upon a", FinishReason.LENGTH), contract=NO_CONTRACT)
    assert (verdict.status, codes(verdict)) == (VerdictStatus.VALID, ["truncated"])


def test_plain_text_that_was_cut_off_must_still_be_long_enough() -> None:
    verdict = judged_choices(Choice("Once", FinishReason.LENGTH), contract=Contract(min_words=2))
    assert (verdict.status, codes(verdict)) == (VerdictStatus.INVALID, ["truncated", "too_short"])


def test_a_call_for_tools_is_not_empty_and_not_held_to_the_contract() -> None:
    call = ToolCall("1", "find", "{}")
    assert judged_choices(Choice("", FinishReason.TOOL_CALLS, (call,))).is_valid


def test_every_choice_is_checked_and_named() -> None:
    verdict = judged_choices(Choice("invoice"), Choice("nonsense"))
    assert verdict.findings[0].message.startswith("Choice 2: “nonsense” is not")


def test_a_response_without_any_choice_is_empty() -> None:
    assert codes(judged_choices()) == ["empty"]


def test_everything_wrong_is_collected_but_no_more_than_ten() -> None:
    verdict = judged("x" * 50, Contract(labels=("a",), min_words=2, max_tokens=1, required_fields=("b",), pattern="y"))
    assert codes(verdict) == ["label_not_allowed", "too_short", "too_long", "pattern_mismatch", "not_json"]
    assert len(judged("{}", Contract(required_fields=tuple("abcdefghijklmn"))).findings) == 10


def test_a_matching_json_answer_is_valid() -> None:
    output = OutputFormat("json_schema", PERSON)
    assert judged('{"age": 3}', Contract(schema_json=PERSON, required_fields=("age",)), output).is_valid


def test_a_fenced_answer_is_told_to_drop_the_fence() -> None:
    verdict = judged('```json\n{"age": 3}\n```', Contract(schema_json=PERSON))
    assert codes(verdict) == ["not_json"]
    assert "fence" in verdict.findings[0].message


@pytest.mark.parametrize("text", ["Sure: {}", "{} done", '{"a": 1, "a": 2}', "{'a': 1}", "[NaN]", "[" * 300])
def test_the_whole_answer_must_be_sane_json(text: str) -> None:
    assert codes(judged(text, output=OutputFormat("json_object"))) == ["not_json"]


def test_a_json_object_is_not_a_list() -> None:
    assert codes(judged("[]", output=OutputFormat("json_object"))) == ["schema_mismatch"]


def test_a_schema_mismatch_names_the_place_but_not_what_the_model_wrote() -> None:
    verdict = judged('{"age": "forty-two"}', output=OutputFormat("json_schema", PERSON))
    finding = verdict.findings[0]
    assert (finding.code, finding.place) == (FindingCode.SCHEMA_MISMATCH, "/age")
    assert finding.message == 'the answer is not of type "integer".'


def test_the_tasks_schema_and_the_callers_are_both_checked() -> None:
    output = OutputFormat("json_schema", json.dumps({"required": ["name"]}))
    assert codes(judged("{}", Contract(schema_json=PERSON), output)) == ["schema_mismatch", "schema_mismatch"]


def test_a_schema_that_cannot_be_used_makes_no_answer_valid() -> None:
    verdict = judged("{}", Contract(schema_json='{"type": "nope"}'))
    assert codes(verdict) == ["schema_mismatch"]
    assert "cannot be used" in verdict.findings[0].message


@pytest.mark.parametrize(("text", "so"), [("{}", "is missing"), ('{"a/b": null}', "is null")])
def test_a_required_field_must_be_there_with_a_value(text: str, so: str) -> None:
    verdict = judged(text, Contract(required_fields=("a/b",)))
    assert codes(verdict) == ["field_missing"]
    assert verdict.findings[0].message == f"The field 'a/b' {so}."
    assert verdict.findings[0].place == "/a~1b"


def test_required_fields_need_an_object() -> None:
    assert codes(judged("[1]", Contract(required_fields=("a",)))) == ["field_missing"]


def test_the_verdict_carries_the_confidence_of_the_least_sure_choice() -> None:
    verdict = judged_choices(Choice("invoice", logprobs=(0.0,)), Choice("tax", logprobs=(-100.0,)))
    assert verdict.confidence == pytest.approx(0, abs=1e-9)
    assert judged_choices(Choice("invoice", logprobs=(0.0,)), Choice("tax")).confidence is None


words = st.text(st.characters(categories=None), max_size=60)
json_values = st.recursive(
    st.none() | words | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(words, inner), max_leaves=20
)
choices = st.builds(
    Choice,
    text=words
    | st.recursive(st.none() | words | st.integers(), lambda s: st.lists(s) | st.dictionaries(words, s)).map(
        json.dumps
    ),
    finish_reason=st.sampled_from(FinishReason),
    refusal=st.none() | words,
    logprobs=st.none() | st.lists(st.floats(max_value=0), max_size=4).map(tuple),
)
contracts = st.builds(
    Contract,
    labels=st.lists(words, max_size=2).map(tuple),
    min_words=st.none() | st.integers(0, 5),
    schema_json=st.none() | st.just(PERSON) | words,
    required_fields=st.lists(words, max_size=2).map(tuple),
    pattern=st.none() | words,
)
outputs = st.sampled_from([TEXT_OUTPUT, OutputFormat("json_object"), OutputFormat("json_schema", PERSON)])


@given(st.lists(choices, max_size=3).map(tuple), contracts, outputs)
def test_no_answer_and_no_contract_makes_validation_raise(
    answers: tuple[Choice, ...], contract: Contract, output: OutputFormat
) -> None:
    verdict = validate(Response("m", answers, None), contract, output, count)
    assert verdict.status is not VerdictStatus.UNCHECKED
    assert verdict.is_valid or verdict.findings
    assert len(verdict.findings) <= 10
