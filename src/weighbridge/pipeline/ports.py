"""The edges as the pipeline sees them: one Protocol per outside world, satisfied in `wire.py`."""

from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from weighbridge.budget.rates import Pass
from weighbridge.domain.audit import AuditEntry, Deed
from weighbridge.domain.budget import Account, Budget, Payer
from weighbridge.domain.drift import Monitor, Watched
from weighbridge.domain.errors import ProviderError
from weighbridge.domain.feedback import Feedback
from weighbridge.domain.hold import Demand, HeldFor, Hold, Settlement, Standing
from weighbridge.domain.kept import KeptAnswer
from weighbridge.domain.key import MadeKey, StoredKey
from weighbridge.domain.news import News
from weighbridge.domain.notice import Notice
from weighbridge.domain.policy import Host, PortfolioModel
from weighbridge.domain.rate import RateLimit
from weighbridge.domain.record import Record, RecordFilter
from weighbridge.domain.request import Request
from weighbridge.domain.response import Delta, Response
from weighbridge.domain.rest import Rest
from weighbridge.domain.review import ReviewFilter, ReviewItem
from weighbridge.domain.secret import Secret


class Clock(Protocol):
    """Time, so that tests can own it."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow."""
        ...

    async def sleep(self, delay_s: float) -> None:
        """Wait."""
        ...


class Providers(Protocol):
    """The network edge: carries one request to one model. Both raise ProviderError and nothing else."""

    async def call(self, host: Host, model: PortfolioModel, request: Request, timeout_s: float) -> Response:
        """The whole answer. `request` is final: instructions added, limits set, messages packed."""
        ...

    def stream(
        self, host: Host, model: PortfolioModel, request: Request, timeout_s: float
    ) -> AsyncGenerator[Delta, None]:
        """The answer in pieces; closing the iterator hangs up on the provider."""
        ...


class Rates(Protocol):
    """How fast requests come in, and how many are answered at once."""

    async def enter(
        self, limits: Sequence[RateLimit], payer: Payer, tokens: int, lease_s: float, now: float, model: str | None
    ) -> Pass:
        """Let a request of about `tokens`, or a call of `model`, in past all limits or none. It is over after `lease_s`
        at the latest; `now` is monotonic seconds. Raises RateLimitedError, CountersAwayError."""
        ...

    def leave(self, entered: Pass, tokens: int | None) -> None:
        """It is over; what it really used takes the place of what was guessed. `None`: the guess stays."""
        ...


class Health(Protocol):
    """Which models are cooling down after failures."""

    def cooling_down(self, models: Iterable[PortfolioModel]) -> Mapping[str, float]:
        """Portfolio name → seconds until it may be tried again, for those that may not be called now."""
        ...

    def admit(self, model: PortfolioModel) -> bool:
        """Ask just before a call; False when it may not go out. What became of it is told by one of the others."""
        ...

    def note_success(self, model: PortfolioModel) -> None:
        """The model answered."""
        ...

    def note_failure(self, model: PortfolioModel, error: ProviderError) -> None:
        """The call failed; the error says whose fault it is."""
        ...

    def note_nothing(self, model: PortfolioModel) -> None:
        """The call was cut short."""
        ...


class Resting(Protocol):
    """The part of health that gateways tell each other."""

    def found(self) -> list[Rest]:
        """What rests now because of calls from here."""
        ...

    def hear(self, rests: Sequence[Rest]) -> None:
        """What rests because of calls from elsewhere."""
        ...


class Rests(Protocol):
    """Where gateways tell each other what rests."""

    async def exchange(self, found: Sequence[Rest]) -> list[Rest] | None:
        """Tell what was found, and hear all that rests; `None` while nobody can be told."""
        ...


class Ledger(Protocol):
    """Money set aside and spent, per budget and period."""

    async def hold(self, demand: Demand, accounts: Sequence[Account], held_for: HeldFor, now: float) -> Hold:
        """Reserve in all accounts or in none, on disk when it returns. Raises BudgetExceededError, StoreError."""
        ...

    def settle(self, settlement: Settlement, now: float) -> None:
        """End a hold with what was really spent; it is on disk before any record that is handed in later."""
        ...

    async def standings(self, budgets: Sequence[Budget], now: float) -> list[Standing]:
        """How full budgets are in their present periods, with their holders. Raises StoreError."""
        ...

    async def expire(self, now: float) -> int:
        """Count holds as spent that a killed process left behind; how many. Raises StoreError."""
        ...

    async def check(self) -> list[str]:
        """Every difference between the ledger's sums and its book, one sentence each. Raises StoreError."""
        ...


