"""What `append` has returned from is in the file, whenever the program is killed."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, os, sys, time
from pathlib import Path
from make import a_record
from weighbridge.store.identifiers import RecordIds
from weighbridge.store.records import StoredRecords

class Clock:
    now = staticmethod(time.time)

async def answer(records, new_id):
    while True:
        record = a_record(new_id())
        await records.append(record)
        os.write(1, record.id.encode() + b"\\n")

async def main():
    records = await StoredRecords.open(Path(sys.argv[1]))
    new_id = RecordIds(Clock())
    await asyncio.gather(*[answer(records, new_id) for _ in range(64)])

asyncio.run(main())
"""


def answered_until_killed(database: Path, after_s: float) -> list[str]:
    """Let the program write, kill it `after_s` after its first answer; what it had answered by then."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    program = subprocess.Popen([sys.executable, "-c", PROGRAM, str(database)], stdout=subprocess.PIPE, env=environment)
    assert program.stdout is not None
    first = program.stdout.readline()
    timer = threading.Timer(after_s, program.send_signal, [signal.SIGKILL])
    timer.start()
    rest = program.stdout.read()  # to the end: a full pipe would stop the program before the kill does
    assert program.wait() == -signal.SIGKILL
    timer.join()
    program.stdout.close()
    return [line.decode() for line in (first + rest).split(b"\n") if len(line) == 30]


@pytest.mark.parametrize("seed", range(4))
def test_every_answered_record_is_there_after_the_kill(tmp_path: Path, seed: int) -> None:
    database, chance = tmp_path / "records.db", random.Random(seed)  # noqa: S311 (a moment, not a secret)
    answered = [number for _ in range(2) for number in answered_until_killed(database, chance.uniform(0.01, 0.4))]
    connection = sqlite3.connect(database)
    written = {number for (number,) in connection.execute("SELECT id FROM records")}
    assert len(answered) > 64
    assert [number for number in answered if number not in written] == []
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("SELECT sum(requests) FROM spend").fetchone() == (len(written),)
    connection.close()
