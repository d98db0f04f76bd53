"""Where a benchmark keeps its store: a file, or a schema of its own in a PostgreSQL database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from weighbridge.domain.secret import Secret

OPTION = "address of a PostgreSQL database to measure instead of a SQLite file"


@contextmanager
def a_place(folder: Path, name: str, postgres: str | None) -> Iterator[Path | Secret]:
    """An empty store, gone afterwards."""
    if postgres is None:
        yield folder / f"{name}.db"
        return
    import psycopg

    schema = f"bench_{name}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"SET client_min_messages = warning; DROP SCHEMA IF EXISTS {schema} CASCADE")
        connection.execute(f"CREATE SCHEMA {schema}")
        joint = "&" if "?" in postgres else "?"
        yield Secret("--postgres", f"{postgres}{joint}options={quote(f'-c search_path={schema}')}")
        connection.execute(f"DROP SCHEMA {schema} CASCADE")
