"""The commit boundary of a live stream."""

from dataclasses import replace
from pathlib import Path

import pytest

from make import a_model, a_policy, a_request, a_response, a_task
from pipeline.scripted import Script, gateway_on, only_record
from weighbridge.domain.budget import Budget
from weighbridge.domain.caller import ANONYMOUS
from weighbridge.domain.errors import AttemptsFailedError, ProviderUnavailableError
from weighbridge.domain.levels import Risk
from weighbridge.domain.money import Money
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.record import OutcomeStatus, RecordFilter
from weighbridge.domain.request import Request
from weighbridge.domain.response import Choice, Delta, FinishReason, Response
from weighbridge.domain.task import Contract, StreamMode
from weighbridge.domain.usage import Usage
from weighbridge.pipeline.house import House
from weighbridge.pipeline.stream import LiveStream, open_stream

DOWN = ProviderUnavailableError("down")
HELLO = [Delta(text="hel"), Delta(text="lo"), Delta(finish_reason=FinishReason.STOP), Delta(usage=Usage(4, 2))]


def asked() -> Request:
    return a_request("Say hello.", task="tag", risk=Risk.LOW, is_stream=True)


async def live(house: House) -> LiveStream:
    begun = await open_stream(asked(), ANONYMOUS, house)
    assert isinstance(begun, LiveStream)
    return begun


async def texts(stream: LiveStream) -> list[str]:
    async with stream as deltas:
        return [delta.text async for delta in deltas]


async def test_pieces_flow_and_the_end_comes_with_the_record(tmp_path: Path) -> None:
    async with gateway_on(Script(fast_small=[HELLO]), a_policy(), tmp_path) as house:
        seen = []
        async with await live(house) as deltas:
            async for delta in deltas:
                seen.append(delta)
                is_recorded = bool(await house.records.find(RecordFilter()))
                assert is_recorded == (len(seen) > 2)
        record = await only_record(house)
    assert seen == HELLO
    assert record.usage == Usage(4, 2)
    assert record.attempts[0].first_chunk_s is not None


async def test_a_failure_before_content_moves_to_the_next_model(tmp_path: Path) -> None:
    script = Script(fast_small=[[Delta(model="x"), DOWN]], frontier_reasoning=[HELLO])
    async with gateway_on(script, a_policy(), tmp_path) as house:
        stream = await live(house)
        assert await texts(stream) == ["hel", "lo", "", ""]
    assert (stream.model, stream.is_fallback) == ("frontier-reasoning", True)


async def test_a_failure_after_content_ends_the_answer_without_a_switch(tmp_path: Path) -> None:
    script = Script(fast_small=[[Delta(text="hel"), DOWN]], frontier_reasoning=[HELLO])
    async with gateway_on(script, a_policy(), tmp_path) as house:
        stream = await live(house)
        with pytest.raises(AttemptsFailedError):
            await texts(stream)
        record = await only_record(house)
    assert script.calls == ["fast-small"]
    assert (record.status, record.cost) == (OutcomeStatus.FAILED, None)


async def test_an_answer_that_ends_invalid_never_shows_its_end(tmp_path: Path) -> None:
    policy = a_policy(a_task(contract=Contract(min_words=5), stream=StreamMode.LIVE))
    async with gateway_on(Script(fast_small=[HELLO]), policy, tmp_path) as house, await live(house) as deltas:
        assert [(await anext(deltas)).text, (await anext(deltas)).text] == ["hel", "lo"]
        with pytest.raises(AttemptsFailedError, match="too_short"):
            await anext(deltas)


async def test_a_caller_that_hangs_up_closes_the_call_and_is_recorded(tmp_path: Path) -> None:
    script = Script(fast_small=[HELLO])
    async with gateway_on(script, a_policy(), tmp_path) as house:
        async with await live(house) as deltas:
            await anext(deltas)
        record = await only_record(house)
    assert script.was_closed
    assert (record.status, record.cost) == (OutcomeStatus.CANCELLED, Money(500_000))
    assert record.attempts[0].usage is not None
    assert record.attempts[0].usage.is_estimated, "what came is what was used, by our count"


async def test_a_stream_that_nobody_reads_is_settled_and_recorded_too(tmp_path: Path) -> None:
    script = Script(fast_small=[HELLO])
    policy = a_policy(budgets=(Budget("all", Money.usd("0.0004"), "day"),))
    async with gateway_on(script, policy, tmp_path) as house:
        with pytest.raises(ConnectionError):
            async with await live(house):
                raise ConnectionError("the headers could not be sent")
        record = await only_record(house)
    assert script.was_closed
    assert (record.status, record.cost) == (OutcomeStatus.FAILED, Money(500_000))


async def test_a_contract_is_checked_before_anything_is_shown(tmp_path: Path) -> None:
    bad = Response("fast-small", (Choice("maybe"),), Usage(4, 1))
    good = Response("frontier-reasoning", (Choice("invoice"),), Usage(4, 1))
    policy = a_policy(a_task(contract=Contract(labels=("invoice",))))
    script = Script(fast_small=[bad], frontier_reasoning=[good])
    async with gateway_on(script, policy, tmp_path) as house:
        outcome = await open_stream(asked(), ANONYMOUS, house)
    assert isinstance(outcome, Outcome)
    assert outcome.text == "invoice"
    assert not any(request.is_stream for request in script.requests)


async def test_a_checked_answer_is_fetched_whole_so_its_model_need_not_stream(tmp_path: Path) -> None:
    plain = a_model(capabilities=frozenset())
    policy = a_policy(a_task(contract=Contract(labels=("hello",)), fallback_models=()), models={plain.name: plain})
    async with gateway_on(Script(fast_small=[a_response("hello")]), policy, tmp_path) as house:
        outcome = await open_stream(asked(), ANONYMOUS, house)
    assert isinstance(outcome, Outcome)
    assert outcome.text == "hello"


async def test_the_answer_of_a_model_that_cannot_stream_is_fetched_whole(tmp_path: Path) -> None:
    policy = a_policy()
    models = {**policy.models, "fast-small": replace(policy.models["fast-small"], capabilities=frozenset())}
    script = Script(fast_small=[Response("fast-small", (Choice("hello"),), Usage(4, 1))])
    async with gateway_on(script, replace(policy, models=models), tmp_path) as house:
        outcome = await open_stream(asked(), ANONYMOUS, house)
    assert isinstance(outcome, Outcome)
    assert outcome.text == "hello"


async def test_a_stream_without_content_is_an_empty_answer(tmp_path: Path) -> None:
    script = Script(fast_small=[[Delta(finish_reason=FinishReason.STOP)]], frontier_reasoning=[HELLO])
    async with gateway_on(script, a_policy(), tmp_path) as house:
        stream = await live(house)
        await texts(stream)
    assert stream.record is not None
    assert stream.record.attempts[0].verdict.findings[0].code == "empty"
