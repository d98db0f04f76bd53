"""One transaction on the writing connection."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def transaction(store: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. The connection's own context manager does not begin one."""
    store.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if store.in_transaction:
            store.execute("ROLLBACK")
        raise
    store.execute("COMMIT")
