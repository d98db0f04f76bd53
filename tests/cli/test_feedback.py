"""What operators say of an answer is kept with its record and explained with it."""

import json
from pathlib import Path

import pytest

from weighbridge.cli.main import invoke


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    invoke(["run", "classify", "--input", "Attached invoice for March."])


def test_feedback_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    said = ["--thumbs", "down", "--label", "legal", "--text", "A \x1b[2Jcontract.", "--as", "ann"]
    assert invoke(["feedback", "last", *said]) == 0
    assert "kept with rec_" in capsys.readouterr().out
    assert invoke(["explain", "last"]) == 0
    told = capsys.readouterr().out
    assert "feedback of ann: thumbs down, label 'legal', A \\u001b[2Jcontract." in told


def test_feedback_for_machines_is_what_the_api_gives(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert invoke(["feedback", "last", "--thumbs", "up", "--as", "ann", "--json"]) == 0
    kept = json.loads(capsys.readouterr().out)
    assert (kept["thumbs"], kept["label"], kept["caller"]) == ("up", None, "ann")


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["last"], 2, "says nothing"),
        (["last", "--text", "  "], 2, "says nothing"),
        (["last", "--thumbs", "sideways"], 2, "Choose from"),
        (["last", "--label", "x" * 201], 2, "at most 200 are kept"),
        (["last", "--text", "\udcff"], 2, "half of a surrogate pair"),
        (["rec_none", "--thumbs", "up"], 1, "There is no record 'rec_none'"),
    ],
)
def test_a_mistake_is_a_sentence_and_a_status(
    capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, told: str
) -> None:
    assert invoke(["feedback", *arguments]) == status
    assert told in capsys.readouterr().err
