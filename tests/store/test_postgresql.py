"""A database that is lost, slow, foreign or full of surprises, over a network that can be cut."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest
from psycopg import conninfo

from databases import a_schema, connected
from journeys.live import until
from make import a_record
from relay import Relay, a_relay
from weighbridge.budget.accounts import accounts_of
from weighbridge.domain.budget import Budget, Payer
from weighbridge.domain.errors import StoreError, UnwritableRecordError
from weighbridge.domain.hold import Demand, HeldFor
from weighbridge.domain.money import ZERO, Money
from weighbridge.domain.record import RecordFilter
from weighbridge.domain.secret import Secret
from weighbridge.store import migrate_postgresql, postgresql
from weighbridge.store.insert import MOST_TRIES
from weighbridge.store.ledger import StoredLedger
from weighbridge.store.open import open_database
from weighbridge.store.records import LOOK_EVERY_S, StoredRecords

WAITING = """SELECT count(*) FROM pg_locks other JOIN pg_locks mine USING (locktype, classid, objid)
             WHERE locktype = 'advisory' AND mine.pid = pg_backend_pid() AND NOT other.granted"""
BUDGET = Budget("day", Money(100), "day")
OPEN = """
import asyncio, os
from weighbridge.domain.secret import Secret
from weighbridge.store.records import StoredRecords
async def main():
    await (await StoredRecords.open(Secret("", os.environ["PLACE"]))).close()
