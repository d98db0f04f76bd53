"""Checks come from packages that somebody else installed."""

import sys
from pathlib import Path

import pytest

from weighbridge.domain.check import CheckContext
from weighbridge.pipeline.checks import installed_checks, load_check

METADATA = "Metadata-Version: 2.1\nName: acme-checks\nVersion: 1.0\n"
ENTRY_POINTS = """[weighbridge.checks]
no_promises = acme_checks:no_promises
broken = acme_broken:nothing
number = acme_checks:NUMBER
"""
MODULE = """NUMBER = 3

def no_promises(answer, context):
    return 'Promise nothing.' if 'promise' in answer else None
"""


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "acme_checks-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(METADATA)
    (folder / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "acme_checks.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "acme_checks", raising=False)


def test_an_installed_check_is_found_and_runs() -> None:
    assert installed_checks()["no_promises"] == "acme_checks:no_promises"
    context = CheckContext("reply", "hello", ())
    assert load_check("no_promises")("I promise.", context) == "Promise nothing."
    assert load_check("no_promises")("Hello.", context) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [("broken", "cannot be imported"), ("number", "is not a function"), ("missing", "there are .*no_promises")],
)
def test_one_that_cannot_be_had_is_told(name: str, words: str) -> None:
    with pytest.raises(ImportError, match=words):
        load_check(name)
