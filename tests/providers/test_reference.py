"""The reference page names everything that the simulated host understands, and nothing else."""

import re
from pathlib import Path

import pytest

from weighbridge.providers.simulated_options import SimulatedOptions
from weighbridge.providers.simulated_script import parse_script

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "simulated-host.md").read_text()
ROWS = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)
OPTIONS = len(SimulatedOptions.model_fields)


def test_every_option_has_a_row() -> None:
    assert set(ROWS[-OPTIONS:]) == set(SimulatedOptions.model_fields)


def test_every_directive_has_a_row() -> None:
    with pytest.raises(ValueError) as caught:
        parse_script("wrong")
    listed = str(caught.value).split("valid are ")[1].split(", ")
    assert [row.split("=")[0] for row in ROWS[:-OPTIONS]] == listed


@pytest.mark.parametrize("example", ROWS[:-OPTIONS])
def test_the_example_of_a_directive_is_one(example: str) -> None:
    assert len(parse_script(example)) == 1
