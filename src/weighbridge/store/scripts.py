"""The SQL that brings a database from version to version, forward and back, one folder of `migrations` a dialect."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from weighbridge.domain.errors import StoreError

BACK = ".back.sql"


@cache
def scripts(dialect: str) -> tuple[str, ...]:
    """In order: number n brings a database from version n - 1 to n."""
    return tuple(text for name, text in _read(dialect) if not name.endswith(BACK))


@cache
def ways_back(dialect: str) -> Mapping[int, str]:
    """Number n brings a database from version n to n - 1. Versions before the first release have none."""
    return MappingProxyType({int(name[:4]): text for name, text in _read(dialect) if name.endswith(BACK)})


def lost(script: str) -> str:
    """What a way back costs, as its first line says."""
    return script.partition("\n")[0].removeprefix("-- Lost: ")


def _read(dialect: str) -> list[tuple[str, str]]:
    folder = files("weighbridge.store") / "migrations" / dialect
    found = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda item: item.name)
    return [(script.name, script.read_text(encoding="utf-8")) for script in found]


def newer(version: int, known: int, setting: str) -> StoreError:
    """A database that a later Weighbridge has written."""
    return StoreError(
        f"The record database has version {version}, and this Weighbridge knows versions up to {known}.",
        advice=f"Run the newer Weighbridge that wrote it, or point `{setting}` at another database.",
    )
