"""Which version a database has, and the way back to an earlier one, for an earlier Weighbridge.

Opening a store brings it forward by itself; this alone does not.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from weighbridge.domain.errors import StoreError
from weighbridge.domain.secret import Secret
from weighbridge.store import migrate_sqlite
from weighbridge.store.open import postgresql_driver
from weighbridge.store.scripts import lost, scripts, ways_back
from weighbridge.store.sqlite import connect, told_of


@dataclass(frozen=True, slots=True)
class StoreVersion:
    """Where a database stands."""

    dialect: str
    """`sqlite` or `postgresql`."""
    present: int
    """Its version; 0 for one without our tables."""
    known: int
    """The newest that this Weighbridge knows."""
    earliest: int
    """The way back leads so far."""


class Place(Protocol):
    """An open database that is not brought forward."""

    dialect: str

    def version(self) -> int:
        """Of its tables. Raises StoreError."""
        ...

    def step_back(self, version: int, steps: Sequence[str]) -> None:
        """Undo the newest migrations, all or none."""
        ...


def version_at(place: Path | Secret) -> StoreVersion:
    """Where the database stands, without changing anything. Raises StoreError."""
    with _opened(place) as opened:
        return _standing(opened)


def losses(standing: StoreVersion, version: int) -> list[str]:
    """What going back to `version` costs. Raises StoreError where no way leads there."""
    return [lost(script) for script in _steps(standing, version)]


def go_back(place: Path | Secret, version: int) -> StoreVersion:
    """Bring the database back to `version`, all or nothing. No gateway may be running on it. Raises StoreError."""
    with _opened(place) as opened:
        steps = _steps(_standing(opened), version)
        opened.step_back(version, steps)
        return _standing(opened)


def _standing(opened: Place) -> StoreVersion:
    present, known, back = opened.version(), len(scripts(opened.dialect)), ways_back(opened.dialect)
    earliest = present
    while earliest in back:
        earliest -= 1
    return StoreVersion(opened.dialect, present, known, earliest)


def _steps(standing: StoreVersion, version: int) -> list[str]:
    if not standing.earliest <= version < standing.present:
        raise StoreError(
            f"There is no way back from version {standing.present} to {version}.",
            advice=f"Name one from {standing.earliest} to {standing.present - 1}."
            if standing.earliest < standing.present
            else "Use a copy of the database from before.",
        )
    back = ways_back(standing.dialect)
    return [back[number] for number in range(standing.present, version, -1)]


@contextmanager
def _opened(place: Path | Secret) -> Iterator[Place]:
    if isinstance(place, Path):
        if not place.exists():
            raise StoreError(f"There is no database at {place}.", advice="Name the config whose store it is.")
        with told_of(place), closing(connect(place)) as connection:
            yield migrate_sqlite.Tables(connection)
        return
    with postgresql_driver():
        from weighbridge.store.postgresql import opened_as_it_is
    with opened_as_it_is(place) as opened:
        yield opened
