"""Deleting records whose time is over, so that nothing of their content is left in the file."""

from weighbridge.store.session import Session

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


def delete_expired(store: Session, now: str) -> int:
    """Delete up to a batch of records that expired before `now` (RFC 3339); how many. One that a person has still to
    decide on stays: it takes its item along.

    `secure_delete` is on, so freed space is overwritten with zeros. What was spent stays in `spend`.
    """
    return store.execute(_DELETE, (now, BATCH_RECORDS)).rowcount
