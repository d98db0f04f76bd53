"""Each test of what is stored runs on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from databases import KINDS, a_schema
from weighbridge.domain.secret import Secret


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | Secret]:
    """Where an empty database is made when it is opened."""
    if request.param == "sqlite":
        yield tmp_path / "records.db"
    else:
        with a_schema() as address:
            yield address
