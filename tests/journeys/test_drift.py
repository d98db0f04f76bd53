"""A model that proved itself and then fails in traffic loses its task, tells people, and comes back by a new proof."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from weighbridge.cli.main import invoke
from weighbridge.domain.drift import Monitor, Watched
from weighbridge.domain.errors import InvalidCorrectionError
from weighbridge.domain.proof import ProofState
from weighbridge.domain.record import Record
from weighbridge.domain.review import ReviewItem, ReviewReason, ReviewState
from weighbridge.pipeline.gateway import Gateway
from weighbridge.pipeline.house import House
from weighbridge.pipeline.watch import look

CONFIG = """
version: 1
hosts:
  pretend:
    provider: simulated
    dialect: simulated
    options:
      answer: invoice
      answers:
        - {contains: "lost", model: small, answer: perhaps}
models:
  small: {host: pretend, price: {input_usd_per_million: 1, output_usd_per_million: 1},
    context_window_tokens: 8000, max_output_tokens: 100, tier: small}
  strong: {host: pretend, price: {input_usd_per_million: 9, output_usd_per_million: 9},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}
tasks:
  tag:
    risk_level: low
    primary_model: small
    fallback_model: strong
    output: {labels: [invoice, legal]}
    quality_gate:
      dataset: tags.jsonl
      minimum_exact_match: 0.9
      drift: {DRIFT}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    rows = [{"id": str(at), "input": f"easy {at}", "target": "invoice"} for at in range(60)]
    (tmp_path / "tags.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    assert invoke(["eval", "gate", "tag"]) == 0
    return tmp_path


def write(folder: Path, drift: str = "{maximum_invalid: 0.05}") -> None:
    (folder / "weighbridge.yaml").write_text(CONFIG.replace("{DRIFT}", drift))


T = TypeVar("T")


def on_gateway(work: Callable[[Gateway], Awaitable[T]]) -> T:
    async def body() -> T:
        async with Gateway.open("weighbridge.yaml") as gateway:
            return await work(gateway)

    return asyncio.run(body())


async def ask(gateway: Gateway, text: str = "one more") -> Record:
    return (await gateway.run(task="tag", input=text)).record


async def fail_often(gateway: Gateway) -> list[Watched]:
    for at in range(6):
        await ask(gateway, f"lost {at}")
    return await gateway.watched()


def of_small(states: list[Watched]) -> Watched:
    return next(state for state in states if state.model == "small")


async def shown(gateway: Gateway) -> list[ReviewItem]:
    return await gateway.reviews()


def test_a_model_that_fails_in_traffic_is_demoted_and_the_fallback_serves(folder: Path) -> None:
    async def work(gateway: Gateway) -> Record:
        await fail_often(gateway)
        return await ask(gateway)

    record = on_gateway(work)
    assert record.served_model == "strong"
    assert record.decision is not None
    small = next(item for item in record.decision.candidates if item.model == "small")
    assert (small.reason, small.proof) == ("demoted", ProofState.DEMOTED)
    assert small.numbers["monitor"] == "invalid"


def test_it_stays_demoted_over_a_restart_and_is_told_once(folder: Path) -> None:
    on_gateway(fail_often)
    assert on_gateway(ask).served_model == "strong"
    on_gateway(fail_often)
    (item,) = on_gateway(shown)
    assert (item.reason, item.fault, item.task) == (ReviewReason.DRIFT, "invalid", "tag")
    assert "small lost its proof for tag" in (item.proposed or "")


def test_somebody_can_see_to_the_item_but_not_correct_it(folder: Path) -> None:
    async def work(gateway: Gateway) -> ReviewItem:
        state = of_small(await fail_often(gateway))
        assert state.review_id is not None
        with pytest.raises(InvalidCorrectionError, match="no answer to correct"):
            await gateway.decide(state.review_id, "correct", reviewer="ann", answer="invoice")
        return await gateway.decide(state.review_id, "approve", reviewer="ann")

    item = on_gateway(work)
    assert item.state is ReviewState.APPROVED
    assert "lost its proof" in (item.answer or "")
    assert on_gateway(ask).served_model == "strong"


def test_the_old_answers_make_no_new_proof_and_new_ones_do(folder: Path) -> None:
    demotion = of_small(on_gateway(fail_often)).demotion
    assert demotion is not None
    assert invoke(["eval", "gate", "tag"]) == 0
    assert on_gateway(ask).served_model == "strong"
    assert invoke(["eval", "gate", "tag", "--since", demotion.at]) == 0
    assert on_gateway(ask).served_model == "small"


def test_the_command_tells_how_near_the_end_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    on_gateway(ask)
    capsys.readouterr()
    assert invoke(["eval", "drift", "tag", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    (small,) = [row for row in rows if row["model"] == "small"]
    assert small["monitors"]["invalid"]["observations"] == 1
    assert 0 < small["monitors"]["invalid"]["evidence"] < small["monitors"]["invalid"]["ends_at"] == 100
    on_gateway(fail_often)
    assert invoke(["eval", "drift"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "invalid is over its limit" in out
    assert "weighbridge eval gate tag --models small --since" in out


def test_reviewed_answers_that_people_correct_end_a_proof(folder: Path) -> None:
    path = folder / "weighbridge.yaml"
    write(folder, "{maximum_corrected: 0.05}")
    path.write_text(path.read_text() + "    review: {when: always}\n")

    async def work(gateway: Gateway) -> Watched:
        for at in range(6):
            with pytest.raises(Exception, match="A person has to decide"):
                await ask(gateway, f"mail {at}")
        for item in await gateway.reviews():
            await gateway.decide(item.id, "correct", reviewer="ann", answer="legal")
        return of_small(await gateway.watched())

    demotion = on_gateway(work).demotion
    assert demotion is not None
    assert demotion.monitor is Monitor.CORRECTED


def test_what_another_process_has_seen_is_not_counted_again(folder: Path) -> None:
    async def work(gateway: Gateway) -> tuple[Watched, Watched]:
        async with Gateway.open("weighbridge.yaml") as other:
            for at in range(2):
                await ask(gateway, f"lost {at}")
            seen = await asyncio.gather(gateway.watched(), other.watched())
            return of_small(seen[0]), of_small(await other.watched())

    one, other = on_gateway(work)
    assert other.gauges[Monitor.INVALID].detector.n == 2
    assert one.gauges[Monitor.INVALID].detector.n <= 2


def test_a_running_gateway_demotes_by_itself(folder: Path) -> None:
    async def work(gateway: Gateway) -> str | None:
        for at in range(6):
            await ask(gateway, f"lost {at}")
        for _ in range(50):
            record = await ask(gateway)
            if record.served_model == "strong":
                return "strong"
            await asyncio.sleep(0.1)
        return None

    assert on_gateway(work) == "strong"


def test_a_canary_that_fails_is_rolled_back(folder: Path) -> None:
    path = folder / "weighbridge.yaml"
    text = path.read_text().replace("primary_model: small", "primary_model: strong")
    text = text.replace("fallback_model: strong", "fallback_model: []\n    canary: {model: small, share: 0.5}")
    path.write_text(text)

    async def work(gateway: Gateway) -> tuple[set[str | None], set[str | None]]:
        before = [await ask(gateway) for _ in range(40)]
        while of_small(await gateway.watched()).demotion is None:
            await ask(gateway, "lost")
        after = [await ask(gateway) for _ in range(40)]
        return {record.served_model for record in before}, {record.served_model for record in after}

    assert on_gateway(work) == ({"small", "strong"}, {"strong"})


def test_nothing_is_read_where_nothing_is_watched(folder: Path) -> None:
    write(folder)
    path = folder / "weighbridge.yaml"
    path.write_text(path.read_text().replace("drift:", "# drift:"))
    assert on_gateway(fail_often) == []
    assert on_gateway(ask).served_model == "small"


async def test_a_page_at_a_time(folder: Path) -> None:
    async with Gateway.open("weighbridge.yaml") as gateway:
        await asyncio.gather(*(ask(gateway, f"mail {at}") for at in range(450)))
        house: House = gateway._house
        while not await look(house):
            pass
        state = of_small(await house.drift.watched())
        assert state.gauges[Monitor.INVALID].detector.n == 450
