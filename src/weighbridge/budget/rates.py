"""`Rates`: buckets that fill evenly, and counts of what runs.

A bucket holds a minute's worth and fills at the limit's pace: the generic cell rate algorithm (ITU-T I.371, annex A),
of which only the time is kept at which the bucket will be full again. So a minute's worth may come at once, and then
as much as fills up.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from weighbridge.domain.budget import Payer, Per
from weighbridge.domain.errors import RateLimitedError
from weighbridge.domain.rate import RateLimit, RateStanding

MINUTE_S = 60.0
MOST_BUCKETS = 20_000
"""With more, those that are full again are forgotten: they say nothing."""
_Key = tuple[str, str, str]


@dataclass(slots=True)
class Pass:
    """A request that was let in: what it took, to be corrected and given back at its end."""

    buckets: list[tuple[_Key, int]] = field(default_factory=list)
    """Token buckets it drew from, each with its limit."""
    running: list[_Key] = field(default_factory=list)
    """What it counts in as running."""
    tokens: int = 0
    """What it drew from each token bucket."""
    standings: tuple[RateStanding, ...] = ()
    """For the answer's headers: of each kind, the tightest."""


class Rates:
    """What this process has let in of late. Nothing here waits, so nobody can come between a look and a step."""

    def __init__(self) -> None:
        self._full_at: dict[_Key, float] = {}
        self._running: dict[_Key, int] = {}

    def enter(
        self, limits: Iterable[RateLimit], payer: Payer, tokens: int, now: float, model: str | None = None
    ) -> Pass:
        """Let a request of about `tokens` in, past all limits or none; `now` is monotonic seconds.

        Raises RateLimitedError, which says after how long to come again.
        """
        covering = [(limit, _holder(limit, payer)) for limit in limits if limit.covers(payer, model)]
        for limit, holder in covering:
            self._require_room(limit, holder, tokens, now)
        entered, standings = Pass(tokens=tokens), list[RateStanding]()
        for limit, holder in covering:
            if limit.concurrent is not None:
                key = (limit.name, holder, "running")
                self._running[key] = self._running.get(key, 0) + 1
                entered.running.append(key)
            for kind, most, weight in _buckets(limit, tokens):
                key = (limit.name, holder, kind)
                standings.append(self._take(key, most, weight, now))
                if kind == "tokens":
                    entered.buckets.append((key, most))
        entered.standings = _tightest(standings)
        return entered

    def leave(self, entered: Pass, tokens: int | None) -> None:
        """The request is over. What it really used takes the place of what was guessed; `None`: the guess stays."""
        for key in entered.running:
            self._running[key] -= 1
            if not self._running[key]:
                del self._running[key]
        if tokens is not None:
            for key, most in entered.buckets:
                self._full_at[key] = self._full_at.get(key, 0.0) + (tokens - entered.tokens) * MINUTE_S / most
        entered.running, entered.buckets = [], []

    def _require_room(self, limit: RateLimit, holder: str, tokens: int, now: float) -> None:
        if limit.concurrent is not None:
            running = self._running.get((limit.name, holder, "running"), 0)
            if running >= limit.concurrent:
                raise _refused(limit, holder, f"{running} requests are being answered, which is its limit", 1.0)
        for kind, most, weight in _buckets(limit, tokens):
            full_at = max(self._full_at.get((limit.name, holder, kind), 0.0), now)
            wait_s = full_at + min(weight, most) * MINUTE_S / most - now - MINUTE_S
            if wait_s > 1e-9:
                raise _refused(limit, holder, f"{most} {kind} a minute are allowed", wait_s)

    def _take(self, key: _Key, most: int, weight: int, now: float) -> RateStanding:
        full_at = max(self._full_at.get(key, 0.0), now) + weight * MINUTE_S / most
        self._full_at[key] = full_at
        if len(self._full_at) > MOST_BUCKETS:
            self._full_at = {name: moment for name, moment in self._full_at.items() if moment > now}
        remaining = max(0, int((MINUTE_S - (full_at - now)) * most / MINUTE_S + 1e-6))
        return RateStanding(key[2], most, remaining, full_at - now)


def _buckets(limit: RateLimit, tokens: int) -> list[tuple[str, int, int]]:
    """Kind, limit a minute and weight. More tokens than a minute's worth wait for a full bucket and overdraw it."""
    found = []
    if limit.requests_per_minute is not None:
        found.append(("requests", limit.requests_per_minute, 1))
    if limit.tokens_per_minute is not None:
        found.append(("tokens", limit.tokens_per_minute, tokens))
    return found


def _holder(limit: RateLimit, payer: Payer) -> str:
    names = {Per.KEY: payer.caller, Per.TEAM: payer.team, Per.TASK: payer.task, Per.USER: payer.user}
    return "" if limit.per is None else (names[limit.per] or "")


def _tightest(standings: list[RateStanding]) -> tuple[RateStanding, ...]:
    found: dict[str, RateStanding] = {}
    for standing in standings:
        known = found.get(standing.kind)
        if known is None or standing.remaining < known.remaining:
            found[standing.kind] = standing
    return tuple(found.values())


def _refused(limit: RateLimit, holder: str, what: str, wait_s: float) -> RateLimitedError:
    of = f" of {holder!r}" if holder else ""
    return RateLimitedError(
        f"Rate limit {limit.name!r}{of}: {what}.",
        advice=f"Come again in {wait_s:.1f} s.",
        retry_after_s=wait_s,
    )
