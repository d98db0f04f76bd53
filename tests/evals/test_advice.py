"""Advice follows the decision tables, the figures at hand come before opinions, and the draft loads."""

from itertools import product
from pathlib import Path

import pytest

from weighbridge.cli.main import invoke
from weighbridge.config.load import load_policy
from weighbridge.domain.errors import ConfigError
from weighbridge.evals.advice import Evidence, Means, Measured, Opinion, Stance, advise, questions_left
from weighbridge.evals.draft_record import draft_record
from weighbridge.evals.questionnaire import Questionnaire, interview, read_questionnaire, template

LABELS = {"shape": "label", "labels": ["a", "b"]}
DEMO = """version: 1
models:
  small: {host: simulated, context_window_tokens: 8000, max_output_tokens: 2000, tier: small, cleared_for: confidential}
  strong: {host: simulated, context_window_tokens: 8000, max_output_tokens: 2000, tier: frontier,
    cleared_for: restricted}
"""


def asked(**answers: object) -> Questionnaire:
    return Questionnaire.model_validate({"task": "tag", "risk": "low", **LABELS, **answers})


NOTHING = Evidence()


def of(means: Means, evidence: Evidence = NOTHING, /, **answers: object) -> Opinion:
    return next(item for item in advise(asked(**answers), evidence) if item.means is means)


def shown(*, is_proved: bool) -> Evidence:
    return Evidence(600, (Measured("small", is_small=True, is_proved=is_proved, told="exact_match 0.9"),))


@pytest.mark.parametrize(
    ("means", "answers", "stance"),
    [
        (Means.RETRIEVAL, {"knowledge": "changing"}, Stance.FIRST),
        (Means.RETRIEVAL, {"knowledge": "stable"}, Stance.ALONGSIDE),
        (Means.RETRIEVAL, {}, Stance.NO),
        (Means.TOOLS, {"live_state": True}, Stance.FIRST),
        (Means.FINE_TUNING, {"knowledge": "changing", "good_examples": 5_000}, Stance.NO),
        (Means.FINE_TUNING, {"fixed_style": True, "good_examples": 5_000}, Stance.ALONGSIDE),
        (Means.FINE_TUNING, {"fixed_style": True, "good_examples": 50}, Stance.LATER),
        (Means.FINE_TUNING, {"good_examples": 5_000}, Stance.LATER),
        (Means.SMALLER_MODEL, {}, Stance.FIRST),
        (Means.SMALLER_MODEL, {"risk": "high"}, Stance.NO),
        (Means.SMALLER_MODEL, {"reasoning": True}, Stance.LATER),
        (Means.CACHING, {"repeats": True}, Stance.ALONGSIDE),
        (Means.CACHING, {"repeats": True, "live_state": True}, Stance.NO),
        (Means.HOSTED_FRONTIER, {"may_leave": False}, Stance.NO),
        (Means.HOSTED_FRONTIER, {"risk": "high"}, Stance.FIRST),
        (Means.HOSTED_SMALL, {"risk": "high"}, Stance.NO),
        (Means.SELF_HOSTED, {"may_leave": False}, Stance.FIRST),
        (Means.SELF_HOSTED, {"monthly_requests": 9_000_000}, Stance.NO),
        (Means.SELF_HOSTED, {"monthly_requests": 9_000_000, "runs_models": True}, Stance.ALONGSIDE),
    ],
)
def test_the_tables_are_followed(means: Means, answers: dict[str, object], stance: Stance) -> None:
    assert of(means, NOTHING, **answers).stance is stance


def test_what_was_measured_comes_before_opinions() -> None:
    proved, failed = shown(is_proved=True), shown(is_proved=False)
    assert of(Means.SMALLER_MODEL, proved, reasoning=True).stance is Stance.FIRST
    assert of(Means.SMALLER_MODEL, failed).stance is Stance.LATER
    assert "exact_match 0.9" in of(Means.SMALLER_MODEL, failed).because
    assert of(Means.FINE_TUNING, proved, good_examples=5_000).stance is Stance.NO
    assert of(Means.FINE_TUNING, failed, good_examples=5_000).stance is Stance.ALONGSIDE
    assert of(Means.CACHING, Evidence(requests=10, repeated_share=0.4)).stance is Stance.ALONGSIDE


