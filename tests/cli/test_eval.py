"""The gate from the command line, and what its proof does to serving: nobody serves who has not shown it."""

import asyncio
import json
from pathlib import Path

import pytest

from weighbridge.cli.main import invoke
from weighbridge.domain.decision import DropReason
from weighbridge.domain.errors import NoCandidateError
from weighbridge.domain.proof import ProofState
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
        - {{contains: "hard", model: small, answer: legal}}
        - {{contains: "lost", model: small, answer: perhaps}}
        - {{contains: "equally good", model: strong, answer: same}}
models:
  small: {{host: pretend, price: {{input_usd_per_million: 1, output_usd_per_million: 1}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: small}}
  strong: {{host: pretend, price: {{input_usd_per_million: 9, output_usd_per_million: 9}},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}}
tasks:
  tag:
    risk_level: low
    primary_model: small
    fallback_model: strong
    instructions: Say which kind of mail it is.
    output: {{labels: [invoice, legal]}}
    quality_gate: {{dataset: tags.jsonl, minimum_exact_match: 0.9, {gate}}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, easy: int, hard: int = 0, gate: str = "on_missing: refuse") -> None:
    (folder / "weighbridge.yaml").write_text(CONFIG.format(gate=gate))
    rows = [f"easy {at}" for at in range(easy)] + [f"hard {at}" for at in range(hard)]
    lines = [json.dumps({"id": text, "input": text, "target": "invoice"}) for text in rows]
    (folder / "tags.jsonl").write_text("\n".join(lines))


def served_by() -> str:
    async def ask() -> str:
        async with Gateway.open("weighbridge.yaml") as gateway:
            return (await gateway.run(task="tag", input="one more")).model

    return asyncio.run(ask())


def drop_reason() -> tuple[DropReason | None, str]:
    async def ask() -> tuple[DropReason | None, str]:
        async with Gateway.open("weighbridge.yaml") as gateway:
            try:
                await gateway.run(task="tag", input="one more")
            except NoCandidateError as error:
                found = next(item for item in error.decision.candidates if item.model == "small")
                return found.reason, str(found.numbers.get("changed"))
        raise AssertionError("it was answered")

    return asyncio.run(ask())


def test_without_a_proof_there_is_no_route_and_with_one_there_is(folder: Path) -> None:
    write(folder, 60)
    assert drop_reason()[0] is DropReason.NOT_PROVED
    assert invoke(["eval", "gate", "tag"]) == 0
    assert served_by() == "small"


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("Say which kind", "Tell which kind", "prompt"),
        ("[invoice, legal]", "[invoice, legal, tax]", "contract"),
        ("max_output_tokens: 100", "max_output_tokens: 90", "model"),
        ("    risk_level: low", "    limits: {max_repairs: 2}\n    risk_level: low", "record"),
        ("minimum_exact_match: 0.9", "scorers: {x: {kind: regex}}, minimum_exact_match: 0.9", "scorers"),
    ],
)
def test_a_proof_does_not_outlive_what_it_was_made_with(folder: Path, old: str, new: str, changed: str) -> None:
    write(folder, 60)
    assert invoke(["eval", "gate", "tag"]) == 0
    path = folder / "weighbridge.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert drop_reason() == (DropReason.PROOF_MISMATCH, changed)


def test_a_changed_dataset_takes_the_proof_away_and_a_lost_one_too(folder: Path) -> None:
    write(folder, 60)
    assert invoke(["eval", "gate", "tag"]) == 0
    write(folder, 61)
    assert drop_reason() == (DropReason.PROOF_MISMATCH, "dataset")
    (folder / "tags.jsonl").unlink()
    assert drop_reason() == (DropReason.PROOF_MISMATCH, "dataset")


def test_what_changes_no_answer_keeps_the_proof(folder: Path) -> None:
    write(folder, 60)
    assert invoke(["eval", "gate", "tag"]) == 0
    path = folder / "weighbridge.yaml"
    path.write_text(path.read_text().replace("input_usd_per_million: 1,", "input_usd_per_million: 2,"))
    assert served_by() == "small"


def test_a_higher_floor_is_held_against_the_stored_figure(folder: Path) -> None:
    write(folder, 60)
    assert invoke(["eval", "gate", "tag"]) == 0
    path = folder / "weighbridge.yaml"
    path.write_text(path.read_text().replace("minimum_exact_match: 0.9", "minimum_exact_match: 0.99"))
    assert drop_reason()[0] is DropReason.NOT_PROVED


def test_an_old_proof_is_stale(folder: Path) -> None:
    write(folder, 60, gate="on_missing: refuse, max_age_days: 1")
    assert invoke(["eval", "gate", "tag", "--models", "small"]) == 0
    from dataclasses import replace

    from weighbridge.config.proofs import read_proofs, write_proof

    (proof,) = read_proofs(folder, ["tag"])
    write_proof(replace(proof, made_at="2026-01-01T00:00:00Z"), folder)
    assert drop_reason()[0] is DropReason.PROOF_STALE


def test_a_proof_that_was_changed_by_hand_stops_the_gateway(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, 60)
    assert invoke(["eval", "gate", "tag", "--models", "small"]) == 0
    path = folder / "proofs" / "tag" / "small.json"
    path.write_text(path.read_text().replace('"n": 60', '"n": 6000'))
    assert invoke(["check"]) == 2
    assert "a proof that nobody changed" in capsys.readouterr().err


