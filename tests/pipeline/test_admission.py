"""How long a key is believed, and what a slow or failing store does to that."""

import asyncio
from collections.abc import Mapping
from itertools import count

import pytest

from weighbridge.domain.audit import Deed
from weighbridge.domain.caller import Caller
from weighbridge.domain.errors import StoreError
from weighbridge.domain.key import MadeKey, StoredKey, WantedKey
from weighbridge.pipeline.admission import TRUSTED_S, Admission

NOW = 1_795_000_000.0


class Time:
    """Satisfies `ports.Clock`; moved by hand."""

    moment = 100.0

    def now(self) -> float:
        return NOW + self.moment

    def monotonic(self) -> float:
        return self.moment

    async def sleep(self, delay_s: float) -> None:
        self.moment += delay_s


class Shelf:
    """Satisfies `ports.Keys`, in memory; may be slow or broken."""

    def __init__(self, time: Time) -> None:
        self.time, self.asked, self.takes_s, self.is_broken = time, 0, 0.0, False
        self.kept: dict[bytes, StoredKey] = {}
        self.number = 0

    def digest(self, key: bytes) -> bytes:
        return key

    async def version(self) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        self.time.moment += self.takes_s
        if self.is_broken:
            raise StoreError("The disk fails.", advice="Mend it.")
        return self.number

    async def holders(self) -> Mapping[bytes, StoredKey]:
        return dict(self.kept)

    async def keys(self) -> list[StoredKey]:
        return list(self.kept.values())

    async def make(self, key: StoredKey, deed: Deed) -> MadeKey:
        self.kept[key.caller.name.encode()] = key
        self.number += 1
        return MadeKey(key, key.caller.name)

    async def end(self, ids: list[str], deed: Deed, *, now: str, revoked: bool, expires_at: str | None = None) -> None:
        self.kept = {}
        self.number += 1


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def shelf(time: Time) -> Shelf:
    shelf = Shelf(time)
    await Admission(shelf, time, map(str, count()).__next__).make(WantedKey(Caller("app")), "ann", frozenset())
    return shelf


def admission(shelf: Shelf, time: Time) -> Admission:
    return Admission(shelf, time, map(str, count()).__next__)


async def test_the_store_is_asked_once_for_many_and_again_when_its_word_is_old(shelf: Shelf, time: Time) -> None:
    door = admission(shelf, time)
    found = await asyncio.gather(*(door.holder(b"app") for _ in range(50)))
    assert {caller.name for caller in found if caller} == {"app"}
    assert shelf.asked == 1
    time.moment += TRUSTED_S - 0.01
    await door.holder(b"app")
    assert shelf.asked == 1
    time.moment += 0.02
    await door.holder(b"app")
    assert shelf.asked == 2


async def test_what_another_process_revoked_is_out_when_the_word_is_old(shelf: Shelf, time: Time) -> None:
    door = admission(shelf, time)
    assert await door.holder(b"app")
    await admission(shelf, time).revoke("app", "ann")
    time.moment += TRUSTED_S + 0.01
    assert await door.holder(b"app") is None
    assert not await door.is_open()


async def test_a_store_slower_than_its_word_is_good_for_still_lets_in(shelf: Shelf, time: Time) -> None:
    shelf.takes_s = 5 * TRUSTED_S
    assert await asyncio.wait_for(admission(shelf, time).holder(b"app"), 2)
    assert shelf.asked <= 2


async def test_where_the_store_fails_nobody_comes_in_and_it_is_asked_again(shelf: Shelf, time: Time) -> None:
    door = admission(shelf, time)
    assert await door.holder(b"app")
    shelf.is_broken = True
    time.moment += TRUSTED_S + 0.01
    with pytest.raises(StoreError):
        await door.holder(b"app")
    shelf.is_broken = False
    assert await door.holder(b"app")
