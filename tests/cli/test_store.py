"""`weighbridge store`: the version, and the way back, which asks before it loses something."""

import json
from pathlib import Path

import pytest

from weighbridge.cli.main import invoke

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _with_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke(["records"]) == 0
    capsys.readouterr()


def test_the_version_is_shown_and_the_way_back(capsys: Captured) -> None:
    assert invoke(["store", "show"]) == 0
    assert "sqlite, version 10" in capsys.readouterr().out
    assert invoke(["store", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["earliest"] == 9


def test_what_would_be_lost_is_shown_before_it_is(capsys: Captured) -> None:
    assert invoke(["store", "back", "9"]) == 1
    told = capsys.readouterr().out
    assert "vectors of passages" in told
    assert "--yes" in told
    assert invoke(["store", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["present"] == 10


def test_with_yes_it_is_done_and_the_next_command_brings_it_forward(capsys: Captured) -> None:
    assert invoke(["store", "back", "9", "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["is_done"] is True
    assert invoke(["store", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["present"] == 9
    assert invoke(["records"]) == 0
    capsys.readouterr()
    assert invoke(["store", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["present"] == 10


def test_a_version_that_no_way_leads_to_is_a_sentence(capsys: Captured) -> None:
    assert invoke(["store", "back", "3", "--yes"]) != 0
    assert "There is no way back from version 10 to 3" in capsys.readouterr().err
