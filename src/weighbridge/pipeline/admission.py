"""Who may come in: keys of the config, and keys that the gateway made itself."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import orjson

from weighbridge.domain.audit import Deed
from weighbridge.domain.caller import Caller
from weighbridge.domain.errors import KeyExistsError, NotFoundError
from weighbridge.domain.key import MAY, KeyState, MadeKey, StoredKey, WantedKey
from weighbridge.domain.moment import rfc3339
from weighbridge.pipeline.ports import Clock, Keys

TRUSTED_S = 0.8
"""So long keys are believed without asking the store. A revoked one is out within a second, by whichever process."""


class Admission:
    """The made keys as this process knows them. Where the store cannot be asked, nobody comes in by a made key."""

    def __init__(self, keys: Keys, clock: Clock, new_id: Callable[[], str]) -> None:
        self._keys, self._clock, self._new_id = keys, clock, new_id
        self._version, self._asked_at = -1, float("-inf")
        self._holders: Mapping[bytes, StoredKey] = {}
        self._asking: asyncio.Task[None] | None = None

    async def is_open(self) -> bool:
        """No key was ever made. Whoever revokes the last one does not want everybody to come in. Raises StoreError."""
        await self._refresh()
        return self._version == 0

    async def holder(self, presented: bytes) -> Caller | None:
        """Who holds a key; `None` for one that is unknown, expired or revoked. Raises StoreError.

        Keys are looked up by their keyed hash, so the time that it takes tells nothing about a key.
        """
        await self._refresh()
        if not self._holders:
            return None
        key = self._holders.get(self._keys.digest(presented))
        if key is None or key.state(self._now()) is not KeyState.ACTIVE:
            return None
        return key.caller

    async def _refresh(self) -> None:
        """Ask the store whether anything changed, where that is not known of this moment; one asks for all. A slow
        store is asked twice at most: the second time begins after we came."""
        oldest = self._clock.monotonic() - TRUSTED_S
        while self._asked_at < oldest:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask())
            await asyncio.shield(self._asking)

    async def _ask(self) -> None:
        asked_at = self._clock.monotonic()
        version = await self._keys.version()
        if version != self._version:
            self._holders = await self._keys.holders()
            self._version = version
        self._asked_at = asked_at

    async def make(self, wanted: WantedKey, actor: str, taken: frozenset[str]) -> MadeKey:
        """A new key. Raises KeyExistsError where its name is taken by another one, or by the config."""
        name, now = wanted.caller.name, self._clock.now()
        ends = None if wanted.expires_in_s is None else _at(now + wanted.expires_in_s)
        key = StoredKey(self._new_id(), wanted.caller, "", _at(now), wanted.owner, ends)
        if name in taken or any(other.caller.name == name for other in await self.active()):
            raise KeyExistsError(
                f"There is a key {name!r} already.", advice="Choose another name, or rotate that key.", param="name"
            )
        return await self._made(key, Deed(actor, "key.created", name, described(key)))

    async def rotate(self, name: str, actor: str, overlap_s: float) -> MadeKey:
        """A new key for the same holder; the old ones end after `overlap_s` seconds. Raises NotFoundError."""
        old = await self._named(name)
        now = self._clock.now()
        ends = _at(now + overlap_s)
        new = StoredKey(self._new_id(), old[0].caller, "", self._now(), old[0].owner, old[0].expires_at)
        made = await self._made(new, Deed(actor, "key.rotated", name, described(new)))
        ending = Deed(actor, "key.expires", name, f'{{"expires_at":"{ends}"}}')
        ids = [key.id for key in old]
        await self._keys.end(ids, ending, now=self._now(), revoked=False, expires_at=ends)
        self._forget()
        return made

    async def revoke(self, name: str, actor: str) -> int:
        """All keys of that name open nothing any more; how many. Raises NotFoundError."""
        ids = [key.id for key in await self._named(name)]
        await self._keys.end(ids, Deed(actor, "key.revoked", name), now=self._now(), revoked=True)
        self._forget()
        return len(ids)

    async def keys(self) -> list[StoredKey]:
        """All, the newest first."""
        return await self._keys.keys()

    async def active(self) -> list[StoredKey]:
        """Those that open something now."""
        now = self._now()
        return [key for key in await self._keys.keys() if key.state(now) is KeyState.ACTIVE]

    async def _made(self, key: StoredKey, deed: Deed) -> MadeKey:
        made = await self._keys.make(key, deed)
        self._forget()
        return made

    async def _named(self, name: str) -> list[StoredKey]:
        found = [key for key in await self.active() if key.caller.name == name]
        if not found:
            raise NotFoundError(
                f"There is no key {name[:60]!r} that opens anything.",
                advice="`weighbridge keys list` shows all. Keys of the config are changed there.",
                code="unknown_key",
            )
        return found

    def _forget(self) -> None:
        """What this process did itself holds for it at once."""
        self._asked_at = float("-inf")

    def _now(self) -> str:
        return _at(self._clock.now())


def _at(moment: float) -> str:
    return rfc3339(datetime.fromtimestamp(moment, UTC))


def described(key: StoredKey) -> str:
    """What the audit log keeps of a key: everything but the key."""
    caller = key.caller
    told = {
        "id": key.id,
        "owner": key.owner,
        "expires_at": key.expires_at,
        "team": caller.team,
        "tasks": None if caller.tasks is None else sorted(caller.tasks),
        "models": None if caller.models is None else sorted(caller.models),
        "sensitivity": caller.sensitivity,
        "may": [name for name in MAY if getattr(caller, f"may_{name}")],
    }
    return orjson.dumps({name: value for name, value in told.items() if value is not None}).decode()
