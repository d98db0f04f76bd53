"""A learned router decides before the call, with a promise, and only for what it was learned from."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from weighbridge.cli.main import invoke
from weighbridge.config.load import load_policy
from weighbridge.domain.record import Record
from weighbridge.pipeline.gateway import Gateway

CONFIG = """
version: 1
hosts:
  pretend:
    provider: simulated
    dialect: simulated
    options:
      answer: invoice
      answers:
        - {contains: "clause", model: small, answer: legal}
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
    instructions: Say which kind of mail it is.
    output: {labels: [invoice, legal]}
    routing_policy:
      router: routers/tag.json
      use_primary_when: predicted_gain < 0.05
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weighbridge.yaml").write_text(CONFIG)
    rows = [
        {
            "id": f"{split}{at}",
            "input": f"{word} about number {at + (1000 if split == 'train' else 2000)} of them",
            "target": "invoice",
            "split": split,
        }
        for split in ("train", "test")
        for at in range(400)
        for word in ["a clause" if at % 3 == 0 else "a bill"]
    ]
    (tmp_path / "tags.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return tmp_path


def calibrated(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, object]:
    command = ["eval", "calibrate", "tag", "--by", "predicted_gain", "--dataset", "tags.jsonl", "--json", *more]
    assert invoke(command) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def ask(text: str) -> Record:
    async def work() -> Record:
        async with Gateway.open("weighbridge.yaml") as gateway:
            return (await gateway.run(task="tag", input=text)).record

    return asyncio.run(work())


def test_the_router_sends_what_gains_to_the_fallback_and_keeps_its_promise(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = calibrated(capsys, "--write")
    assert found["regret"] == 0.0
    assert 0.3 < float(str(found["escalated"])) < 0.4
    assert float(str(found["cost_ratio"])) < 0.5
    hard, easy = ask("a clause about number 5001 of them"), ask("a bill about number 5002 of them")
    assert (hard.served_model, easy.served_model) == ("strong", "small")
    assert hard.decision is not None
    assert hard.decision.reason == "condition_not_met"
    assert "predicted_gain is" in hard.decision.sentence


def test_without_the_artefact_the_signal_is_unknown_and_the_careful_way_is_taken(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = ask("a bill about number 5002 of them")
    assert record.served_model == "strong"
    assert record.classification is not None
    assert "predicted_gain" not in record.classification.signals
    assert invoke(["check"]) == 0
    assert "its router routers/tag.json is not there" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new"),
    [("Say which", "Tell which"), ("[invoice, legal]", "[invoice, legal, tax]"), ("answer: legal", "answer: invoice")],
)
def test_a_router_of_something_else_is_no_router(
    folder: Path, capsys: pytest.CaptureFixture[str], old: str, new: str
) -> None:
    calibrated(capsys, "--write")
    path = folder / "weighbridge.yaml"
    path.write_text(path.read_text().replace(old, new))
    assert ask("a bill about number 5002 of them").served_model == "strong"
    assert invoke(["check"]) == 0
    assert "was learned from other models or instructions" in capsys.readouterr().out


def test_nothing_is_written_without_being_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "predicted_gain < 0." in str(calibrated(capsys)["diff"])
    assert not (folder / "routers").exists()
    assert (folder / "weighbridge.yaml").read_text() == CONFIG


def test_an_artefact_that_was_changed_stops_the_gateway(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calibrated(capsys, "--write")
    path = folder / "routers" / "tag.json"
    path.write_text(path.read_text().replace('"bias": ', '"bias": 1'))
    assert invoke(["check"]) == 2
    assert "nobody changed" in capsys.readouterr().err


@pytest.mark.parametrize("condition", ["predicted_gain < 0.05 or has_tools", "not predicted_gain < 0.05", "has_tools"])
def test_a_condition_that_lets_more_through_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], condition: str
) -> None:
    (folder / "weighbridge.yaml").write_text(CONFIG.replace("predicted_gain < 0.05", condition))
    assert invoke(["eval", "calibrate", "tag", "--by", "predicted_gain", "--dataset", "tags.jsonl"]) == 2
    assert "alone or with `and`" in capsys.readouterr().err


def test_a_router_needs_a_fallback(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "weighbridge.yaml").write_text(CONFIG.replace("fallback_model: strong", "fallback_model: []"))
    assert invoke(["check"]) == 2
    assert "no router without a fallback_model" in capsys.readouterr().err


async def test_a_running_gateway_takes_a_new_artefact_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from weighbridge.config.load import config_fingerprint
    from weighbridge.pipeline.reload import Reloader
    from weighbridge.pipeline.wire import derive

    path = folder / "weighbridge.yaml"
    async with Gateway.on(load_policy(path, {})) as gateway:
        house = gateway._house
        reloader = Reloader(path, {}, house, derive, config_fingerprint(path))
        await reloader.look()
        await asyncio.to_thread(calibrated, capsys, "--write")
        deadline = time.monotonic() + 5
        while (found := gateway.policy.tasks["tag"].router) is not None and found.model is None:
            assert time.monotonic() < deadline
            await reloader.look()
        assert (await gateway.run(task="tag", input="a bill about number 5002 of them")).model == "small"
