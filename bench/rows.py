"""How long lists and budgets take on a store with many records: `python -m bench.rows --help`.

Rows are written straight into the file, spread over four weeks, tasks and keys; then the questions that people ask are
timed cold and warm, beside the same questions on a store with a hundredth of the rows.
"""

import argparse
import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.places import OPTION, a_place
from weighbridge.domain.budget import Budget, Per
from weighbridge.domain.levels import Risk, Sensitivity
from weighbridge.domain.money import Money
from weighbridge.domain.record import OutcomeStatus, Record, RecordFilter
from weighbridge.domain.secret import Secret
from weighbridge.domain.signals import Basis, Classification
from weighbridge.store.codec import COLUMNS, Row, row_of
from weighbridge.store.insert import INSERT_RECORD
from weighbridge.store.ledger import StoredLedger
from weighbridge.store.records import StoredRecords

START = datetime(2026, 11, 1, tzinfo=UTC)
DAYS, TASKS, KEYS, HOLDERS = 28, 12, 200, 20_000
BUDGETS = (
    Budget("all", Money.usd(1_000), "month"),
    Budget("ever", Money.usd(1_000), "total"),
    Budget("users", Money.usd(1), "month", per=Per.USER),
)
ACCOUNT = ("budget", "holder", "begins", "spent_pico", "held_pico", "spent_tokens", "held_tokens")
QUESTIONS = {
    "the newest": RecordFilter(),
    "of a task": RecordFilter(task="task3"),
    "that failed": RecordFilter(status="failed"),
    "of a key": RecordFilter(caller="key7"),
    "of a key without any": RecordFilter(caller="nobody"),
    "from a fallback": RecordFilter(is_fallback=True),
    "of one day": RecordFilter(since="2026-11-20T00:00:00Z"),
}


@dataclass(frozen=True)
class Line:
    """One question."""

    question: str
    cold_ms: float
    p50_ms: float
    baseline_p50_ms: float
    """With a hundredth of the rows."""


def made(rows: int) -> Iterator[Record]:
    """Records as a busy month leaves them: one in 200 failed, one in 50 by a fallback."""
    known = Classification(
        "task0", Basis.STATED, Risk.LOW, Basis.STATED, Sensitivity.INTERNAL, Basis.DEFAULT, {}, "stated by the caller"
    )
    blank = Record(
        id="",
        created_at="",
        expires_at="2027-01-01T00:00:00.000000Z",
        policy_digest="0" * 64,
        caller="",
        dialect="native",
        requested_model="auto",
        is_stream=False,
        input_digest="0" * 64,
        status=OutcomeStatus.ANSWERED,
        error_code=None,
        classification=known,
        decision=None,
        attempts=(),
        served_model="one",
        is_fallback=False,
        prompt_count=None,
        dropped_messages=(),
        estimate=None,
        usage=None,
        cost=Money(1_000),
        duration_s=0.1,
    )
    for number in range(rows):
        moment = START + timedelta(days=DAYS) * (number / rows)
        yield replace(
            blank,
            id=f"rec_{number:026}",
            created_at=moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            caller=f"key{number % KEYS}",
            classification=replace(known, task=f"task{number % TASKS}"),
            status=OutcomeStatus.FAILED if number % 200 == 0 else OutcomeStatus.ANSWERED,
            is_fallback=number % 50 == 0,
        )


async def filled(place: Path | Secret, rows: int) -> None:
    """A store with so many records, and with accounts of many holders."""
    records = await StoredRecords.open(place)
    begins = int(START.timestamp())
    accounts = [("users", f"user{number}", begins, number, 0, 10, 0) for number in range(HOLDERS)]
    insert = f"INSERT INTO accounts ({', '.join(ACCOUNT)}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 (our own)
    await records.work(lambda store: store.executemany(insert, accounts))
    await records.close()
    wanted = track(made(rows), f"writing {rows:,} rows", rows, console=Console(stderr=True))
    await asyncio.to_thread(_write if isinstance(place, Path) else _copy, place, map(row_of, wanted))


def _write(place: Path, rows: Iterator[Row]) -> None:
    with closing(sqlite3.connect(place, isolation_level=None)) as store:
        store.execute("PRAGMA synchronous = OFF")
        store.execute("BEGIN")
        store.executemany(INSERT_RECORD, rows)
        store.execute("COMMIT")


def _copy(place: Secret, rows: Iterator[Row]) -> None:
    import psycopg

    with psycopg.connect(place.value, autocommit=True) as store:
        store.execute("ALTER TABLE records DISABLE TRIGGER USER")
        with store.cursor().copy(f"COPY records ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        store.execute("VACUUM ANALYZE records")


async def timed(ask: Callable[[], Awaitable[object]], rounds: int) -> tuple[float, float]:
    """Milliseconds of the first time, and the median of the others."""
    took = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        await ask()
        took.append((time.perf_counter() - started) * 1_000)
    return took[0], statistics.median(took[1:])


async def answers(place: Path | Secret, rounds: int) -> dict[str, tuple[float, float]]:
    """Every question, timed."""
    records = await StoredRecords.open(place)
    ledger, now = StoredLedger(records, lambda: "unused"), (START + timedelta(days=DAYS - 1)).timestamp()
    found = {
        name: await timed(lambda wanted=wanted: records.find(wanted), rounds) for name, wanted in QUESTIONS.items()
    }
    found["budget show"] = await timed(partial(ledger.standings, BUDGETS, now), rounds)
    await records.close()
    return found


async def main(arguments: argparse.Namespace) -> None:
    """The large store beside the small one."""
    with (
        tempfile.TemporaryDirectory() as name,
        a_place(Path(name), "large", arguments.postgres) as large,
        a_place(Path(name), "small", arguments.postgres) as small,
    ):
        await filled(small, max(1, arguments.rows // 100))
        await filled(large, arguments.rows)
        few, many = await answers(small, arguments.rounds), await answers(large, arguments.rounds)
    lines = [Line(question, *took, few[question][1]) for question, took in many.items()]
    if arguments.json:
        sys.stdout.write(json.dumps([asdict(line) for line in lines], indent=2) + "\n")
        return
    table = Table(title=f"{arguments.rows:,} records, {HOLDERS:,} holders of a budget", title_justify="left")
    for column in ("question", "cold ms", "p50 ms", "p50 ms at 1 %"):
        table.add_column(column, justify="left" if column == "question" else "right")
    for line in lines:
        table.add_row(line.question, *(f"{value:.1f}" for value in (line.cold_ms, line.p50_ms, line.baseline_p50_ms)))
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How long lists and budgets take on a store with many records.")
    parser.add_argument("--rows", type=int, default=5_000_000, help="records")
    parser.add_argument("--rounds", type=int, default=20, help="repetitions")
    parser.add_argument("--postgres", help=OPTION)
    parser.add_argument("--json", action="store_true", help="one JSON document for machines")
    asyncio.run(main(parser.parse_args()))
