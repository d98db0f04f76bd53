"""What may be spent, by whom, on what, in which time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from weighbridge.domain.money import Money


class Period(StrEnum):
    """When a budget begins anew."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    """On Mondays."""
    MONTH = "month"
    TOTAL = "total"
    """Never."""
    ROLLING = "rolling"
    """Any stretch of time of the window's length."""


class Per(StrEnum):
    """Who has a budget's whole limit for itself."""

    KEY = "key"
    TEAM = "team"
    TASK = "task"
    USER = "user"
    """The caller's own customer, as far as the request names one."""


class OnExceed(StrEnum):
    """What happens to a call for which there is no room."""

    REJECT = "reject"
    """There is no answer."""
    CHEAPER = "cheaper"
    """The next candidate is asked that has room."""
    QUEUE = "queue"
    """It waits for running calls to give back what they do not use."""


@dataclass(frozen=True, slots=True)
class Payer:
    """On whose account a request is made."""

    caller: str
    """Key name."""
    task: str
    """Task name."""
    team: str | None = None
    """The key's team."""
    user: str | None = None
    """The caller's own customer."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The request's metadata."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit on money, tokens, or both."""

    name: str
    """For messages and the ledger."""
    limit: Money | None
    """Most that may be spent, holds included, in one period; `None`: tokens alone are limited."""
    period: str
    """A `Period`."""
    caller: str | None = None
    """Counts this key only; `None` for all."""
    task: str | None = None
    """Counts this task only; `None` for all."""
    limit_tokens: int | None = None
    """Most tokens, input and output together; `None`: money alone is limited."""
    team: str | None = None
    """Counts the keys of this team only."""
    tag: tuple[str, str] | None = None
    """Counts requests only whose metadata has this entry."""
    per: Per | None = None
    """Each of these has the whole limit; `None`: all share it."""
    time_zone: str = "UTC"
    """IANA name; where calendar periods begin."""
    window_s: int | None = None
    """Length of a rolling period, in seconds."""
    warn_at: tuple[float, ...] = (0.8,)
    """Shares of the limit at which the log warns, once a period each."""
    on_exceed: OnExceed = OnExceed.REJECT
    """What happens to a call for which there is no room."""
    queue_s: float = 5.0
    """Longest wait for room, in seconds."""

    def covers(self, payer: Payer) -> bool:
        """A request counts."""
        return (
            self.caller in {None, payer.caller}
            and self.task in {None, payer.task}
            and self.team in {None, payer.team}
            and (self.tag is None or payer.labels.get(self.tag[0]) == self.tag[1])
        )

    def holder(self, payer: Payer) -> str:
        """Who has the limit for itself, as text for the ledger; empty where all share it."""
        match self.per:
            case None:
                return ""
            case Per.KEY:
                return payer.caller
            case Per.TEAM:
                return payer.team or ""
            case Per.TASK:
                return payer.task
            case Per.USER:
                return payer.user or ""


@dataclass(frozen=True, slots=True)
class Account:
    """A budget, for one holder, in one period."""

    budget: Budget
    """Whose limit holds."""
    holder: str
    """Who has it for itself; empty where all share it."""
    begins: int
    """Seconds since the epoch: where new money is counted."""
    since: int
    """From here on everything counts; earlier than `begins` in a rolling period."""
    ends: int | None
    """When there is room again at the latest; `None`: never by itself."""
