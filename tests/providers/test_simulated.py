"""The simulated host answers like a provider, and fails like one when told to."""

import json
import math
from collections.abc import Mapping

import pytest

from make import a_model, a_request
from weighbridge.dialects.collector import Collector
from weighbridge.domain.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderMalformedError,
    ProviderRateLimitedError,
    ProviderRejectedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from weighbridge.domain.request import OutputFormat, Request, Role, say
from weighbridge.domain.response import Delta, FinishReason, Response
from weighbridge.domain.usage import Usage
from weighbridge.providers.clock import ManualClock
from weighbridge.providers.simulated import SimulatedHost, seed_answer
from weighbridge.providers.simulated_options import read_options

SUMMARY = "The thread concerns a renewal blocker, a frustrated customer, and a needed account-owner follow-up."


def told(simulate: str, text: str = "Classify this email.", **changes: object) -> Request:
    return a_request(text, metadata={"simulate": simulate}, **changes)


def host(clock: ManualClock) -> SimulatedHost:
    return SimulatedHost(clock, read_options({}))


def host_with(options: Mapping[str, object]) -> SimulatedHost:
    return SimulatedHost(ManualClock(), read_options(options))


async def ask(request: Request, model: str = "fast-small", **options: object) -> Response:
    return await host_with(options).call(a_model(model), request, 60)


async def listen(request: Request, model: str = "fast-small", **options: object) -> list[Delta]:
    return [delta async for delta in host_with(options).stream(a_model(model), request, 60)]


@pytest.mark.parametrize(
    ("model", "prompt", "answer"),
    [
        ("fast-small", "Classify this vendor email: attached invoice for March.", "invoice"),
        ("fast-small", "Classify this AMBIGUOUS vendor email.", "maybe billing or legal"),
        ("balanced-summary", "Summarize.", SUMMARY),
        ("frontier-reasoning", "Assess legal risk.", "legal"),
        ("frontier-backup", "An ambiguous case.", "legal"),
    ],
)
async def test_the_four_models_of_the_exercise_answer_as_in_the_exercise(model: str, prompt: str, answer: str) -> None:
    assert seed_answer(model, prompt) == answer
    response = await ask(a_request(prompt), model)
    assert (response.text, response.model, response.choices[0].finish_reason) == (answer, model, FinishReason.STOP)


async def test_usage_is_the_exercise_s_estimate_of_prompt_and_answer() -> None:
    response = await ask(a_request("Classify this vendor email: attached invoice for March."))
    assert response.usage == Usage(10, 1)


async def test_a_stream_says_the_same_in_pieces() -> None:
    request = a_request("Summarize.", wants_logprobs=True)
    deltas = await listen(request, "balanced-summary")
    assert [delta.text for delta in deltas[:3]] == ["The", " thread", " concerns"]
    assert [delta.finish_reason for delta in deltas[-2:]] == [FinishReason.STOP, None]
    collector = Collector()
    for delta in deltas:
        collector.add(delta)
    assert collector.response() == await ask(request, "balanced-summary")


async def test_log_probabilities_come_when_asked_for_and_are_low_for_an_ambiguous_prompt() -> None:
    assert (await ask(a_request())).choices[0].logprobs is None
    assert (await ask(a_request(wants_logprobs=True))).choices[0].logprobs == (math.log(0.97),)
    doubtful = await ask(a_request("ambiguous", wants_logprobs=True))
    assert doubtful.choices[0].logprobs == (math.log(0.55),) * 4
    assert (await ask(told("no_logprobs", wants_logprobs=True))).choices[0].logprobs is None


async def test_another_model_answers_the_same_prompt_always_alike() -> None:
    answers = {(await ask(a_request("The shop is down."), "any-model", seed=seed)).text for seed in [1] * 5}
    assert len(answers) == 1
    assert "The shop is down" in answers.pop()
    others = {(await ask(a_request("The shop is down."), "any-model", seed=seed)).text for seed in range(20)}
    assert len(others) > 1


INSTRUCTIONS = (
    "Answer with one word. Labels are urgent, normal or low.",
    "Choose one of: urgent, normal, low.",
    'The label is "urgent" | "normal" | "low"',
    "Categories: `urgent`, `normal` and `low`",
)


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
@pytest.mark.parametrize("model", ["any-model", "fast-small", "frontier-backup"])
async def test_labels_that_the_instructions_list_are_kept_to(instructions: str, model: str) -> None:
    said = (say(Role.SYSTEM, instructions), say(Role.USER, "Something happened."))
    assert (await ask(a_request(messages=said), model)).text in {"urgent", "normal", "low"}
    named = (said[0], say(Role.USER, "This is NORMAL business."))
    assert (await ask(a_request(messages=named), model)).text == "normal"


async def test_an_answer_of_the_exercise_that_is_among_the_labels_stays() -> None:
    said = (say(Role.SYSTEM, "One of: tax, invoice, legal."), say(Role.USER, "A tax certificate."))
    assert (await ask(a_request(messages=said))).text == "invoice"


async def test_json_is_given_where_it_is_asked_for() -> None:
    schema = OutputFormat("json_schema", '{"type": "object", "properties": {"n": {"type": "integer", "minimum": 4}}}')
    assert json.loads((await ask(a_request(output=schema))).text) == {"n": 4}
    assert isinstance(json.loads((await ask(a_request(output=OutputFormat("json_object")))).text), dict)


async def test_choices_are_as_many_as_asked_for_and_each_is_counted() -> None:
    response = await ask(a_request("Classify.", choices=3))
    assert (len(response.choices), response.usage) == (3, Usage(1, 3))


