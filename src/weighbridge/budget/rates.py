"""`Buckets`: buckets that fill evenly, and counts of what runs.

A bucket holds a minute's worth and fills at the limit's pace: the generic cell rate algorithm (ITU-T I.371, annex A),
of which only the time is kept at which the bucket will be full again. So a minute's worth may come at once, and then
as much as fills up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from weighbridge.domain.budget import Payer, Per
from weighbridge.domain.errors import RateLimitedError
from weighbridge.domain.rate import RateLimit, RateStanding

MINUTE_S = 60.0
MOST_BUCKETS = 20_000
"""With more, those that are full again are forgotten: they say nothing."""
RUNNING, REQUESTS, TOKENS = "running", "requests", "tokens"
_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Draw:
    """What a request takes from one bucket, or its place among those that run."""

    limit: str
    """Name of the rate limit."""
    holder: str
    """Whose share it is; empty when all share it."""
    kind: str
    """`running`, `requests` or `tokens`."""
    most: int
    """At a time, or a minute."""
    weight: int
    """How much of it. More tokens than a minute's worth wait for a full bucket and overdraw it."""

    @property
    def key(self) -> _Key:
        """Which bucket."""
        return self.limit, self.holder, self.kind

    def refused(self, found: float) -> RateLimitedError:
        """There is no room: so many run, or so many seconds have to pass."""
        of = f" of {self.holder!r}" if self.holder else ""
        is_running = self.kind == RUNNING
        wait_s = 1.0 if is_running else found
        what = (
            f"{found:.0f} requests are being answered, which is its limit"
            if is_running
            else f"{self.most} {self.kind} a minute are allowed"
        )
        return RateLimitedError(
            f"Rate limit {self.limit!r}{of}: {what}.", advice=f"Come again in {wait_s:.1f} s.", retry_after_s=wait_s
        )

    def standing(self, full_in_s: float) -> RateStanding:
        """What is left of a bucket that will be full again after so many seconds."""
        remaining = max(0, int((MINUTE_S - full_in_s) * self.most / MINUTE_S + 1e-6))
        return RateStanding(self.kind, self.most, remaining, full_in_s)


@dataclass(slots=True)
class Pass:
    """A request that was let in: what it took, to be corrected and given back at its end."""

    draws: Sequence[Draw] = ()
    """What it took; empty once it is given back."""
    standings: tuple[RateStanding, ...] = ()
    """For the answer's headers: of each kind, the tightest."""
    member: str = ""
    """Its name among those that run, where processes share the count."""


def draws(
    limits: Iterable[RateLimit], payer: Payer, tokens: int, model: str | None = None, share: int = 1
) -> list[Draw]:
    """What a request of about `tokens` takes of all limits that cover it; each is divided among `share` processes."""
    found = []
    for limit in limits:
        if not limit.covers(payer, model):
            continue
        holder = _holder(limit, payer)
        for kind, most, weight in (
            (RUNNING, limit.concurrent, 1),
            (REQUESTS, limit.requests_per_minute, 1),
            (TOKENS, limit.tokens_per_minute, tokens),
        ):
            if most is not None:
                found.append(Draw(limit.name, holder, kind, max(1, most // share), weight))
    return found


def tightest(standings: Iterable[RateStanding]) -> tuple[RateStanding, ...]:
    """One of each kind."""
    found: dict[str, RateStanding] = {}
    for standing in standings:
        known = found.get(standing.kind)
        if known is None or standing.remaining < known.remaining:
            found[standing.kind] = standing
    return tuple(found.values())


def missed(draw: Draw, tokens: int) -> float:
    """Seconds by which a token bucket is moved when `tokens` were used instead of what was guessed."""
    return (tokens - draw.weight) * MINUTE_S / draw.most


class Buckets:
    """What this process has let in of late. Nothing here waits, so nobody can come between a look and a step."""

    def __init__(self) -> None:
        self._full_at: dict[_Key, float] = {}
        self._running: dict[_Key, int] = {}

    def enter(self, wanted: Sequence[Draw], now: float) -> Pass:
        """Let a request in, past all limits or none; `now` is monotonic seconds.

        Raises RateLimitedError, which says after how long to come again.
        """
        for draw in wanted:
            self._require_room(draw, now)
        standings = []
        for draw in wanted:
            if draw.kind == RUNNING:
                self._running[draw.key] = self._running.get(draw.key, 0) + 1
            else:
                standings.append(self._take(draw, now))
        return Pass(wanted, tightest(standings))

    def leave(self, entered: Pass, tokens: int | None) -> None:
        """The request is over. What it really used takes the place of what was guessed; `None`: the guess stays."""
        for draw in entered.draws:
            if draw.kind == RUNNING:
                self._running[draw.key] -= 1
                if not self._running[draw.key]:
                    del self._running[draw.key]
            elif draw.kind == TOKENS and tokens is not None:
                self._full_at[draw.key] = self._full_at.get(draw.key, 0.0) + missed(draw, tokens)
        entered.draws = ()

    def _require_room(self, draw: Draw, now: float) -> None:
        if draw.kind == RUNNING:
            running = self._running.get(draw.key, 0)
            if running >= draw.most:
                raise draw.refused(running)
            return
        full_at = max(self._full_at.get(draw.key, 0.0), now)
        wait_s = full_at + min(draw.weight, draw.most) * MINUTE_S / draw.most - now - MINUTE_S
        if wait_s > 1e-9:
            raise draw.refused(wait_s)

    def _take(self, draw: Draw, now: float) -> RateStanding:
        full_at = max(self._full_at.get(draw.key, 0.0), now) + draw.weight * MINUTE_S / draw.most
        self._full_at[draw.key] = full_at
        if len(self._full_at) > MOST_BUCKETS:
            self._full_at = {name: moment for name, moment in self._full_at.items() if moment > now}
        return draw.standing(full_at - now)


class OwnRates:
    """Satisfies `ports.Rates` for a process that counts for itself."""

    def __init__(self) -> None:
        self._buckets = Buckets()

    async def enter(
        self,
        limits: Sequence[RateLimit],
        payer: Payer,
        tokens: int,
        lease_s: float,  # noqa: ARG002 (who dies takes these counts along)
        now: float,
        model: str | None,
    ) -> Pass:
        """Let a request of about `tokens` in, past all limits or none. Raises RateLimitedError."""
        return self._buckets.enter(draws(limits, payer, tokens, model), now)

    def leave(self, entered: Pass, tokens: int | None) -> None:
        """The request is over."""
        self._buckets.leave(entered, tokens)

    async def close(self) -> None:
        """Nothing is open."""


def _holder(limit: RateLimit, payer: Payer) -> str:
    names = {Per.KEY: payer.caller, Per.TEAM: payer.team, Per.TASK: payer.task, Per.USER: payer.user}
    return "" if limit.per is None else (names[limit.per] or "")
