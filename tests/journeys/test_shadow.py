"""Challengers beside the traffic: seen by nobody, paid from their own budget, judged in both orders."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from weighbridge.cli.main import invoke
from weighbridge.domain.caller import SHADOW
from weighbridge.domain.drift import Monitor
from weighbridge.domain.money import ZERO
from weighbridge.domain.record import OutcomeStatus, Record, RecordFilter
from weighbridge.pipeline.gateway import Gateway
from weighbridge.pipeline.house import MOST_SHADOWED

CONFIG = """
version: 1
hosts:
  pretend:
    provider: simulated
    dialect: simulated
    options:
      answer: invoice
      answers:
        - {contains: "odd", model: challenger, answer: legal}
        - {contains: "lost", model: challenger, answer: perhaps}
  court:
    provider: simulated
    dialect: simulated
    options:
      answer: same
      answers:
        - {contains: '"first":"legal"', answer: first}
        - {contains: '"second":"legal"', answer: second}
models:
  small: {host: pretend, price: {input_usd_per_million: 1, output_usd_per_million: 1},
    context_window_tokens: 8000, max_output_tokens: 100, tier: small, cleared_for: restricted}
  challenger: {host: pretend, price: {input_usd_per_million: 2, output_usd_per_million: 2},
    context_window_tokens: 8000, max_output_tokens: 100, tier: small, cleared_for: internal}
  referee: {host: court, price: {input_usd_per_million: 1, output_usd_per_million: 1},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}
tasks:
  tag:
    risk_level: low
    primary_model: small
    output: {labels: [invoice, legal]}
    quality_gate:
      dataset: tags.jsonl
      on_missing: warn
      minimum_exact_match: 0.9
      scorers: {better: {kind: judge, model: referee, rubric: The right label.}}
    shadow: {model: challenger, share: 1, daily_budget_usd: 0.01, judge: better}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weighbridge.yaml").write_text(CONFIG)
    (tmp_path / "tags.jsonl").write_text('{"input": "one", "target": "invoice"}')
    return tmp_path


@asynccontextmanager
async def gateway() -> AsyncIterator[Gateway]:
    async with Gateway.open("weighbridge.yaml") as opened:
        yield opened


async def shadows(opened: Gateway, least: int = 1) -> list[Record]:
    for _ in range(100):
        found = await opened.records(RecordFilter(task="tag", caller=SHADOW))
        if len(found) >= least:
            return found
        await asyncio.sleep(0.05)
    return []


async def score(opened: Gateway) -> float | None:
    for _ in range(100):
        found = await opened.hindsight("tag", Monitor.JUDGE)
        if found:
            return next(iter(found.values()))
        await asyncio.sleep(0.05)
    return None


async def test_a_challenger_answers_again_and_its_record_says_so(folder: Path) -> None:
    async with gateway() as opened:
        outcome = await opened.run(task="tag", input="attached invoice")
        (record,) = await shadows(opened)
        assert record.shadow is not None
        assert (record.shadow.of, record.shadow.agrees) == (outcome.record.id, True)
        assert (record.served_model, outcome.record.served_model) == ("challenger", "small")


async def test_the_judge_sees_both_orders_and_its_score_is_kept(folder: Path) -> None:
    async with gateway() as opened:
        await opened.run(task="tag", input="an odd one")
        (record,) = await shadows(opened)
        assert record.shadow is not None
        assert record.shadow.agrees is False
        assert await score(opened) == 0.0


async def test_a_challenger_that_fails_changes_nothing_for_anybody(folder: Path) -> None:
    async with gateway() as opened:
        assert (await opened.run(task="tag", input="lost")).text == "invoice"
        (record,) = await shadows(opened)
        assert record.status is OutcomeStatus.FAILED
        assert record.shadow is not None
        assert record.shadow.agrees is None


async def test_a_challenger_sees_nothing_that_it_may_not_see(folder: Path) -> None:
    path = folder / "weighbridge.yaml"
    path.write_text(path.read_text().replace("risk_level: low", "risk_level: low\n    sensitivity: confidential"))
    async with gateway() as opened:
        await opened.run(task="tag", input="attached invoice")
        (record,) = await shadows(opened)
        assert (record.status, record.attempts) == (OutcomeStatus.REFUSED, ())


async def test_it_spends_no_more_than_its_own_budget(folder: Path) -> None:
    path = folder / "weighbridge.yaml"
    path.write_text(path.read_text().replace("daily_budget_usd: 0.01", "daily_budget_usd: 0.00022"))
    async with gateway() as opened:
        for at in range(4):
            await opened.run(task="tag", input=f"attached invoice {at}")
        found = await shadows(opened, 4)
        assert {record.status for record in found} >= {OutcomeStatus.REFUSED}
        assert "budget_exceeded" in {record.error_code for record in found}
        (standing,) = await opened.standings()
        assert standing.left is not None
        assert standing.left >= ZERO


async def test_more_than_can_be_looked_at_leaves_the_oldest_out(folder: Path) -> None:
    async with gateway() as opened:
        house = opened._house
        await asyncio.gather(*(opened.run(task="tag", input=f"mail {at}") for at in range(MOST_SHADOWED + 20)))
        assert len(house.shadowed) <= MOST_SHADOWED


def test_the_command_puts_it_beside_what_was_served(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def work() -> None:
        async with gateway() as opened:
            for text in ("one", "two", "odd"):
                await opened.run(task="tag", input=text)
            await shadows(opened, 3)
            for _ in range(100):
                if len(await opened.hindsight("tag", Monitor.JUDGE)) == 3:
                    break
                await asyncio.sleep(0.05)

    asyncio.run(work())
    assert invoke(["eval", "shadow", "tag", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["model"], row["valid"], row["agrees"]) == ("challenger", {"hits": 3, "n": 3}, {"hits": 2, "n": 3})
    assert row["served_score"] == pytest.approx(2 / 3)
    assert invoke(["eval", "shadow", "tag"]) == 0
    assert "0.667 of 3" in capsys.readouterr().out