async def test_the_output_limit_cuts_the_answer() -> None:
    response = await ask(a_request("Summarize.", max_output_tokens=4), "balanced-summary")
    assert (response.text, response.choices[0].finish_reason) == ("The thread concerns", FinishReason.LENGTH)
    assert response.usage == Usage(1, 4)


FAILURES: dict[str, type[ProviderError]] = {
    "error:400": ProviderRejectedError,
    "error:401": ProviderAuthError,
    "error:429": ProviderRateLimitedError,
    "error:503": ProviderUnavailableError,
    "timeout": ProviderTimeoutError,
    "garbled": ProviderMalformedError,
    "latency=61": ProviderTimeoutError,
    "tokens_per_s=0.01": ProviderTimeoutError,
    "disconnect_after=0": ProviderUnavailableError,
}


@pytest.mark.parametrize("script", FAILURES)
async def test_a_scripted_failure_is_the_error_of_a_real_one(script: str) -> None:
    with pytest.raises(FAILURES[script]):
        await ask(told(script))
    with pytest.raises(FAILURES[script]):
        await listen(told(script))


async def test_an_error_status_costs_nothing_and_may_name_a_time_to_wait() -> None:
    with pytest.raises(ProviderRateLimitedError) as caught:
        await ask(told("error:429;retry_after=2"))
    assert (caught.value.retry_after_s, caught.value.may_have_cost) == (2.0, False)


@pytest.mark.parametrize("pieces", [1, 3, 99])
async def test_a_stream_can_break_in_the_middle(pieces: int) -> None:
    stream = host(ManualClock()).stream(a_model(), told(f"answer=a b c d e;disconnect_after={pieces}"), 60)
    for _ in range(min(pieces, 7)):
        await anext(stream)
    with pytest.raises(ProviderUnavailableError) as caught:
        await anext(stream)
    assert caught.value.may_have_cost


SPOILT = {
    "answer=as told": "as told",
    "invalid_label": "none of the above, probably",
    "empty": "",
    "refusal": "",
    "malformed_json": '{"answer":"Classify this email."',
    "answer=one two three four;truncated": "one two",
    "other-model:empty": "invoice",
}


@pytest.mark.parametrize("script", SPOILT)
async def test_a_script_spoils_the_answer(script: str) -> None:
    response = await ask(told(script))
    assert response.text == SPOILT[script]
    assert "".join(delta.text for delta in await listen(told(script))) == SPOILT[script]


async def test_a_refusal_is_in_its_own_channel() -> None:
    (choice,) = (await ask(told("refusal"))).choices
    assert (choice.text, choice.refusal) == ("", "I cannot help with that.")
    assert any(delta.refusal for delta in await listen(told("refusal")))


async def test_a_truncated_answer_says_so_and_usage_can_be_missing() -> None:
    response = await ask(told("truncated;no_usage"))
    assert response.choices[0].finish_reason is FinishReason.LENGTH
    assert response.usage is None
    assert all(delta.usage is None for delta in await listen(told("no_usage")))


async def test_a_script_with_a_mistake_is_rejected_with_the_valid_names() -> None:
    with pytest.raises(ProviderRejectedError, match="'explode' is no directive; valid are error,") as caught:
        await ask(told("explode"))
    assert not caught.value.may_have_cost


async def test_latency_and_speed_take_time() -> None:
    clock = ManualClock()
    request = told("answer=one two three four;latency=2;tokens_per_s=4")
    await host(clock).call(a_model(), request, 60)
    assert clock.monotonic() == 3.0
    moments = [clock.monotonic() - 3 async for _ in host(clock).stream(a_model(), request, 60)]
    assert moments == [2.25, 2.5, 2.75, 3.0, 3.0, 3.0]


async def test_a_timeout_takes_no_longer_than_the_time_given() -> None:
    clock = ManualClock()
    with pytest.raises(ProviderTimeoutError):
        await host(clock).call(a_model(), told("latency=100"), 7)
    assert clock.monotonic() == 7.0


async def test_options_hold_for_every_call_and_a_request_overrides_them() -> None:
    assert (await ask(a_request(), answer="from the host")).text == "from the host"
    assert (await ask(told("answer=from the request"), answer="from the host")).text == "from the request"
    with pytest.raises(ProviderUnavailableError):
        await ask(a_request(), simulate="error:503")
    assert (await ask(a_request(), simulate="other:error:503")).text == "invoice"


async def test_canned_answers_go_by_content_and_model() -> None:
    answers = [{"contains": "REFUND", "model": "big", "answer": "1"}, {"contains": "refund", "answer": "2"}]
    assert (await ask(a_request("A refund!"), "big", answers=answers)).text == "1"
    assert (await ask(a_request("A refund!"), answers=answers)).text == "2"
    assert (await ask(a_request("Else."), answers=answers, answer="3")).text == "3"
    assert (await ask(a_request("A refund!"), answers=answers, answer="3")).text == "2"


async def test_thoughts_come_before_the_answer_and_are_paid_as_output() -> None:
    request = told("thought=Hm, yes.;answer=It is so.")
    whole, deltas = await ask(request), await listen(request)
    assert [thought.text for thought in whole.choices[0].thoughts] == ["Hm, yes."]
    said = [delta.thought or delta.text for delta in deltas if delta.has_content]
    assert said == ["Hm,", " yes.", "It", " is", " so."]
    collector = Collector()
    for delta in deltas:
        collector.add(delta)
    assert collector.response().choices[0].thoughts == whole.choices[0].thoughts
    assert whole.usage is not None
    plain = (await ask(told("answer=It is so."))).usage
    assert plain is not None
    assert whole.usage.output_tokens == plain.output_tokens + whole.usage.reasoning_tokens > plain.output_tokens
