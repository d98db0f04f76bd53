"""The SQL that brings a database from version to version, one folder of `migrations` a dialect."""

from functools import cache
from importlib.resources import files

from weighbridge.domain.errors import StoreError


@cache
def scripts(dialect: str) -> tuple[str, ...]:
    """In order: number n brings a database from version n - 1 to n."""
    folder = files("weighbridge.store") / "migrations" / dialect
    found = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda item: item.name)
    return tuple(script.read_text(encoding="utf-8") for script in found)


def newer(version: int, known: int, setting: str) -> StoreError:
    """A database that a later Weighbridge has written."""
    return StoreError(
        f"The record database has version {version}, and this Weighbridge knows versions up to {known}.",
        advice=f"Run the newer Weighbridge that wrote it, or point `{setting}` at another database.",
    )
