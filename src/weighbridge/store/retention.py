"""Deleting records whose time is over, so that nothing of their content is left in the file."""

import sqlite3

BATCH_RECORDS = 100
"""Deleted in one transaction: bounds how long a record that wants to be written waits."""


_DELETE = """
DELETE FROM records
WHERE rowid IN (
    SELECT rowid FROM records WHERE expires_at < ? AND id NOT IN (
        SELECT record_id FROM reviews WHERE state IN ('open', 'claimed')
    ) ORDER BY expires_at LIMIT ?
)
"""


def delete_expired(connection: sqlite3.Connection, now: str) -> int:
    """Delete up to a batch of records that expired before `now` (RFC 3339); how many. One that a person has still to
    decide on stays: it takes its item along.

    `secure_delete` is on, so freed space is overwritten with zeros. What was spent stays in `spend`.
    """
    return connection.execute(_DELETE, (now, BATCH_RECORDS)).rowcount


def empty_log(connection: sqlite3.Connection) -> bool:
    """Cut the write-ahead log, where deleted text may still stand; False when a reader is using it right now."""
    timeout_ms = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute("PRAGMA busy_timeout = 0")  # the next run tries again; records must not wait for a reader
    try:
        is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {timeout_ms}")
    return not is_busy