class Keys(Protocol):
    """Keys that the gateway made. All that waits raises StoreError."""

    def digest(self, key: bytes) -> bytes:
        """What is kept of a key. Raises StoreError where the secret of the hash is gone."""
        ...

    async def version(self) -> int:
        """Moves on with every change, by any process."""
        ...

    async def holders(self) -> Mapping[bytes, StoredKey]:
        """Digest → key, for those that are not revoked."""
        ...

    async def keys(self) -> list[StoredKey]:
        """All, revoked ones included, the newest first."""
        ...

    async def make(self, key: StoredKey, deed: Deed) -> MadeKey:
        """A new key, its deed in the audit log, both or neither."""
        ...

    async def end(self, ids: list[str], deed: Deed, *, now: str, revoked: bool, expires_at: str | None = None) -> None:
        """Revoke keys or have them expire, the deed in the audit log, both or neither."""
        ...


class Audit(Protocol):
    """What was done, by whom. All raise StoreError."""

    async def note(self, deed: Deed, at: str) -> None:
        """A deed that changes nothing in the store itself."""
        ...

    async def entries(self, limit: int, before: int | None = None) -> list[AuditEntry]:
        """Newest first."""
        ...

    async def verify(
        self, progress: Callable[[int, int], None] | None = None, head: str | None = None
    ) -> tuple[list[str], AuditEntry | None]:
        """Every fault of the chain, one sentence each, and its newest entry. `head`: a hash that must be in it."""
        ...


class Reviews(Protocol):
    """The queue of answers that a person decides on."""

    async def open(self, record: Record, item: ReviewItem) -> None:
        """On disk when it returns: both or neither. Raises OverloadedError at the queue's limit, else StoreError."""
        ...

    async def get(self, review_id: str) -> ReviewItem | None:
        """One item."""
        ...

    async def find(self, wanted: ReviewFilter) -> list[ReviewItem]:
        """Newest first."""
        ...

    async def overdue(self, now: str, limit: int = 100) -> list[ReviewItem]:
        """Undecided items whose deadline (RFC 3339) has passed."""
        ...

    async def lapsed(self, now: str, limit: int = 100) -> list[ReviewItem]:
        """Claimed items whose claim has run out (RFC 3339)."""
        ...

    async def replace(self, item: ReviewItem, notice: Notice | None = None) -> None:
        """Keep `item` in place of its version before, and what its webhook is to be told, or neither.

        Raises ReviewConflictError when that version is not the present one.
        """
        ...

    async def add_feedback(self, feedback: Feedback) -> None:
        """On disk when it returns. Raises InvalidFieldError when the record takes no more of it."""
        ...

    async def feedback(self, record_id: str) -> list[Feedback]:
        """What was said of a record, oldest first."""
        ...

    async def due_notices(self, now: str, limit: int = 20) -> list[Notice]:
        """What webhooks are to be told by `now` (RFC 3339)."""
        ...

    async def take_notice(self, tried: Notice) -> bool:
        """Count a try and keep others away until `due_at`; False when another process was quicker."""
        ...

    async def put_off(self, notice: Notice) -> None:
        """Keep what came of a try that failed, and when to try next."""
        ...

    async def notice(self, notice_id: str) -> Notice | None:
        """One that waits or was given up; `None` once delivered."""
        ...

    async def drop_notice(self, notice_id: str) -> None:
        """It was delivered, or nobody wants it any more."""
        ...


class Drift(Protocol):
    """What traffic has shown of models since their proofs."""

    async def watched(self) -> list[Watched]:
        """Every model that is, or was, watched."""
        ...

    async def news(self, tasks: Collection[str], ignored: Collection[str]) -> News:
        """What was written of tasks and not looked at yet, but for the requests of some callers."""
        ...

    async def keep(self, states: Sequence[Watched], opened: Sequence[ReviewItem], since: News) -> bool:
        """Keep what came of the news, all or nothing; False when another process was quicker."""
        ...

    async def hindsight(self, task: str, monitor: Monitor) -> Mapping[str, float]:
        """Record → what turned out about its answer, the newest of a task."""
        ...

    async def add(self, record_id: str, monitor: Monitor, value: float) -> None:
        """Something turned out about an answer."""
        ...


class Cache(Protocol):
    """Answers that are kept to be given again. Both raise StoreError."""

    async def get(self, key: str, now: float) -> KeptAnswer | None:
        """One that has not expired at `now` (seconds since the epoch)."""
        ...

    async def put(self, key: str, answer: KeptAnswer, now: float, expires_at: float) -> None:
        """There for everybody when it returns."""
        ...


class Webhooks(Protocol):
    """Other people's servers that want to be told."""

    async def tell(self, url: str, secret: Secret, notice_id: str, body: bytes, now: float) -> str | None:
        """One signed try; `None` when the receiver took it, else what came of it, such as `status 503`.

        Never raises on what the receiver does.
        """
        ...


class Records(Protocol):
    """The record of every request."""

    async def append(self, record: Record) -> None:
        """Returns once the record is on disk. Raises OverloadedError at the queue's limit, else StoreError."""
        ...

    async def get(self, record_id: str) -> Record | None:
        """One record."""
        ...

    async def find(self, wanted: RecordFilter) -> list[Record]:
        """Newest first."""
        ...

    def is_accepting(self) -> bool:
        """False when a record could not be written now: refuse a request before it costs anything."""
        ...
