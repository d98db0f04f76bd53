"""`weighbridge sources` and what `explain` tells of evidence, on the shipped example."""

import json
import shutil
from pathlib import Path

import pytest

from weighbridge.cli.main import invoke

EXAMPLE = Path(__file__).parents[2] / "examples" / "evidence"
SLA = "halden/sla/sla_2026.md"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence") / "example"
    shutil.copytree(EXAMPLE, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert invoke(["sources", "add", "--collection", "halden"]) == 0
    return folder


@pytest.fixture(autouse=True)
def _in_the_example(indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(indexed)
    monkeypatch.setenv("COLUMNS", "160")


def test_a_second_run_finds_nothing_to_do_and_a_bad_file_is_told_of(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(EXAMPLE, folder)
    monkeypatch.chdir(folder)
    assert invoke(["sources", "add", "--collection", "halden"]) == 0
    capsys.readouterr()
    (folder / "documents" / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    (folder / "documents" / "sla" / "sla_2026.md").unlink()
    assert invoke(["sources", "add", "--collection", "halden"]) == 1
    told = capsys.readouterr().out
    assert "0 added, 0 changed, 33 unchanged, 1 removed" in told
    assert "not read: broken.pdf" in told


def test_documents_are_listed_with_their_labels(capsys: Captured) -> None:
    assert invoke(["sources", "list", "--collection", "halden"]) == 0
    told = capsys.readouterr().out
    assert "superseded by halden/sla/sla_2026.md" in told or "deprecated" in told
    assert invoke(["sources", "list", "--json"]) == 0
    assert SLA in [item["id"] for item in json.loads(capsys.readouterr().out)]


def test_a_question_shows_the_passages_it_finds(capsys: Captured) -> None:
    assert invoke(["sources", "search", "monthly uptime promise", "--collection", "halden", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert f"{SLA}:uptime" in [item["id"] for item in found]
    assert invoke(["sources", "search", "monthly uptime promise", "--limit", "1"]) == 0
    assert "relevance" in capsys.readouterr().out


def test_a_passage_is_shown_word_for_word_and_a_document_with_its_passages(capsys: Captured) -> None:
    assert invoke(["sources", "show", f"{SLA}:uptime"]) == 0
    assert "99.9" in capsys.readouterr().out
    assert invoke(["sources", "show", SLA]) == 0
    assert f"{SLA}:uptime" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["show", "halden/none.md"], 1, "There is no document or passage 'halden/none.md'"),
        (["add", "--collection", "nowhere"], 2, "The config gives no path for the sources 'nowhere'"),
        (["add", "documents", "--collection", "halden", "--updated", "soon"], 1, "`updated` is 'soon'"),
        (["search", "uptime", "--limit", "0"], 2, "limit"),
    ],
)
def test_a_mistake_is_a_sentence_and_a_status(capsys: Captured, arguments: list[str], status: int, told: str) -> None:
    assert invoke(["sources", *arguments]) == status
    assert told in capsys.readouterr().err


def test_explain_tells_what_was_shown_and_what_was_not(capsys: Captured) -> None:
    assert invoke(["run", "support_answers", "--input", "What uptime do you promise in the SLA?"]) == 0
    assert "[halden/sla/" in capsys.readouterr().out
    assert invoke(["explain", "last"]) == 0
    told = capsys.readouterr().out
    assert "Evidence shown:" in told
    assert "deprecated by halden/sla/sla_2026.md" in told
    assert "not yet effective" in told


def test_explain_tells_that_nothing_was_found(capsys: Captured) -> None:
    assert invoke(["run", "support_answers", "--input", "How do I bake bread?"]) == 0
    assert "reason=no_evidence" in capsys.readouterr().out
    assert invoke(["explain", "last"]) == 0
    told = capsys.readouterr().out
    assert "because: no_evidence" in told
    assert "Evidence: none was shown" in told
    assert "Candidates" not in told


def test_retrieval_is_evaluated_by_itself(capsys: Captured) -> None:
    run = ["eval", "run", "support_answers", "--retrieval", "questions.yaml"]
    assert invoke([*run, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    figures = {item["name"]: item for item in result["figures"]}
    assert figures["recall@5"]["value"] > 0.95
    assert figures["recall@5"]["low"] is not None
    assert len(result["questions"]) >= 60
    assert invoke([*run, "--k", "1", "--min-recall", "0.99"]) == 1
    assert "Questions whose answer would not be shown" in capsys.readouterr().out


def test_removed_documents_are_gone(capsys: Captured) -> None:
    assert invoke(["sources", "remove", "halden/products/status_page.html", "halden/none.md"]) == 0
    assert "Removed 1 of 2." in capsys.readouterr().out
