"""However long a stream is, it passes in little memory; what is too long to be judged is not called valid."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parent / "long_stream.py"


def passed(megabytes: int, output: str = "") -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, PROGRAM, str(megabytes), output], capture_output=True, text=True, check=True, timeout=100
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.timeout(120)
def test_200_megabytes_pass_in_under_32_megabytes_of_memory() -> None:
    told = passed(200)
    assert told["got"] > 199_000_000
    assert told["extra"] < 32 * 1024 * 1024
    assert "verdict=valid" in told["last"]
    assert told["last"].endswith("data: [DONE]\n\n")


@pytest.mark.timeout(120)
def test_an_answer_that_is_too_long_to_be_judged_does_not_end_as_if_it_were_valid() -> None:
    told = passed(6, ", output: {max_words: 5000000}")
    assert "[DONE]" not in told["last"]
    assert "too_long" in told["last"]
