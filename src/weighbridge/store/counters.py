"""`SharedRates`: rate limits that gateways share, in Valkey or Redis."""

import asyncio
import logging
from collections.abc import Sequence
from importlib.resources import files
from secrets import token_hex
from typing import Any, Self

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError  # noqa: A004 (it is not the one of the language)

from weighbridge.budget.rates import RUNNING, TOKENS, Buckets, Draw, Pass, draws, missed, tightest
from weighbridge.domain.budget import Payer
from weighbridge.domain.errors import CountersAwayError, StoreError
from weighbridge.domain.policy import CounterSettings, WhenAway
from weighbridge.domain.rate import RateLimit
from weighbridge.domain.secret import Secret

log = logging.getLogger("weighbridge.counters")

TIMEOUT_S = 1.0
"""How long one round trip may take."""
MOST_CONNECTIONS = 16
"""At once; further round trips wait for one."""
AWAY_S = 1.0
"""For so long nobody asks a server that did not answer."""
MOST_LEAVING = 10_000
"""Ends that wait for the server at once; with more, they are left to their leases."""
ERRORS = (RedisError, OSError, TimeoutError)
"""What a server that is away makes of a round trip."""


def server_at(address: Secret) -> "Redis":
    """A client that connects when it is first used. Raises StoreError when the address is none."""
    try:
        pool = BlockingConnectionPool.from_url(
            address.value,
            max_connections=MOST_CONNECTIONS,
            timeout=TIMEOUT_S,  # for one of them to be free
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 1, (ConnectionError,)),  # for one that was closed while it was idle
            decode_responses=True,
        )
    except ValueError:
        raise StoreError(
            f"{address.reference} is no address of a Valkey or Redis server.",
            advice="Write it as redis://user:password@host:6379/0.",
        ) from None
    return Redis.from_pool(pool)


class SharedRates:
    """Satisfies `ports.Rates`: one round trip for all limits that cover a request, decided on the server.

    Time is the server's, so gateways' clocks do not matter. A place among those that run is a lease: what a killed
    gateway held is free again when its request's time is over.
    """

    def __init__(self, server: "Redis", settings: CounterSettings) -> None:
        self._server, self._settings = server, settings
        folder = files("weighbridge.store") / "counters"
        self._enter, self._leave = (
            server.register_script((folder / name).read_text(encoding="utf-8")) for name in ("enter.lua", "leave.lua")
        )
        self._own = Buckets()
        self._away_until = 0.0
        self._leaving: set[asyncio.Task[None]] = set()

    @classmethod
    def open(cls, address: Secret, settings: CounterSettings) -> Self:
        """Ready to connect; the server may be away. Raises StoreError when the address is none."""
        return cls(server_at(address), settings)

    async def enter(
        self, limits: Sequence[RateLimit], payer: Payer, tokens: int, lease_s: float, now: float, model: str | None
    ) -> Pass:
        """Let a request of about `tokens` in, past all limits or none; it is over after `lease_s` at the latest.

        Raises RateLimitedError, and CountersAwayError where no server answers and that is what was declared.
        """
        wanted = draws(limits, payer, tokens, model)
        if not wanted:
            return Pass()
        member = token_hex(8)
        told = await self._asked(wanted, member, lease_s, now)
        if told is None:
            return self._own.enter(draws(limits, payer, tokens, model, self._settings.gateways), now)
        place, *found = told
        if place:
            raise wanted[int(place) - 1].refused(float(found[0]))
        buckets = [draw for draw in wanted if draw.kind != RUNNING]
        standings = [draw.standing(float(full)) for draw, full in zip(buckets, found, strict=True)]
        return Pass(wanted, tightest(standings), member)

    def leave(self, entered: Pass, tokens: int | None) -> None:
        """The request is over. Nobody waits for the server to hear it; its lease ends by itself."""
        if not entered.member:
            self._own.leave(entered, tokens)
            return
        self._tell_end(entered.draws, entered.member, tokens)
        entered.draws = ()

    def _tell_end(self, taken: Sequence[Draw], member: str, tokens: int | None) -> None:
        kept = [draw for draw in taken if draw.kind == RUNNING or (draw.kind == TOKENS and tokens is not None)]
        if not kept or len(self._leaving) >= MOST_LEAVING:
            return
        task = asyncio.get_running_loop().create_task(self._left(kept, member, tokens or 0))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """Tell what ended, and hang up."""
        await asyncio.gather(*self._leaving, return_exceptions=True)
        await self._server.aclose()

    async def _asked(self, wanted: Sequence[Draw], member: str, lease_s: float, now: float) -> list[Any] | None:
        if now >= self._away_until:
            arguments = [word for draw in wanted for word in (draw.kind, draw.most, draw.weight)]
            try:
                told: list[Any] = await self._enter(_keys(wanted), [member, lease_s, *arguments])
            except asyncio.CancelledError:
                self._tell_end(wanted, member, None)  # it may be in, and nobody will take it out
                raise
            except ERRORS as error:
                self._away_until = now + AWAY_S
                log.warning("shared rate limits cannot be counted: %s", type(error).__name__)
            else:
                return told
        if self._settings.when_away is WhenAway.REFUSE:
            raise CountersAwayError(
                "Rate limits cannot be counted: the server that gateways share does not answer.",
                advice="Try again in a moment; nothing was called.",
            )
        return None

    async def _left(self, kept: Sequence[Draw], member: str, tokens: int) -> None:
        changes = [word for draw in kept for word in (draw.kind, missed(draw, tokens) if draw.kind == TOKENS else 0)]
        try:
            await self._leave(_keys(kept), [member, *changes])
        except ERRORS as error:
            log.warning("the end of a request was not counted: %s; its lease ends by itself", type(error).__name__)


def _keys(wanted: Sequence[Draw]) -> list[str]:
    # The braces keep all keys on one node of a cluster, where one script may touch them.
    return [":".join(("{weighbridge}", *map(_escaped, draw.key))) for draw in wanted]


def _escaped(name: str) -> str:
    return name.replace("%", "%25").replace(":", "%3A")
