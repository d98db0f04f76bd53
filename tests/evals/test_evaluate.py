"""Evaluations: the real pipeline, resumed after a kill, within the money."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from weighbridge.cli.main import invoke
from weighbridge.config.load import load_policy
from weighbridge.domain.money import Money
from weighbridge.evals.dataset import Sample
from weighbridge.evals.evaluate import Bounds, Evaluation, Question, evaluate, for_evaluation
from weighbridge.evals.journal import Journal
from weighbridge.pipeline.gateway import Gateway

QUESTIONS = [
    Question("classify", "frontier-reasoning", Sample(str(at), f"Classify this vendor email: case {at}", "legal"), 0)
    for at in range(40)
]


async def asked(folder: Path, bounds: Bounds, questions: list[Question] = QUESTIONS) -> Evaluation:
    policy = for_evaluation(load_policy(None, {}), "classify", bounds)
    journal = Journal(folder / "answers.jsonl")
    try:
        async with Gateway.on(replace(policy, store=replace(policy.store, path=str(folder / "a.db")))) as gateway:
            return await evaluate(gateway, questions, journal, bounds, lambda so_far: None)
    finally:
        journal.close()


async def test_what_the_journal_holds_is_not_asked_again_even_after_a_torn_line(tmp_path: Path) -> None:
    await asked(tmp_path, Bounds(), QUESTIONS[:10])
    path = tmp_path / "answers.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    done = await asked(tmp_path, Bounds())
    assert (done.asked, len(done.answers)) == (31, 40)
    assert (await asked(tmp_path, Bounds())).asked == 0


async def test_the_money_is_a_hard_stop_and_more_money_goes_on(tmp_path: Path) -> None:
    many = [replace(QUESTIONS[0], epoch=epoch) for epoch in range(150)]
    stopped = await asked(tmp_path, Bounds(concurrency=2, max_cost=Money.usd("0.008")), many)
    assert 0 < stopped.asked < 150
    assert stopped.spent <= Money.usd("0.008")
    rest = await asked(tmp_path, Bounds(), many)
    assert rest.asked == 150 - stopped.asked


async def test_a_call_that_does_not_fit_the_money_is_not_made_and_not_kept(tmp_path: Path) -> None:
    done = await asked(tmp_path, Bounds(concurrency=2, max_cost=Money.usd("0.0001")), QUESTIONS[:1])
    assert done.answers[QUESTIONS[0]].text is None
    assert done.spent == Money(0)
    assert (await asked(tmp_path, Bounds(), QUESTIONS[:1])).asked == 1


async def test_an_answer_against_the_contract_counts_as_no_valid_answer(tmp_path: Path) -> None:
    sample = Sample("1", "Classify this ambiguous vendor email about contract billing.", "legal")
    question = Question("classify", "fast-small", sample, 0)
    answer = (await asked(tmp_path, Bounds(), [question])).answers[question]
    assert (answer.text, answer.error) == (None, "attempts_failed")
    assert answer.cost is not None


def test_the_demo_can_be_evaluated_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke(["eval", "run", "classify", "--models", "fast-small", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["models"][0]["quality"][0]["value"] == 0.3
    assert (found["models"][0]["asked"], found["models"][0]["invalid"]) == (10, 1)


@pytest.mark.parametrize(
    "wrong", [["--models", "none"], ["--metrics", "none"], ["--tag", "none"], ["--max-cost", "much"], ["--epochs", "0"]]
)
def test_wrong_usage_is_exit_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke(["eval", "run", "classify", *wrong]) == 2
