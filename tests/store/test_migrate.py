"""From nothing, from the future, from somebody else, and from several openers at once."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from weighbridge.domain.errors import StoreError
from weighbridge.store.migrate_sqlite import migrate, migrations, statements
from weighbridge.store.sqlite import connect

OPEN = """
import asyncio, sys
from pathlib import Path
from weighbridge.store.records import StoredRecords
async def main():
    records = await StoredRecords.open(Path(sys.argv[1]))
    await records.close()
asyncio.run(main())
"""


def version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_an_empty_file_becomes_a_database_of_this_version(tmp_path: Path) -> None:
    connection = connect(tmp_path / "records.db")
    migrate(connection)
    assert version(connection) == len(migrations()) >= 1
    assert connection.execute("SELECT count(*) FROM records").fetchone() == (0,)
    connection.close()


def test_a_second_migration_changes_nothing(tmp_path: Path) -> None:
    connection = connect(tmp_path / "records.db")
    migrate(connection)
    schema = connection.execute("SELECT sql FROM sqlite_schema").fetchall()
    migrate(connection)
    assert connection.execute("SELECT sql FROM sqlite_schema").fetchall() == schema
    connection.close()


def test_a_database_from_the_future_is_left_alone(tmp_path: Path) -> None:
    connection = connect(tmp_path / "records.db")
    migrate(connection)
    connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="has version 99"):
        migrate(connection)
    assert not connection.in_transaction
    connection.close()


@pytest.mark.parametrize("claimed", [0, 1, 99])
def test_the_database_of_another_program_is_left_alone(tmp_path: Path, claimed: int) -> None:
    connection = connect(tmp_path / "records.db")
    connection.execute("CREATE TABLE songs (title TEXT)")
    connection.execute(f"PRAGMA user_version = {claimed}")
    with pytest.raises(StoreError, match="another program"):
        migrate(connection)
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("songs",)]
    connection.close()


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    connection = connect(tmp_path / "records.db")
    connection.execute("PRAGMA max_page_count = 3")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        migrate(connection)
    assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    assert version(connection) == 0
    connection.close()


@pytest.mark.parametrize("since", range(1, len(migrations())))
def test_a_database_of_every_earlier_version_gets_the_rest(tmp_path: Path, since: int) -> None:
    whole, old = connect(tmp_path / "whole.db"), connect(tmp_path / "old.db")
    migrate(whole)
    for script in migrations()[:since]:
        for statement in statements(script):
            old.execute(statement)
    old.execute(f"PRAGMA application_id = {whole.execute('PRAGMA application_id').fetchone()[0]}")
    old.execute(f"PRAGMA user_version = {since}")
    migrate(old)
    schema = "SELECT name, sql FROM sqlite_schema ORDER BY name"
    assert old.execute(schema).fetchall() == whole.execute(schema).fetchall()
    assert version(old) == len(migrations())
    whole.close()
    old.close()


def test_many_openers_at_once_agree_on_one_database(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(tmp_path / "records.db")]
    openers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(6)]
    assert [opener.communicate()[1] for opener in openers] == [""] * 6
    connection = sqlite3.connect(tmp_path / "records.db")
    assert version(connection) == len(migrations())
    connection.close()


def test_a_script_is_cut_where_its_statements_end() -> None:
    script = "CREATE TABLE a (x);\nCREATE TRIGGER t AFTER INSERT ON a BEGIN\n  DELETE FROM a;\nEND;\n"
    assert [statement.split()[1] for statement in statements(script)] == ["TABLE", "TRIGGER"]
