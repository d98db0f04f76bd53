"""How fast a caller may come, and how many of its requests may be answered at once."""

from dataclasses import dataclass

from weighbridge.domain.budget import Payer, Per


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Bounds on requests and tokens a minute, and on requests at a time."""

    name: str
    """For messages."""
    requests_per_minute: int | None = None
    """`None`: not limited."""
    tokens_per_minute: int | None = None
    """Input and output together; `None`: not limited."""
    concurrent: int | None = None
    """Requests that are answered at once; `None`: not limited."""
    caller: str | None = None
    """Counts this key only; `None` for all."""
    team: str | None = None
    """Counts the keys of this team only."""
    task: str | None = None
    """Counts this task only."""
    model: str | None = None
    """Counts calls of this model instead of requests; over it the next candidate is asked."""
    per: Per | None = None
    """Each of these has the whole limit; `None`: all share it."""

    def covers(self, payer: Payer, model: str | None) -> bool:
        """A request counts; with a `model`, a call of it."""
        return (
            self.model == model
            and self.caller in {None, payer.caller}
            and self.team in {None, payer.team}
            and self.task in {None, payer.task}
        )


@dataclass(frozen=True, slots=True)
class RateStanding:
    """What is left of one bound, after a request was let in."""

    kind: str
    """`requests` or `tokens`."""
    limit: int
    """A minute."""
    remaining: int
    """At once."""
    reset_s: float
    """Seconds until all of it is there again."""
