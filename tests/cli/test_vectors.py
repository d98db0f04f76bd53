"""The shipped example with vectors of a real model: what people do with it, and what it finds."""

import json
import shutil
from pathlib import Path

import pytest

from weighbridge.cli.main import invoke

EXAMPLE = Path(__file__).parents[2] / "examples" / "evidence"
CONFIG = ["--config", "with_vectors.yaml"]
ASKED = "I think we have been hacked. What is the first step?"
Captured = pytest.CaptureFixture[str]

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("vectors")]


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vectors") / "example"
    shutil.copytree(EXAMPLE, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert invoke(["sources", "add", "--collection", "halden", *CONFIG]) == 0
    return folder


@pytest.fixture(autouse=True)
def _in_the_example(indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(indexed)
    monkeypatch.setenv("COLUMNS", "160")


def figures(capsys: Captured, questions: str) -> dict[str, float]:
    capsys.readouterr()
    assert invoke(["eval", "run", "support_answers", "--retrieval", questions, "--json", *CONFIG]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [spread["name"] for spread in told["similarities"]] == ["what answers", "the nearest where nothing answers"]
    return {figure["name"]: figure["value"] for figure in told["figures"]}


def test_adding_again_makes_nothing(capsys: Captured) -> None:
    assert invoke(["sources", "add", "--collection", "halden", "--json", *CONFIG]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["vectors"] == {"made": 0, "refused": 0, "waiting": 0, "cost_usd": "0", "reason": None}


def test_questions_in_other_words_find_what_answers_them(capsys: Captured) -> None:
    found = figures(capsys, "rewritten.yaml")
    assert found["recall@5"] >= 0.6  # by words alone it is 0.15
    assert found["shown"] >= 0.45  # by words alone: 0
    assert found["nothing shown where nothing answers"] == 1.0


def test_questions_in_the_documents_words_find_no_less_than_by_words_alone(capsys: Captured) -> None:
    found = figures(capsys, "questions.yaml")
    assert found["recall@5"] == found["shown"] == 1.0
    assert found["nothing shown where nothing answers"] >= 0.875


def test_a_search_shows_how_near_each_passage_is(capsys: Captured) -> None:
    assert invoke(["sources", "search", ASKED, "--collection", "halden", "--json", *CONFIG]) == 0
    found = json.loads(capsys.readouterr().out)
    assert all(-1.0 <= item["similarity"] <= 1.0 for item in found)
    assert invoke(["sources", "search", ASKED, "--collection", "halden", *CONFIG]) == 0
    assert f"{found[0]['similarity']:.3f}" in capsys.readouterr().out


def test_explain_tells_of_the_call_for_the_vector_and_of_similarities(capsys: Captured) -> None:
    assert invoke(["run", "support_answers", "--input", "How fast do you answer when all is down?", *CONFIG]) == 0
    capsys.readouterr()
    assert invoke(["explain", "last", *CONFIG]) == 0
    told = capsys.readouterr().out
    assert "Calls before the answer's" in told
    assert "vector" in told
    assert "e5" in told
    assert "similarity" in told


def test_vectors_that_cannot_be_made_are_told_with_the_reason(
    capsys: Captured, indexed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(EXAMPLE, folder)
    config = folder / "with_vectors.yaml"
    config.write_text(config.read_text().replace("cleared_for: restricted ", "cleared_for: public "))
    monkeypatch.chdir(folder)
    assert invoke(["sources", "add", "--collection", "halden", *CONFIG]) == 0
    told = capsys.readouterr().out
    assert "passages have none and are found by their words alone" in told
