"""What the Python door refuses before anything is called, as the HTTP door does while it parses."""

from pathlib import Path
from typing import Any

import pytest

from weighbridge import Gateway
from weighbridge.domain.errors import InvalidFieldError

HALF = "caf\udce9"


@pytest.mark.parametrize(
    "stated", [{"input": HALF}, {"model": HALF}, {"task": HALF}, {"task": "classify", "metadata": {"team": HALF}}]
)
async def test_text_that_no_record_could_hold_is_refused(tmp_path: Path, stated: dict[str, Any]) -> None:
    async with Gateway.open(store=tmp_path / "records.db", env={}) as gateway:
        with pytest.raises(InvalidFieldError, match="half of a surrogate pair"):
            await gateway.run(**({"input": "hello"} | stated))
        assert (await gateway.run(task="classify", input="An invoice.")).text == "invoice"


@pytest.mark.parametrize("limit", [0, -5])
async def test_an_answer_of_less_than_one_token_is_refused(tmp_path: Path, limit: int) -> None:
    async with Gateway.open(store=tmp_path / "records.db", env={}) as gateway:
        with pytest.raises(InvalidFieldError, match="from 1"):
            await gateway.run(task="classify", input="An invoice.", max_output_tokens=limit)
