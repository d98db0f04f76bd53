"""Two thousand requests before hosts that fail in every way at once: every promise holds."""

from pathlib import Path

import pytest
from rich.progress import Progress

from chaos.__main__ import broken, run_all
from chaos.faults import FAULTS, USAGE_IN
from chaos.oracle import is_valid, judge
from chaos.provider import World
from chaos.requests import Asked, Reply
from make import a_record


@pytest.mark.xdist_group("chaos")
async def test_no_promise_breaks_whatever_the_hosts_do(tmp_path: Path) -> None:
    with Progress(disable=True) as progress:
        phases = await run_all(1, 2_000, tmp_path, progress)
    by_name = {phase.name: phase for phase in phases}
    assert broken(phases) == []
    assert set(by_name["faults"].faults) >= set(FAULTS)
    assert by_name["faults"].answered > max(0.95, by_name["one host alone"].answered + 0.1)


def reply(text: str, record: str = "rec_1") -> Reply:
    asked = Asked(0, "tag", "native", is_stream=False, leaves_after_s=None)
    body = f'{{"text": "{text}"}}'.encode()
    return Reply(asked, 0.1, 200, {"x-weighbridge-record": record}, body, is_complete=True)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (reply("something else"), "breaks its contract"),
        (reply("billing", "rec_2"), "without its record"),
        (Reply(reply("x").asked, 0.1, 200, {}, b"", is_complete=False), "broke off"),
    ],
)
def test_the_judge_sees_what_is_wrong(seen: Reply, words: str) -> None:
    assert words in str(judge([seen], [a_record(id="rec_1")], World(1), is_baseline=False).broken)


def test_the_judge_sees_a_budget_that_was_overspent() -> None:
    world = World(1)
    world.billed["one", "capped"] = 10_000 * USAGE_IN
    assert "overspent" in str(judge([], [], world, is_baseline=False).broken)


def test_the_judge_knows_an_answer_by_itself() -> None:
    assert is_valid("tag", " Billing ")
    assert is_valid("json", '{"label": "login", "urgent": true}')
    assert not is_valid("json", '{"label": "login"}')
    assert not is_valid("plain", " ")


def test_a_plan_is_the_same_for_the_same_seed() -> None:
    assert [Asked.plan(1, number) for number in range(50)] == [Asked.plan(1, number) for number in range(50)]
    assert Asked.plan(1, 7) != Asked.plan(2, 7) or Asked.plan(1, 8) != Asked.plan(2, 8)
