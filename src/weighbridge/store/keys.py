"""Keys that the gateway made. What is kept is a keyed hash: a copy of the database alone opens nothing, and lets nobody
try out keys."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from pydantic import TypeAdapter

from weighbridge.domain.audit import Deed
from weighbridge.domain.errors import StoreError
from weighbridge.domain.key import MadeKey, StoredKey
from weighbridge.store.chain import append
from weighbridge.store.records import StoredRecords
from weighbridge.store.session import Session

PREFIX = "wb-"
SECRET_BYTES = 32
HINT_CHARS = 4


class StoredKeys:
    """Satisfies `ports.Keys`. The secret of the hash is `secret`, or in `file`, made with the first key."""

    def __init__(self, records: StoredRecords, file: Path | None, secret: str | None = None) -> None:
        self._records, self._file = records, file
        self._secret = None if secret is None else secret.encode()

    def digest(self, key: bytes) -> bytes:
        """What is kept of a key. Raises StoreError where the secret of the hash is gone."""
        return hmac.digest(self._known_secret(), key, hashlib.sha256)

    async def version(self) -> int:
        """Moves on with every change, by any process."""
        return await self._records.read(_version)

    async def holders(self) -> Mapping[bytes, StoredKey]:
        """Digest → key, for those that are not revoked."""
        return await self._records.read(_holders)

    async def keys(self) -> list[StoredKey]:
        """All, revoked ones included, the newest first."""
        return await self._records.read(_keys)

    async def make(self, key: StoredKey, deed: Deed) -> MadeKey:
        """A new key for `key`'s holder, its deed in the audit log. The secret is in the answer and nowhere else."""
        if self._secret is None and self._file is not None and not self._file.exists():
            _make_secret(self._file)
        secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        kept = replace(key, hint=secret[-HINT_CHARS:])
        await self._records.work(partial(_insert, key=kept, digest=self.digest(secret.encode()), deed=deed))
        return MadeKey(kept, secret)

    async def end(self, ids: list[str], deed: Deed, *, now: str, revoked: bool, expires_at: str | None = None) -> None:
        """Revoke keys at once, or have them expire; the deed goes into the audit log in the same transaction."""
        work = partial(_end, ids=ids, deed=deed, now=now, revoked=revoked, expires_at=expires_at)
        await self._records.work(work)

    def _known_secret(self) -> bytes:
        if self._secret is None:
            if self._file is None:
                raise StoreError(
                    "Keys cannot be made or checked: gateways that share a database share the secret of the hash.",
                    advice="Set store.key_secret to the same reference on each, as ${env:WEIGHBRIDGE_KEY_SECRET}.",
                )
            try:
                self._secret = self._file.read_bytes()
            except OSError:
                raise StoreError(
                    f"The file {self._file.name!r} cannot be read, without which no key can be checked.",
                    advice="Restore it from its copy, or revoke all keys, remove them from use and make new ones.",
                ) from None
        return self._secret


def _make_secret(file: Path) -> None:
    with suppress(FileExistsError):  # another process made it a moment ago
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(secrets.token_urlsafe(SECRET_BYTES))


@cache
def _codec() -> TypeAdapter[StoredKey]:
    return TypeAdapter(StoredKey)


def _read(body: str, expires_at: str | None, revoked_at: str | None) -> StoredKey:
    return replace(_codec().validate_json(body), expires_at=expires_at, revoked_at=revoked_at)


def _version(store: Session) -> int:
    return int(store.execute("SELECT version FROM key_version").fetchone()[0])


def _holders(store: Session) -> dict[bytes, StoredKey]:
    rows = store.execute("SELECT digest, body, expires_at, revoked_at FROM keys WHERE revoked_at IS NULL")
    return {digest: _read(*row) for digest, *row in rows}


def _keys(store: Session) -> list[StoredKey]:
    return [_read(*row) for row in store.execute("SELECT body, expires_at, revoked_at FROM keys ORDER BY id DESC")]


def _insert(store: Session, key: StoredKey, digest: bytes, deed: Deed) -> None:
    body = _codec().dump_json(key).decode()
    store.execute(
        "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?)", (key.id, key.caller.name, digest, key.expires_at, None, body)
    )
    append(store, [(key.created_at, deed)])


def _end(store: Session, ids: list[str], deed: Deed, now: str, *, revoked: bool, expires_at: str | None) -> None:
    ending = "revoked_at = :at" if revoked else "expires_at = CASE WHEN expires_at < :at THEN expires_at ELSE :at END"
    for key_id in ids:
        store.execute(
            f"UPDATE keys SET {ending} WHERE revoked_at IS NULL AND id = :id",  # noqa: S608 (our own)
            {"at": now if revoked else expires_at, "id": key_id},
        )
    append(store, [(now, deed)])