def test_a_weak_model_fails_the_gate_and_the_fallback_serves(folder: Path) -> None:
    write(folder, 40, 20, gate="on_missing: fallback")
    assert invoke(["eval", "gate", "tag"]) == 1
    assert served_by() == "strong"


def test_ci_reads_junit_and_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, 20)
    assert invoke(["eval", "gate", "tag", "--json", "--junit", "gate.xml", "--dry-run"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [item["state"] for item in found["models"]] == ["too_few", "too_few"]
    assert "samples more" in found["models"][0]["floors"][0]["sentence"]
    assert 'failures="1"' in (folder / "gate.xml").read_text()
    assert not (folder / "proofs").exists()


def test_warning_serves_and_the_record_says_unproved(folder: Path) -> None:
    write(folder, 20, gate="on_missing: warn")

    async def ask() -> ProofState | None:
        async with Gateway.open("weighbridge.yaml") as gateway:
            decision = (await gateway.run(task="tag", input="x")).record.decision
            assert decision is not None
            return decision.candidates[0].proof

    assert asyncio.run(ask()) is ProofState.MISSING


def test_a_judge_may_not_gate_before_it_agrees_with_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judge = (
        "scorers: {fine: {kind: judge, model: strong, rubric: 'The better one is equally good.'}}, minimum_fine: 0.9"
    )
    write(folder, 40, gate=judge)
    assert invoke(["eval", "gate", "tag", "--models", "small", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["models"][0]["state"] == "incomplete"


def test_models_are_compared_and_reported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, 40, 20, gate="on_missing: fallback")
    assert invoke(["eval", "compare", "tag", "--html", "report.html"]) == 0
    told = capsys.readouterr().out
    assert "better" in told
    assert "<svg" in (folder / "report.html").read_text()
    assert invoke(["eval", "gate", "tag"]) == 1
    served_by()
    capsys.readouterr()
    assert invoke(["report", "tag", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["traffic"]["by_model"] == {"strong": 1}
    assert "exact_match: 0.6667 instead of 1 with strong" in found["page"]
    assert "10 times" in found["page"]


def test_a_gate_needs_a_gate_and_its_own_samples(folder: Path) -> None:
    write(folder, 20)
    assert invoke(["eval", "gate", "tag", "--split", "train"]) == 2
    assert invoke(["eval", "gate", "none"]) == 2


CALIBRATED = """
version: 1
hosts:
  pretend:
    provider: simulated
    dialect: simulated
    options: {answer: invoice, answers: [{contains: ambiguous, model: small, answer: legal}]}
models:
  small: {host: pretend, price: {input_usd_per_million: 1, output_usd_per_million: 1}, capabilities: [logprobs],
    context_window_tokens: 8000, max_output_tokens: 100, tier: small}
  strong: {host: pretend, price: {input_usd_per_million: 9, output_usd_per_million: 9}, capabilities: [logprobs],
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}
tasks:
  tag:
    risk_level: low
    primary_model: small
    fallback_model: strong
    output: {labels: [invoice, legal]}
    quality_gate: {dataset: tags.jsonl, minimum_exact_match: 0.9}
    routing_policy: {escalate_when: confidence < 0.10 or validation_fails}
"""


def test_a_threshold_is_learned_from_answers_and_written_into_the_record(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The simulated model is unsure just where it is wrong, so the right threshold lies between."""
    (folder / "weighbridge.yaml").write_text(CALIBRATED)
    rows = [
        {"id": f"{split} {at}", "input": f"{'ambiguous' if at % 4 == 0 else 'plain'} {split} {at}", "split": split}
        for split in ("train", "test")
        for at in range(120)
    ]
    (folder / "tags.jsonl").write_text("\n".join(json.dumps(row | {"target": "invoice"}) for row in rows))
    assert invoke(["eval", "calibrate", "tag", "--json", "--write"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert 0.55 < found["threshold"] <= 0.98
    assert (found["escalated"], found["recall"], found["regret"]) == (0.25, 1.0, 0.0)
    assert found["cost_ratio"] < 0.5
    assert f"confidence < {found['threshold']:g}" in (folder / "weighbridge.yaml").read_text()
    assert invoke(["eval", "calibrate", "tag", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["threshold"] == found["threshold"]


def test_calibration_needs_a_rule_that_reads_confidence_and_enough_samples(folder: Path) -> None:
    write(folder, 20)
    assert invoke(["eval", "calibrate", "tag"]) == 2
    (folder / "weighbridge.yaml").write_text(CALIBRATED)
    assert invoke(["eval", "calibrate", "tag"]) == 2


def test_a_proof_in_the_place_of_another_stops_the_gateway(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, 60)
    assert invoke(["eval", "gate", "tag", "--models", "small"]) == 0
    (folder / "proofs" / "tag" / "strong.json").write_bytes((folder / "proofs" / "tag" / "small.json").read_bytes())
    assert invoke(["check"]) == 2
    assert "it is that of tag and small" in " ".join(capsys.readouterr().err.split())


def test_other_files_called_proofs_are_none_of_ours(folder: Path) -> None:
    write(folder, 60)
    (folder / "proofs" / "maths").mkdir(parents=True)
    (folder / "proofs" / "maths" / "lemma.json").write_text("{}")
    assert invoke(["check"]) == 0