def test_what_is_not_known_yet_is_said() -> None:
    assert len(questions_left(asked(), Evidence())) == 3
    assert questions_left(asked(), Evidence(600, shown(is_proved=True).measured, 5)) == []
    assert any("retrieval by itself" in item for item in questions_left(asked(knowledge="stable"), Evidence()))


@pytest.mark.parametrize(
    ("risk", "shape", "knowledge", "sensitivity", "reasoning"),
    list(
        product(
            ("low", "high"),
            ("label", "fields", "text"),
            ("none", "changing"),
            ("internal", "restricted"),
            (False, True),
        )
    ),
)
def test_every_draft_loads(
    tmp_path: Path, risk: str, shape: str, knowledge: str, sensitivity: str, reasoning: bool
) -> None:
    answers = {"risk": risk, "shape": shape, "knowledge": knowledge, "sensitivity": sensitivity, "reasoning": reasoning}
    lists = {"labels": ["a", "b"] if shape == "label" else None, "fields": ["x"] if shape == "fields" else None}
    main = tmp_path / "weighbridge.yaml"
    main.write_text(DEMO + "tasks: {other: {risk_level: low, primary_model: small}}\n")
    page = asked(**answers, **lists)
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "tag.yaml").write_text(draft_record(page, advise(page, Evidence()), load_policy(main, {})))
    task = load_policy(main, {}).tasks["tag"]
    wants_strongest = risk == "high" or reasoning or sensitivity == "restricted"
    assert task.primary_model == ("strong" if wants_strongest else "small")


def test_the_page_is_read_with_places(tmp_path: Path) -> None:
    page = tmp_path / "page.yaml"
    page.write_text("task: tag\nrisk: hgih\nshape: text\nlabels: [a]\n")
    with pytest.raises(ConfigError) as raised:
        read_questionnaire(page)
    (problem,) = raised.value.problems
    assert (problem.line, problem.key, problem.nearest) == (2, "risk", "high")


def test_labels_belong_to_shape_label(tmp_path: Path) -> None:
    page = tmp_path / "page.yaml"
    page.write_text("task: tag\nrisk: low\nshape: text\nlabels: [a]\n")
    with pytest.raises(ConfigError, match="labels together with shape label"):
        read_questionnaire(page)


def test_the_printed_page_is_one_that_can_be_filled(tmp_path: Path) -> None:
    page = tmp_path / "page.yaml"
    page.write_text(
        template()
        .replace("task:\n", "task: tag\n")
        .replace("risk:\n", "risk: low\n", 1)
        .replace("shape:\n", "shape: text\n")
    )
    assert read_questionnaire(page) == Questionnaire.model_validate({"task": "tag", "risk": "low", "shape": "text"})


def test_somebody_at_a_terminal_is_asked(tmp_path: Path) -> None:
    replies = {"called": "tag", "bad": "low", "one label": "label", "Which labels": "a, b", "months": "", "live": "no"}
    told = list[str]()

    def ask(question: str) -> str:
        told.append(question)
        return next((reply for part, reply in replies.items() if part in question), "")

    page = tmp_path / "page.yaml"
    page.write_text(interview(ask))
    assert read_questionnaire(page) == asked()
    assert not any("Which fields" in question for question in told)


def test_the_command_writes_a_draft_and_no_second_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.yaml").write_text("task: mail\nrisk: low\nshape: label\nlabels: [a, b]\n")
    assert invoke(["advise", "--answers", "page.yaml", "--out", "mail.yaml"]) == 0
    assert "task: mail" in (tmp_path / "mail.yaml").read_text()
    assert "do first" in capsys.readouterr().out
    assert invoke(["advise", "--answers", "page.yaml", "--out", "mail.yaml"]) == 2
    assert invoke(["advise"]) == 2
    assert "nobody to ask" in capsys.readouterr().err


def test_records_of_the_task_count_as_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.yaml").write_text("task: classify\nrisk: low\nshape: label\nlabels: [a, b]\n")
    for _ in range(2):
        assert invoke(["run", "classify", "--input", "Invoice for March."]) == 0
    capsys.readouterr()
    assert invoke(["advise", "--answers", "page.yaml", "--json"]) == 0
    out = capsys.readouterr().out
    assert "50.0% of the newest inputs came before" in out
    assert "of 2 first answers broke the contract" in out
