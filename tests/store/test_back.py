"""The way back to an earlier version: the same tables as that version made, with what it knew still in them."""

from pathlib import Path

import pytest

from databases import a_place, connected
from make import a_record
from weighbridge.context.documents.read import read_document
from weighbridge.domain.errors import StoreError
from weighbridge.domain.secret import Secret
from weighbridge.domain.vectors import unit_vector
from weighbridge.store import migrate_postgresql, migrate_sqlite, scripts
from weighbridge.store.back import go_back, losses, version_at
from weighbridge.store.records import StoredRecords
from weighbridge.store.session import Session
from weighbridge.store.sources import StoredSources

FIRST_WITH_A_WAY_BACK = {"sqlite": 10, "postgresql": 2}
TABLES = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
    "postgresql": "SELECT 'column', table_name, column_name, data_type || is_nullable || coalesce(column_default, '')"
    " FROM information_schema.columns WHERE table_schema = current_schema()"
    " UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
    " ORDER BY 1, 2, 3",
}


def dialect_of(place: Path | Secret) -> str:
    return "sqlite" if isinstance(place, Path) else "postgresql"


def shape(place: Path | Secret) -> list[object]:
    """The tables, whatever schema they are in and however their text is spaced."""
    with connected(place) as session:
        schema = "" if isinstance(place, Path) else str(session.execute("SELECT current_schema()").fetchone()[0])
    return [" ".join(str(row).replace(f"{schema}.", "").split()) for row in tables(place)]


def tables(place: Path | Secret) -> list[object]:
    with connected(place) as session:
        return [*map(tuple, session.execute(TABLES[dialect_of(place)]))]


async def filled(place: Path | Secret) -> None:
    """A store of this version with a record, a document and a vector."""
    records = await StoredRecords.open(place)
    sources = StoredSources(records)
    await records.append(a_record("rec_kept"))
    await sources.put([read_document("c", "a.md", b"words", defaults={}, stated={})])
    (passage,) = await sources.without_vectors("c", "s", 0, 10)
    await sources.put_vectors("s", [(passage, unit_vector([1.0, 0.0]))])
    await records.close()


def count(session: Session, table: str) -> int:
    return int(session.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 (a test's own names)


@pytest.mark.parametrize("dialect", FIRST_WITH_A_WAY_BACK)
def test_every_version_from_the_first_release_on_has_a_way_back_that_says_what_it_loses(dialect: str) -> None:
    back = scripts.ways_back(dialect)
    assert set(back) == set(range(FIRST_WITH_A_WAY_BACK[dialect], len(scripts.scripts(dialect)) + 1))
    assert all(text.startswith("-- Lost: ") for text in back.values())


async def test_back_and_forward_again_keeps_what_both_know(place: Path | Secret) -> None:
    await filled(place)
    newest = tables(place)
    standing = version_at(place)
    assert (standing.dialect, standing.present) == (dialect_of(place), standing.known)
    assert losses(standing, standing.earliest) == [
        "vectors of passages. A newer Weighbridge makes them anew, and pays for them again."
    ]
    after = go_back(place, standing.earliest)
    assert after.present == standing.earliest == FIRST_WITH_A_WAY_BACK[dialect_of(place)] - 1
    with connected(place) as session:
        assert (count(session, "records"), count(session, "passages")) == (1, 1)
    records = await StoredRecords.open(place)  # brings it forward again
    assert await records.get("rec_kept") is not None
    assert await StoredSources(records).without_vectors("c", "s", 0, 10)
    await records.close()
    assert tables(place) == newest


async def test_the_tables_are_those_that_the_earlier_version_made(
    place: Path | Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialect = dialect_of(place)
    earliest = FIRST_WITH_A_WAY_BACK[dialect] - 1
    await filled(place)
    go_back(place, earliest)
    made = scripts.scripts(dialect)[:earliest]
    for module in (migrate_sqlite, migrate_postgresql):
        monkeypatch.setattr(module, "scripts", lambda dialect: made)  # as an earlier Weighbridge has them
    with a_place(dialect) as fresh:
        await (await StoredRecords.open(fresh)).close()
        assert shape(fresh) == shape(place)


def test_a_place_without_a_database_is_said_and_stays_without(place: Path | Secret) -> None:
    if isinstance(place, Path):
        with pytest.raises(StoreError, match="There is no database"):
            version_at(place)
        assert not place.exists()
    else:
        assert version_at(place).present == 0
        assert tables(place) == []


async def test_what_leads_nowhere_is_refused_and_changes_nothing(place: Path | Secret) -> None:
    await filled(place)
    before = tables(place)
    standing = version_at(place)
    for version in (standing.earliest - 1, standing.present, standing.present + 1):
        with pytest.raises(StoreError, match="There is no way back"):
            go_back(place, version)
    assert tables(place) == before
    assert version_at(place) == standing
