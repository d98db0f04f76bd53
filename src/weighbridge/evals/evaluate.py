"""An evaluation: every sample through the real pipeline with the model pinned, within a bound on calls and money."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import orjson

from weighbridge.config.gate import bindings_of
from weighbridge.domain.errors import ContentPolicyError, ContextTooLongError, ProviderRejectedError, WeighbridgeError
from weighbridge.domain.money import ZERO, Money
from weighbridge.domain.policy import Policy
from weighbridge.domain.record import Record
from weighbridge.domain.signals import Signals
from weighbridge.domain.verdict import VerdictStatus
from weighbridge.evals.dataset import Sample
from weighbridge.evals.journal import Answer, Journal
from weighbridge.pipeline.gateway import Gateway


@dataclass(frozen=True, slots=True)
class Question:
    """One sample for one model, once."""

    task: str
    """The task it is asked as."""
    model: str
    """Portfolio name of the model that must answer."""
    sample: Sample
    """What is asked."""
    epoch: int
    """Which repetition, from 0."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an evaluation may use."""

    concurrency: int = 16
    """Calls at the same time."""
    max_cost: Money | None = None
    """The most that its new calls may cost together."""

    @property
    def share(self) -> Money | None:
        """What one request may cost, so that all that run at once stay within the bound."""
        return None if self.max_cost is None else Money(self.max_cost.pico // self.concurrency)


@dataclass(slots=True)
class Evaluation:
    """Answers so far."""

    answers: dict[Question, Answer] = field(default_factory=dict)
    """By question, cached ones included."""
    spent: Money = ZERO
    """Known cost of this run's own calls."""
    committed: Money = ZERO
    """The same, with each unknown cost counted as a whole share."""
    in_flight: int = 0
    """Calls that are not answered yet."""
    asked: int = 0
    """Calls made by this run; the others were in the journal."""

    def may_ask(self, bounds: Bounds) -> bool:
        """One more call fits, even when all that are in flight cost their whole share."""
        if bounds.max_cost is None or bounds.share is None:
            return True
        return self.committed + bounds.share * (self.in_flight + 1) <= bounds.max_cost

    def count(self, question: Question, answer: Answer, bounds: Bounds) -> None:
        """Add an answer that has arrived."""
        self.in_flight -= 1
        self.asked += 1
        self.answers[question] = answer
        self.spent += answer.cost or ZERO
        self.committed += answer.cost if answer.cost is not None else bounds.share or ZERO


def for_evaluation(policy: Policy, task: str, bounds: Bounds) -> Policy:
    """The same policy, but a model needs no proof to be proved, no person and no declared answer steps in, its
    confidence is measured and never escalates, and one request may cost no more than its share."""
    old = policy.tasks[task]
    caps = [cap for cap in (old.limits.max_request_cost, bounds.share) if cap is not None]
    limits = replace(old.limits, max_request_cost=min(caps, default=None))
    watched = None if old.escalate_when is None else replace(old.escalate_when, test=_never)
    unknown = old.allows_unknown_price and bounds.max_cost is None
    new = replace(
        old,
        gate=None,
        escalate_when=watched,
        review=None,
        safe_answer=None,
        limits=limits,
        allows_unknown_price=unknown,
    )
    return replace(policy, tasks={**policy.tasks, task: new})


def _never(signals: Signals) -> bool:
    del signals
    return False


async def evaluate(
    gateway: Gateway,
    questions: list[Question],
    journal: Journal,
    bounds: Bounds,
    on_answer: Callable[[Evaluation], None],
    so_far: Evaluation | None = None,
) -> Evaluation:
    """Ask what the journal does not hold yet. Model failures are answers too; nothing is raised for them.

    `so_far` goes on with the answers and the money of an earlier part.
    """
    so_far = so_far or Evaluation()
    pairs = {(question.task, question.model) for question in questions}
    bound = {pair: digest_of_bindings(gateway.policy, *pair) for pair in pairs}
    digests = {question: digest_of(question, bound[question.task, question.model]) for question in questions}
    kept = journal.answers
    so_far.answers.update((question, kept[digest]) for question, digest in digests.items() if digest in kept)
    waiting = iter([(question, digest) for question, digest in digests.items() if digest not in kept])

    async def work() -> None:
        while so_far.may_ask(bounds) and (pair := next(waiting, None)) is not None:
            so_far.in_flight += 1
            answer = await _ask(gateway, pair[0])
            if not answer.is_fault:
                journal.keep(pair[1], answer)
            so_far.count(pair[0], answer, bounds)
            on_answer(so_far)

    await asyncio.gather(*(work() for _ in range(bounds.concurrency)))
    return so_far


async def _ask(gateway: Gateway, question: Question) -> Answer:
    sample = question.sample
    try:
        outcome = await gateway.run(
            task=question.task, model=question.model, input=sample.input, sources=sample.sources
        )
    except WeighbridgeError as error:
        record = None if error.record_id is None else await gateway.record(error.record_id)
        return Answer(None, error.code, is_fault=True) if record is None else _answer(None, error.code, record)
    return _answer(outcome.text, None, outcome.record)


def _answer(text: str | None, error: str | None, record: Record) -> Answer:
    attempts = record.attempts
    last = attempts[-1] if attempts else None
    is_refusal = last is not None and (last.verdict.status is VerdictStatus.REFUSED or last.error_code in CONTENT_CODES)
    is_heard = last is not None and (last.error_code is None or last.error_code in {*OWN_FAILURES, *CONTENT_CODES})
    return Answer(
        text,
        error,
        record.cost,
        record.duration_s,
        findings=tuple(finding.code.value for finding in last.verdict.findings) if last else (),
        calls=len(attempts),
        is_first_valid=bool(attempts) and attempts[0].verdict.is_valid,
        input_tokens=None if record.usage is None else record.usage.prompt_tokens,
        output_tokens=None if record.usage is None else record.usage.output_tokens,
        confidence=None if last is None else last.verdict.confidence,
        served_by=None if last is None else last.served_by,
        asked_at=record.created_at,
        is_refusal=is_refusal,
        is_fault=not is_heard,
    )


OWN_FAILURES = frozenset({ContextTooLongError.code, ProviderRejectedError.code})
"""Errors of a host that say something of the model: asking again would end the same way."""
CONTENT_CODES = frozenset({ContentPolicyError.code})
"""Errors that mean a refusal."""


def digest_of_bindings(policy: Policy, task: str, model: str) -> str:
    """What an answer depends on beside its input: instructions, contract, limits, the model and its host."""
    return hashlib.sha256(orjson.dumps(dict(bindings_of(policy, task, model)), option=orjson.OPT_SORT_KEYS)).hexdigest()


def digest_of(question: Question, bound: str) -> str:
    """What an answer depends on."""
    sample = question.sample
    sources = [[source.id, source.text, source.is_deprecated] for source in sample.sources]
    parts = [bound, question.task, question.model, sample.input, sources, question.epoch]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()