asyncio.run(main())
"""


@pytest.fixture
def schema() -> Iterator[Secret]:
    with a_schema() as address:
        yield address


@pytest.fixture
def network(schema: Secret) -> Iterator[Relay]:
    parts = conninfo.conninfo_to_dict(schema.value)
    host = str(parts.get("host", ""))
    port = int(parts.get("port") or 5432)
    with a_relay(f"{host}/.s.PGSQL.{port}" if host.startswith("/") else port) as relay:
        yield relay


@pytest.fixture
async def records(schema: Secret, network: Relay) -> AsyncIterator[StoredRecords]:
    through = conninfo.make_conninfo(schema.value, host="127.0.0.1", port=network.port)
    opened = await StoredRecords.open(Secret("${env:THROUGH}", through))
    yield opened
    network.mend()
    await opened.close()


async def accepts(records: StoredRecords) -> None:
    """Within the time in which a gateway looks again."""
    async with asyncio.timeout(5 * LOOK_EVERY_S):
        while not records.is_accepting():
            await asyncio.sleep(LOOK_EVERY_S / 10)


async def reads(records: StoredRecords) -> None:
    """Whoever reads sooner may still be told that the database was away a moment ago."""
    async with asyncio.timeout(5):
        while True:
            try:
                await ids(records)
            except StoreError:
                await asyncio.sleep(0.05)
            else:
                return


async def ids(records: StoredRecords) -> list[str]:
    return [record.id for record in await records.find(RecordFilter())]


async def test_connections_that_were_cut_while_nothing_happened_are_made_anew(
    records: StoredRecords, network: Relay
) -> None:
    await records.append(a_record("rec_1"))
    network.cut()
    network.mend()
    assert await ids(records) == ["rec_1"]
    await records.append(a_record("rec_2"))
    assert await ids(records) == ["rec_2", "rec_1"]


async def test_what_is_to_be_written_waits_for_a_database_that_comes_back(
    records: StoredRecords, network: Relay
) -> None:
    network.cut()
    waiting = [asyncio.create_task(records.append(a_record(f"rec_{number}"))) for number in range(3)]
    await asyncio.sleep(0.5)
    assert not records.is_accepting(), "nobody begins what could not be recorded"
    network.mend()
    await asyncio.gather(*waiting)
    await reads(records)
    assert len(await ids(records)) == 3
    await accepts(records)


async def test_after_a_while_the_waiting_are_told_and_it_recovers_by_itself(
    records: StoredRecords, network: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "PATIENCE_S", 0.3)
    network.cut()
    with pytest.raises(StoreError, match="does not answer") as told:
        await records.append(a_record("rec_1"))
    assert str(network.port) not in str(told.value), "where it is concerns no caller"
    assert not records.is_accepting()
    with pytest.raises(StoreError, match="does not answer"):
        await records.get("rec_1")
    network.mend()
    await accepts(records)
    await records.append(a_record("rec_2"))
    assert await ids(records) == ["rec_2"]


async def test_a_commit_whose_reply_is_lost_happened_once(records: StoredRecords, network: Relay) -> None:
    ledger = StoredLedger(records, lambda: "hold_1")
    network.lose_reply_to(b"COMMIT")
    hold = await ledger.hold(Demand(0, 0, 0, Money(60), ZERO), accounts_of([BUDGET], Payer("a", "t"), 0), HELD_FOR, 0)
    assert hold.id == "hold_1"
    network.lose_reply_to(b"COMMIT")
    await records.append(a_record("rec_1"))
    assert await ids(records) == ["rec_1"]
    (standing,) = await ledger.standings([BUDGET], 0)
    assert standing.held == Money(60), "held once"
    assert await ledger.check() == []


async def test_a_commit_that_nobody_can_tell_the_end_of_is_not_tried_again(
    records: StoredRecords, network: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "PATIENCE_S", 0.3)
    network.lose_reply_to(b"COMMIT", stay_cut=True)
    with pytest.raises(StoreError, match=r"in the middle of a commit.*look, then repeat"):
        await records.append(a_record("rec_1"))
    network.mend()
    assert await ids(records) == ["rec_1"], "it was done, and the caller was told that nobody knows"


async def test_a_connection_lost_before_the_commit_is_tried_anew(records: StoredRecords, network: Relay) -> None:
    await records.append(a_record("rec_0"))
    network.lose_reply_to(b"rec_1")
    await records.append(a_record("rec_1"))
    assert await ids(records) == ["rec_1", "rec_0"]


HELD_FOR = HeldFor("rec_1", 60)


async def test_a_gateway_that_froze_while_it_wrote_does_not_stop_the_others(schema: Secret) -> None:
    frozen, records = await StoredRecords.open(schema), await StoredRecords.open(schema)
    frozen._database.writer.begin()
    began = time.monotonic()
    try:
        await records.append(a_record("rec_1"))
    finally:
        frozen._database.writer.rollback()
    assert time.monotonic() - began < postgresql.LOCK_TIMEOUT_S
    await frozen.append(a_record("rec_2"))
    assert await ids(records) == ["rec_2", "rec_1"]
    await frozen.close()
    await records.close()


def test_only_what_surely_was_not_committed_is_tried_anew(schema: Secret) -> None:
    database = postgresql.PostgresqlDatabase.open(schema)
    lost = psycopg.OperationalError("the connection was lost")
    assert not database.awaits(lost), "it is there, so the fault is another"
    database.writer.close()
    assert not database.awaits(postgresql._UncertainCommit("nobody knows"))
    assert database.awaits(lost)
    assert database.awaits(postgresql._AbortedCommit("it did not happen"))
    database.writer.close()
    database.close()


async def test_one_odd_item_keeps_no_other_from_being_written(schema: Secret) -> None:
    records = await StoredRecords.open(schema)
    odd = replace(a_record("rec_odd"), caller="nul\0")
    results = await asyncio.gather(
        *[records.append(record) for record in (a_record("rec_1"), odd, a_record("rec_2"))], return_exceptions=True
    )
    assert [type(result) for result in results] == [type(None), UnwritableRecordError, type(None)]
    assert await ids(records) == ["rec_2", "rec_1"]
    await records.close()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"user": "nobody-of-this-name"}, "lets nobody in"),
        ({"dbname": "none_of_this_name"}, "lets nobody in"),
        ({"host": "127.0.0.1", "port": "1"}, "does not answer"),
    ],
)
async def test_an_address_that_does_not_work_is_told(schema: Secret, changes: dict[str, str], told: str) -> None:
    address = conninfo.make_conninfo(schema.value, password="my-secret", **changes)
    with pytest.raises(StoreError, match=told) as error:
        await StoredRecords.open(Secret("${env:STORE}", address))
    assert "my-secret" not in str(error.value)


async def test_an_address_that_is_none_is_told_without_repeating_it() -> None:
    with pytest.raises(StoreError, match=r"\$\{env:STORE\} is no address") as told:
        await StoredRecords.open(Secret("${env:STORE}", "postgresql://user:my%secret@host"))
    assert "secret" not in str(told.value).replace("${env:STORE}", "")


async def test_a_user_who_may_make_no_tables_is_told_what_is_missing(schema: Secret) -> None:
    name = f"reader_{token_hex(4)}"
    with connected(schema) as owner:
        (own,) = owner.execute("SELECT current_schema()").fetchone()
        owner.execute(f"CREATE ROLE {name} LOGIN")
        try:
            address = Secret("${env:STORE}", conninfo.make_conninfo(schema.value, user=name))
            with pytest.raises(StoreError, match=r"no schema for the tables.*of its own"):
                await StoredRecords.open(address)
            owner.execute(f"GRANT USAGE ON SCHEMA {own} TO {name}")
            with pytest.raises(StoreError, match=r"may not make or use the tables.*of its own"):
                await StoredRecords.open(address)
        finally:
            owner.execute(f"DROP OWNED BY {name}")
            owner.execute(f"DROP ROLE {name}")


async def test_a_network_that_fails_again_and_again_is_told_in_the_end(records: StoredRecords, network: Relay) -> None:
    network.lose_reply_to(b"rec_1", times=MOST_TRIES)
    with pytest.raises(StoreError, match="does not answer"):
        await records.append(a_record("rec_1"))
    assert await ids(records) == []
    await records.append(a_record("rec_1"))


async def test_a_database_from_the_future_is_left_alone(schema: Secret) -> None:
    await (await StoredRecords.open(schema)).close()
    with connected(schema) as store:
        store.execute("UPDATE weighbridge_version SET version = 999")
    with pytest.raises(StoreError, match=r"version 999.*store\.url"):
        await StoredRecords.open(schema)


async def test_the_tables_of_another_program_are_left_alone(schema: Secret) -> None:
    with connected(schema) as store:
        store.execute("CREATE TABLE records (mine integer)")
    with pytest.raises(StoreError, match="its tables are not as expected"):
        await StoredRecords.open(schema)
    with connected(schema) as store:
        assert store.execute("SELECT to_regclass('spend') IS NULL").fetchone() == (True,)


def test_many_openers_at_once_agree_on_one_database(schema: Secret, tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN]
    openers = [subprocess.Popen(command, env={"PLACE": schema.value}, cwd=tmp_path) for _ in range(4)]
    assert [opener.wait() for opener in openers] == [0, 0, 0, 0]


def test_gateways_that_waited_while_another_migrated_find_it_done(schema: Secret) -> None:
    with psycopg.connect(schema.value) as turn, ThreadPoolExecutor(8) as pool:
        turn.execute(migrate_postgresql.TURN)
        openers = [pool.submit(open_database, schema) for _ in range(8)]
        until(lambda: turn.execute(WAITING).fetchone() == (8,))
        turn.rollback()
        for opener in openers:
            database = opener.result()
            database.writer.close()
            database.close()


def test_a_failed_statement_cannot_be_committed_by_mistake(schema: Secret) -> None:
    with connected(schema) as store:
        store.execute("CREATE TABLE turn ()")
        store.begin()
        with pytest.raises(psycopg.Error):
            store.execute("SELECT 1 / 0")
        with pytest.raises(psycopg.InternalError, match="nothing is committed"):
            store.commit()
