"""Answers that are given again: to the very same request only, recorded, and made once for many at once."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from make import a_model, a_policy, a_request, a_response, a_task
from pipeline.scripted import Script, gateway_on, only_record, standing_of
from weighbridge.domain.budget import Budget
from weighbridge.domain.caller import ANONYMOUS, EVALUATION, Caller
from weighbridge.domain.errors import AttemptsFailedError, NoCandidateError, OverloadedError
from weighbridge.domain.kept import CacheRule, KeptAnswer
from weighbridge.domain.levels import Risk
from weighbridge.domain.money import Money
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.policy import Policy
from weighbridge.domain.record import OutcomeStatus, RecordFilter
from weighbridge.domain.request import Sampling, Tool
from weighbridge.domain.response import Choice, Delta, FinishReason
from weighbridge.domain.task import Contract
from weighbridge.domain.usage import Usage
from weighbridge.pipeline.house import House
from weighbridge.pipeline.run import run
from weighbridge.pipeline.stream import LiveStream, open_stream

GOOD = a_response("invoice", usage=Usage(10, 2))
OTHER = a_response("legal", usage=Usage(10, 2))


def a_cached(**changes: Any) -> Policy:
    fields: dict[str, Any] = {"cache": CacheRule(60.0), "fallback_models": ()}
    return a_policy(a_task(**(fields | changes)))


async def ask(house: House, caller: Caller = ANONYMOUS, text: str = "Classify this.", **fields: Any) -> Outcome:
    return await run(a_request(text, task="tag", risk=Risk.LOW, **fields), caller, house)


async def test_the_same_request_gets_the_same_answer_for_nothing_and_a_record_that_says_so(tmp_path: Path) -> None:
    budget = Budget("all", Money.usd(1), "total")
    script = Script(fast_small=[GOOD])
    async with gateway_on(script, replace(a_cached(), budgets=(budget,)), tmp_path) as house:
        first, second = await ask(house), await ask(house)
        assert (await standing_of(house)).spent == first.cost
    assert (second.text, second.model, second.cost) == ("invoice", "fast-small", Money(0))
    record = second.record
    assert record.cache_hit is not None
    assert (record.cache_hit.of, record.cache_hit.saved, record.verdict) == (first.record.id, first.cost, "valid")
    assert (record.status, record.served_model, record.attempts) == (OutcomeStatus.ANSWERED, "fast-small", ())
    assert second.response.usage == Usage(10, 2)


@pytest.mark.parametrize(
    ("caller", "fields"),
    [
        (ANONYMOUS, {"text": "Classify that."}),
        (Caller("other"), {}),
        (ANONYMOUS, {"sampling": Sampling(temperature=1.0)}),
        (ANONYMOUS, {"max_output_tokens": 5}),
        (ANONYMOUS, {"body": {"logit_bias": {"1": 2}}}),
        (ANONYMOUS, {"wants_logprobs": True}),
        (EVALUATION, {}),
    ],
)
async def test_what_differs_in_anything_that_decides_is_answered_anew(
    tmp_path: Path, caller: Caller, fields: dict[str, Any]
) -> None:
    async with gateway_on(Script(fast_small=[GOOD, OTHER]), a_cached(), tmp_path) as house:
        await ask(house)
        assert (await ask(house, caller, **fields)).text == "legal"


async def test_metadata_user_and_stream_decide_nothing(tmp_path: Path) -> None:
    body = {"stream": True, "metadata": {"a": "b"}, "user": "anna"}
    async with gateway_on(Script(fast_small=[GOOD]), a_cached(), tmp_path) as house:
        await ask(house, body={"messages": []}, dialect="openai_chat")
        again = await ask(house, body=body, metadata={"a": "b"}, user="anna", dialect="openai_chat")
    assert again.text == "invoice"


async def test_keys_share_answers_only_where_the_task_says_so(tmp_path: Path) -> None:
    policy = a_cached(cache=CacheRule(60.0, is_shared=True))
    async with gateway_on(Script(fast_small=[GOOD]), policy, tmp_path) as house:
        await ask(house, Caller("one"))
        assert (await ask(house, Caller("two"))).text == "invoice"


async def test_an_answer_is_kept_for_its_time_and_under_its_policy(tmp_path: Path) -> None:
    async with gateway_on(Script(fast_small=[GOOD]), a_cached(cache=CacheRule(0.05)), tmp_path) as house:
        await ask(house)
    await asyncio.sleep(0.06)
    async with gateway_on(Script(fast_small=[OTHER, GOOD]), a_cached(), tmp_path) as house:
        assert (await ask(house)).text == "legal"
        other = replace(house.in_force.policy, digest="1" * 64)
        house.in_force = replace(house.in_force, policy=other)
        assert (await ask(house)).text == "invoice"


async def test_a_hit_never_goes_around_the_policy(tmp_path: Path) -> None:
    async with gateway_on(Script(fast_small=[GOOD]), a_cached(), tmp_path) as house:
        await ask(house)
        with pytest.raises(NoCandidateError):
            await ask(house, replace(ANONYMOUS, models=frozenset({"frontier-reasoning"})))


@pytest.mark.parametrize(
    "answer",
    [
        a_response("nonsense", usage=Usage(10, 2)),
        a_response(choices=(Choice("invo", FinishReason.LENGTH),), usage=Usage(10, 2)),
    ],
)
async def test_only_a_valid_whole_answer_is_kept(tmp_path: Path, answer: Any) -> None:
    policy = a_cached(contract=Contract(labels=("invoice", "legal")))
    async with gateway_on(Script(fast_small=[answer, GOOD]), policy, tmp_path) as house:
        with pytest.raises(AttemptsFailedError):
            await ask(house)
        assert (await ask(house)).text == "invoice"


async def test_a_request_with_tools_is_answered_anew(tmp_path: Path) -> None:
    tools = (Tool("look", "d", "{}"),)
    async with gateway_on(Script(fast_small=[GOOD, OTHER]), a_cached(), tmp_path) as house:
        texts = [(await ask(house, tools=tools)).text for _ in range(2)]
    assert texts == ["invoice", "legal"]


async def test_of_many_equal_requests_at_once_one_is_made_and_all_are_answered(tmp_path: Path) -> None:
    script = Script(fast_small=[0.1, GOOD])
    async with gateway_on(script, a_cached(), tmp_path) as house:
        outcomes = await asyncio.gather(*(ask(house) for _ in range(20)))
        records = await house.records.find(RecordFilter())
        assert house.flights == {}
    assert {outcome.text for outcome in outcomes} == {"invoice"}
    assert len(script.calls) == 1
    assert len(records) == 20
    assert sum(record.cache_hit is not None for record in records) == 19


async def test_when_the_one_that_was_made_fails_the_others_are_not_left_waiting(tmp_path: Path) -> None:
    policy = a_cached(contract=Contract(labels=("invoice",)))
    script = Script(fast_small=[0.05, a_response("nonsense"), *[GOOD] * 4])
    async with gateway_on(script, policy, tmp_path) as house:
        results = await asyncio.gather(*(ask(house) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(result, AttemptsFailedError) for result in results) == 1
    assert sum(isinstance(result, Outcome) for result in results) == 3


async def test_a_stream_gives_a_kept_answer_and_keeps_its_own(tmp_path: Path) -> None:
    pieces = [Delta(text="inv"), Delta(text="oice"), Delta(finish_reason=FinishReason.STOP), Delta(usage=Usage(10, 2))]
    request = a_request("Classify this.", task="tag", risk=Risk.LOW, is_stream=True)
    async with gateway_on(Script(fast_small=[pieces]), a_cached(), tmp_path) as house:
        live = await open_stream(request, ANONYMOUS, house)
        assert isinstance(live, LiveStream)
        async with live as deltas:
            assert "".join([delta.text async for delta in deltas]) == "invoice"
        again = await open_stream(request, ANONYMOUS, house)
    assert isinstance(again, Outcome)
    assert again.record.cache_hit is not None
    assert again.text == "invoice"


async def test_a_caller_that_leaves_while_its_answer_is_kept_has_its_record(tmp_path: Path) -> None:
    class Slow:
        async def get(self, key: str, now: float) -> None:
            return None

        async def put(self, key: str, answer: KeptAnswer, now: float, expires_at: float) -> None:
            await asyncio.sleep(60)

    pieces = [Delta(text="invoice"), Delta(finish_reason=FinishReason.STOP), Delta(usage=Usage(10, 2))]
    request = a_request("Classify this.", task="tag", risk=Risk.LOW, is_stream=True)

    async def read(live: LiveStream) -> None:
        async with live as deltas:
            async for _ in deltas:
                pass

    async with gateway_on(Script(fast_small=[pieces]), a_cached(), tmp_path) as house:
        house.cache = Slow()
        live = await open_stream(request, ANONYMOUS, house)
        assert isinstance(live, LiveStream)
        reading = asyncio.create_task(read(live))
        await asyncio.sleep(0.1)
        reading.cancel()
        await asyncio.wait({reading})
        assert (await only_record(house)).status is OutcomeStatus.ANSWERED


async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Full:
        async def get(self, key: str, now: float) -> None:
            return None

        async def put(self, key: str, answer: KeptAnswer, now: float, expires_at: float) -> None:
            raise OverloadedError("The queue is full.", advice="Wait.")

    async with gateway_on(Script(fast_small=[GOOD]), a_cached(), tmp_path) as house:
        house.cache = Full()
        assert (await ask(house)).text == "invoice"
    assert "is not kept" in caplog.text


async def test_without_a_rule_nothing_is_kept(tmp_path: Path) -> None:
    policy = a_policy(a_task(fallback_models=()), models={"fast-small": a_model()})
    async with gateway_on(Script(fast_small=[GOOD, OTHER]), policy, tmp_path) as house:
        assert [(await ask(house)).text for _ in range(2)] == ["invoice", "legal"]
