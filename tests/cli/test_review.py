"""People at a terminal: what others wrote cannot pass for what we say, and mistakes are told in a sentence."""

from pathlib import Path

import pytest

from weighbridge.cli.common import login_name, visible
from weighbridge.cli.main import invoke
from weighbridge.domain.errors import CommandError

CONFIG = """
version: 1
hosts:
  pretend: {provider: simulated, dialect: simulated, options: {answer: perhaps}}
models:
  one: {host: pretend, price: {input_usd_per_million: 1, output_usd_per_million: 1},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}
tasks:
  tag:
    risk_level: low
    primary_model: one
    output: {labels: [invoice, legal]}
    review: {when: failure, four_eyes: true}
default_task: tag
"""


@pytest.fixture
def config(tmp_path: Path) -> list[str]:
    (tmp_path / "weighbridge.yaml").write_text(CONFIG)
    return ["--config", str(tmp_path / "weighbridge.yaml")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Größe 👩\u200d💻", "Größe 👩\u200d💻"),
        ("\x1b[2Jgone", "\\u001b[2Jgone"),
        ("a\rb\x9bc", "a\\u000db\\u009bc"),
        ("\u202eevil", "\\u202eevil"),
        ("hello\nproposed: fine", "hello\n  proposed: fine"),
    ],
)
def test_text_of_others_cannot_pass_for_ours(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_user_without_a_name_is_asked_for_one() -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 54321")

    with pytest.raises(CommandError, match="--as NAME"):
        login_name(nobody)


def test_an_item_is_shown_as_it_was_asked_with_nothing_that_moves_the_cursor(
    config: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["run", "tag", "--input", "hello\x1b[2J\nanswer: legal", *config]) == 1
    capsys.readouterr()
    assert invoke(["review", "show", "last", *config]) == 0
    assert "user: hello\\u001b[2J\n  answer: legal\n" in capsys.readouterr().out


def test_two_people_decide_and_each_is_told_what_is_next(config: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    invoke(["run", "tag", "--input", "hello", *config])
    assert invoke(["review", "claim", "last", "--as", "ann", *config]) == 0
    assert "claimed by ann until" in capsys.readouterr().out
    assert invoke(["review", "correct", "last", "--answer", "legal", "--as", "bob", *config]) == 1
    assert "claimed by 'ann' until" in capsys.readouterr().err
    assert invoke(["review", "correct", "last", "--answer", "legal", "--as", "ann", *config]) == 0
    assert "ann decided; a second person has to approve it" in capsys.readouterr().out
    assert invoke(["review", "approve", "last", "--as", "ann", *config]) == 1
    assert "needs a second person" in capsys.readouterr().err
    assert invoke(["review", "approve", "last", "--as", "bob", *config]) == 0
    assert "corrected, the answer is 'legal'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["show", "last"], 1, "There is no review 'last'"),
        (["show", "rev_none"], 1, "`weighbridge review list` shows what is kept"),
        (["show", "\udcff"], 2, "half of a surrogate pair"),
        (["list", "--task", "\udcff"], 2, "half of a surrogate pair"),
        (["list", "--since", "yesterday"], 2, "Write it like 2026-11-25T00:00:00Z"),
        (["list", "--state", "lost"], 2, "Choose from"),
        (["list", "--limit", "0"], 2, "limit"),
        (["correct", "last"], 2, "--answer requires an argument"),
        (["correct", "last", "--answer", "@no/such/file"], 2, "cannot be read: FileNotFoundError"),
    ],
)
def test_a_mistake_is_a_sentence_and_a_status(
    config: list[str], capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, told: str
) -> None:
    assert invoke(["review", *arguments, *config]) == status
    assert told in capsys.readouterr().err


def test_nothing_waits_and_nothing_is_exported_from_an_empty_store(
    config: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["review", "list", *config]) == 0
    assert "0 reviews" in capsys.readouterr().out
    assert invoke(["review", "export", *config]) == 0
    assert capsys.readouterr() == ("", "")
