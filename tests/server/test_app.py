"""What the HTTP door does with bodies in blocks, hang-ups and a full house."""

import asyncio
import json
from pathlib import Path

import pytest

from make import a_policy, a_response
from pipeline.scripted import Script, gateway_on, only_record
from server.asgi import Call
from weighbridge.domain.errors import BodyTooSlowError, ProviderRejectedError
from weighbridge.domain.record import OutcomeStatus
from weighbridge.server.app import App
from weighbridge.server.wire import BODY_LIMIT_BYTES, read_json_body

RUN = "/v1/tasks/tag/runs"
BODY = json.dumps({"input": "Classify this.", "risk": "low"}).encode()


async def test_a_body_may_come_in_blocks(tmp_path: Path) -> None:
    async with gateway_on(Script(fast_small=[a_response("x")]), a_policy(), tmp_path) as house:
        call = await Call(RUN, [BODY[:5], b"", BODY[5:]]).to(App(house))
    assert (call.status, call.json["text"]) == (200, "x")


async def test_a_body_without_a_declared_length_is_cut_off_at_the_limit(tmp_path: Path) -> None:
    block = b" " * (BODY_LIMIT_BYTES // 4)
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        call = Call(RUN, [block] * 6)
        await call.to(App(house))
    assert (call.status, call.json["error"]["code"]) == (413, "body_too_large")
    assert call.blocks == [block]


async def test_a_body_that_stops_coming_is_given_up() -> None:
    call = Call(RUN, [])
    headers = {b"content-type": b"application/json"}
    with pytest.raises(BodyTooSlowError, match=r"within 0\.05 s"):
        await read_json_body(headers, call._receive, 0.05)


async def test_a_caller_that_hangs_up_within_its_body_gets_no_answer(tmp_path: Path) -> None:
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        call = Call(RUN, [])
        call.hung_up.set()
        await call.to(App(house))
    assert call.sent == []


async def test_a_caller_that_hangs_up_stops_the_work(tmp_path: Path) -> None:
    async with gateway_on(Script(fast_small=[60.0, a_response("x")]), a_policy(), tmp_path) as house:
        call = Call(RUN, [BODY])
        work = asyncio.create_task(call.to(App(house)))
        await asyncio.sleep(0.05)
        call.hung_up.set()
        await asyncio.wait_for(work, 5)
        record = await only_record(house)
    assert call.sent == []
    assert record.status is OutcomeStatus.CANCELLED


async def test_a_full_house_refuses_before_it_reads(tmp_path: Path) -> None:
    async with gateway_on(Script(fast_small=[0.3, a_response("x")]), a_policy(), tmp_path) as house:
        app = App(house, most_in_flight=1)
        first = asyncio.create_task(Call(RUN, [BODY]).to(app))
        await asyncio.sleep(0.05)
        second = await Call(RUN, [BODY]).to(app)
        assert (await first).status == 200
    assert (second.status, second.json["error"]["code"], second.blocks) == (503, "overloaded", [BODY])
    assert (b"retry-after", b"1") in second.sent[0]["headers"]


async def test_a_long_body_is_parsed_in_a_thread_with_the_same_result(tmp_path: Path) -> None:
    body = json.dumps({"input": "word " * 30_000, "risk": "low"}).encode()
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        call = await Call(RUN, [body]).to(App(house))
    assert (call.status, call.json["error"]["code"]) == (400, "input_too_long")


async def test_a_client_is_told_whether_to_try_again(tmp_path: Path) -> None:
    rejected = ProviderRejectedError("No.", advice="Change it.", provider_status=400)
    async with gateway_on(
        Script(fast_small=[rejected], frontier_reasoning=[rejected], frontier_backup=[rejected]), a_policy(), tmp_path
    ) as house:
        failed = await Call(RUN, [BODY]).to(App(house))
        full = await Call(RUN, [BODY]).to(App(house, most_in_flight=0))
    assert (failed.status, full.status) == (502, 503)
    assert (b"x-should-retry", b"false") in failed.sent[0]["headers"]
    assert (b"x-should-retry", b"true") in full.sent[0]["headers"]
