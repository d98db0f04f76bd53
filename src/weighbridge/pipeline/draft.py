"""A record while it is being written: opened with the request, closed exactly once."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from weighbridge.context.assemble import holds_newest_user_message
from weighbridge.domain.attempt import Attempt
from weighbridge.domain.caller import Caller
from weighbridge.domain.decision import Decision
from weighbridge.domain.errors import OverloadedError
from weighbridge.domain.kept import CacheHit
from weighbridge.domain.moment import rfc3339
from weighbridge.domain.money import Money, total
from weighbridge.domain.packed import Packed
from weighbridge.domain.policy import Policy
from weighbridge.domain.probe import Probe
from weighbridge.domain.rate import RateStanding
from weighbridge.domain.record import Content, OutcomeStatus, Record
from weighbridge.domain.request import File, Request
from weighbridge.domain.shadow import Served, Shadow
from weighbridge.domain.signals import Classification
from weighbridge.domain.task import Task
from weighbridge.domain.usage import Usage
from weighbridge.pipeline.house import House
from weighbridge.validation.agreement import agreement

RETENTION_BEFORE_TASK_IS_KNOWN_DAYS = 30


@dataclass(slots=True)
class Draft:
    """What is known of a request so far. The pipeline fills it in the order of the steps."""

    id: str
    request: Request
    caller: Caller
    policy: Policy
    opened_at: float
    started: float
    shadows: Served | None = None
    """For shadow traffic: the answer that was given."""
    classification: Classification | None = None
    input_digest: str | None = None
    """Of what was asked; `None` until it is classified."""
    unknown: tuple[str, ...] = ()
    """Fields of the request that its format does not have, where the caller is to hear of them."""
    packed: Packed | None = None
    decision: Decision | None = None
    preparations: list[Probe] = field(default_factory=list)
    holds: list[Money | None] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    rates: tuple[RateStanding, ...] = ()
    """What rate limits leave to the caller."""
    leaving: list[Callable[[int | None], None]] = field(default_factory=list)
    """Told of the tokens that were used, once it is closed."""
    cache_key: str | None = None
    """What decides its answer, where that may be kept."""
    hit: CacheHit | None = None
    """The answer was kept from an earlier request."""
    cause: str | None = None
    """Code of the error in place of which a declared answer is given."""

    @classmethod
    def open(cls, request: Request, caller: Caller, house: House, policy: Policy) -> Self:
        """Begin. Raises OverloadedError when there would be no room to write it down."""
        if not house.records.is_accepting():
            raise OverloadedError(
                "Records cannot be written at present: their queue is full or their disk fails.",
                advice="Try again in a moment; nothing was called.",
            )
        return cls(house.new_id(), request, caller, policy, house.clock.now(), house.clock.monotonic())

    @property
    def task(self) -> Task | None:
        """The task, once it is classified."""
        return self.policy.tasks[self.classification.task] if self.classification else None

    @property
    def cost(self) -> Money | None:
        """Of all calls so far; `None` when one is unknown."""
        return total(call.cost for call in self._calls())

    def _served(self) -> str:
        return self.attempts[-1].model if self.hit is None else self.hit.model

    def _calls(self) -> Iterator[Attempt | Probe]:
        yield from self.preparations
        for attempt in self.attempts:
            yield from attempt.calls

    def close(
        self,
        status: OutcomeStatus,
        *,
        now: float,
        error_code: str | None = None,
        answer: str | None = None,
        cited: tuple[str, ...] = (),
    ) -> Record:
        """The finished record."""
        task, usage = self.task, _usage(self._calls())
        for leave in self.leaving:
            leave(None if usage is None else usage.prompt_tokens + usage.output_tokens)
        served = self._served() if status is OutcomeStatus.ANSWERED else None
        first = self.decision.order[0] if self.decision and self.decision.order else None
        days = task.retention_days if task else RETENTION_BEFORE_TASK_IS_KNOWN_DAYS
        opened = datetime.fromtimestamp(self.opened_at, UTC)
        return Record(
            id=self.id,
            created_at=rfc3339(opened),
            expires_at=rfc3339(opened + timedelta(days=days)),
            policy_digest=self.policy.digest,
            caller=self.caller.name,
            dialect=self.request.dialect,
            requested_model=self.request.model,
            is_stream=self.request.is_stream,
            input_digest=self.input_digest or digest_of_input(self.request),
            status=status,
            error_code=error_code or self.cause,
            classification=self.classification,
            decision=self.decision,
            attempts=tuple(self.attempts),
            served_model=served,
            is_fallback=served is not None and served != first,
            prompt_count=self.packed.count if self.packed else None,
            dropped_messages=self.packed.dropped if self.packed else (),
            estimate=total(self.holds) if self.holds else None,
            usage=usage,
            cost=self.cost,
            duration_s=now - self.started,
            log_fields=task.log_fields if task else (),
            shadow=None if self.shadows is None else _shadow(self.shadows, answer),
            evidence=self.packed.evidence if self.packed else None,
            state=self.packed.state if self.packed else None,
            latest_customer_message_used=holds_newest_user_message(self.request, self.packed) if self.packed else None,
            cache_hit=self.hit,
            cited=cited,
            preparations=tuple(self.preparations),
            unknown_parameters=self.unknown,
            content=Content(transcript(self.request), answer) if task and task.stores_content else None,
        )


def _shadow(served: Served, answer: str | None) -> Shadow:
    return Shadow(served.record_id, None if answer is None else agreement(served.answer, [answer]) == 1.0)


def digest_of_input(request: Request) -> str:
    """The same for equal messages and attachments, and for nothing else."""
    sha = hashlib.sha256()
    for message in request.messages:
        sha.update(f"{message.role}\x1f{message.text}\x1e".encode())
    for part in request.attachments:
        number = part.host_id if isinstance(part, File) else None
        sha.update(f"\x1d{part.url}\x1f{number}".encode())
    return sha.hexdigest()


def _usage(calls: Iterable[Attempt | Probe]) -> Usage | None:
    spent = Usage(0, 0)
    for call in calls:
        if call.usage is None:
            if call.cost is None or call.cost.pico:
                return None
            continue
        spent = spent + call.usage
    return spent


def transcript(request: Request) -> str:
    """What was asked, roles included."""
    return "\n\n".join(f"{message.role}: {message.text}" for message in request.messages)
